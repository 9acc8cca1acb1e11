"""``python -m whereasync``, and where the installed command begins.

Ctrl-C may come before the command line is even imported; then there is nothing to say or to clear.
"""

import sys


def main() -> None:
    """Run the command line and exit."""
    try:
        from whereasync.cli import main as run
    except KeyboardInterrupt:
        sys.exit(130)
    run()


if __name__ == "__main__":
    main()
