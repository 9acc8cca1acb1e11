"""The tool measured by itself: how often its rule errs, and whether it finds what is there.

``simulated`` needs no server: known truths, noise like a shared machine's, and the code that races
are judged by. A newcomer would check a copy of the rule; only the shipped one is worth checking.
"""

from whereasync.selfcheck.simulated import SEED, check_statistics

__all__ = ["SEED", "check_statistics"]
