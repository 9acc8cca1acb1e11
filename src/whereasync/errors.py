"""What can go wrong, as values that know their next step.

An error is caught in two places only: at the door (``cli``), to print it, and in the ``bench``, to
record a failed trial. A traceback that reaches a user is a bug.
"""


class WhereAsyncError(Exception):
    """No result: ``what`` happened, and the ``hint`` of what to type next."""

    exit_code = 3

    def __init__(self, what: str, hint: str = "", *, log: str = "") -> None:
        """Take one line of ``what``, one of ``hint``, and the tail of a ``log`` if there is one."""
        super().__init__(what)
        self.what = what
        self.hint = hint
        self.log = log


class BadInputError(WhereAsyncError):
    """What the user typed can't be done."""

    exit_code = 2
