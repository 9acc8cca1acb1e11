"""The experiment as data; ``project/`` is the Django project that it runs.

``project/`` is not a package of ours: it imports nothing from here and runs under any interpreter.
"""

from pathlib import Path

PROJECT = Path(__file__).parent / "project"
