"""whereasync tells Django developers, view by view, whether async would pay."""

__version__ = "0.1.0"
