"""The load room: asks running servers for the same answer many times, and records every time.

``drive`` starts the client process (``python -m whereasync.load``); ``simulate`` has its shape and
opens no socket; ``throughput`` and ``punctuality`` read what either recorded. Load never leaves
loopback.
"""
