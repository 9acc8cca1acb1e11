"""The part of whereasync that runs inside a Django project: standard library only."""

__version__ = "0.1.0"
