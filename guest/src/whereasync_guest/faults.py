"""What an exception of the project's means, in a line, and what to do about it.

Most are raised while the settings load, by somebody else's package on behalf of a line of the
user's. A newcomer would show the innermost frame: that is ``os.py``, or decouple's.
"""

from __future__ import annotations

import importlib
import linecache
import os
import re
import sys
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from whereasync_guest import services
from whereasync_guest.places import OURS, STANDARD, is_installed

_VARIABLE = tuple(
    re.compile(text)
    for text in (
        r"^(\w+) not found\. Declare it as envvar",  # decouple
        r"[Ss]et the (\w+) environment variable",  # django-environ
        r"(?i:environment variable):? [\"'`]?([A-Z][A-Z0-9_]+)\b",  # environs, configurations
        r"\b([A-Z][A-Z0-9_]{2,})\b.*\b(?i:environment)",  # what people write themselves
    )
)
_READ = re.compile(
    r"(?:environ\.get|environ\.setdefault|getenv|env(?:\.\w+)?|config)\(\s*[\"'](\w+)[\"']"
)

_OTHER = 'or name the project\'s own interpreter: python = "…"'


class Fault(NamedTuple):
    """A line that says what is wrong, and the next step."""

    what: str
    hint: str


def explain(error: BaseException) -> Fault:
    """Return what an exception means, or else the exception and how to look closer."""
    if missing := services.explain(error):
        return Fault(*missing)
    for each in services.follow(error):
        if name := _find_variable(each):
            return Fault(f"the environment variable {name} is missing", _give(name))
    kinds: tuple[tuple[type[BaseException], Any], ...] = (
        (ImportError, _explain_import),
        (SystemExit, _explain_exit),
        (SyntaxError, _explain_syntax),
        (FileNotFoundError, _explain_file),
    )
    for kind, rule in kinds:
        if isinstance(error, kind):
            explained: Fault = rule(error)
            return explained
    return Fault(say(error), hint_settings(error) or _hint_line(error) or look_closer())


def say(error: BaseException) -> str:
    """Return an exception in one line: "KeyError: 'SECRET_KEY'"."""
    first = next(iter(str(error).strip().splitlines()), "")
    return f"{type(error).__name__}: {first}" if first else type(error).__name__


def look_closer() -> str:
    """Return how to see the same without us."""
    settings = f" --settings {_settings()}" if _settings() else ""
    return f"see whether it starts by itself: {sys.executable} -m django check{settings}"


def _settings() -> str:
    return os.environ.get("DJANGO_SETTINGS_MODULE", "")


def find_refusal(error: BaseException) -> BaseException | None:
    """Return the call that the fence refused, whatever a library or ours has made of it."""
    refused = (
        each
        for each in services.follow(error)
        if isinstance(each, OSError) and hasattr(each, "what")
    )
    return next(refused, None)


def find_place(error: BaseException) -> tuple[str, int] | None:
    """Return file and line of the user's code that raised, or led to it.

    The innermost frame that is neither ours nor installed; of a project that is itself installed,
    the innermost in its package.
    """
    errors = list(services.follow(error))
    for is_wanted in (is_theirs, _is_in_package):
        for each in errors:
            if found := _find_frame(each, is_wanted):
                return found
    return None


def _find_frame(error: BaseException, is_wanted: Any) -> tuple[str, int] | None:
    if isinstance(error, SyntaxError) and error.filename and is_wanted(error.filename):
        return error.filename, error.lineno or 0
    frames: list[traceback.FrameSummary] = traceback.extract_tb(error.__traceback__)
    theirs = [each for each in frames if is_wanted(each.filename)]
    return (theirs[-1].filename, theirs[-1].lineno or 0) if theirs else None


def is_theirs(filename: str) -> bool:
    """Tell whether a file is the project's own: neither ours, nor installed, nor Python's."""
    return not is_installed(filename) and not filename.startswith("<")


def _is_in_package(filename: str) -> bool:
    package = _settings().partition(".")[0]
    is_others = filename.startswith((OURS, STANDARD)) and not is_installed(filename)
    # Where it is installed: a project's own directory is often called as its package is.
    installed = filename.rpartition(f"-packages{os.sep}")[2]
    return (
        bool(package) and not is_others and f"{os.sep}{package}{os.sep}" in f"{os.sep}{installed}"
    )


def write_place(place: tuple[str, int]) -> str:
    """Return a place as a reader in the project's directory finds it."""
    file, line = place
    with suppress(ValueError):
        file = str(Path(file).relative_to(Path.cwd()))
    return f"{file}, line {line}"


def _give(name: str) -> str:
    return f'export it, or say it in whereasync.toml: environment = {{ {name} = "…" }}'


def _find_variable(error: BaseException) -> str:
    """Return the name of the environment variable whose absence an exception is about."""
    if isinstance(error, KeyError):
        frames = traceback.extract_tb(error.__traceback__)
        asked = type(os.environ).__getitem__.__code__  # "<frozen os>" from Python 3.11
        is_environ = bool(frames) and frames[-1].filename == asked.co_filename
        return str(error.args[0]) if is_environ and error.args else ""
    if isinstance(error, (ImportError, SyntaxError)):
        return ""
    if hasattr(error, "errors"):
        return _find_field(error)
    text = str(error).strip()
    found = (pattern.search(text) for pattern in _VARIABLE)
    return next((match[1] for match in found if match), "")


def _find_field(error: Any) -> str:
    """Return the first field that pydantic's settings miss."""
    try:
        missing = [each for each in error.errors() if each.get("type") == "missing"]
        return str(missing[0]["loc"][-1]).upper() if missing else ""
    except Exception:  # noqa: BLE001 # some other exception's errors()
        return ""


def _hint_line(error: BaseException) -> str:
    """Return a hint where the user's line reads a variable, there or not: int(getenv("X"))."""
    place = find_place(error)
    read = _READ.findall(linecache.getline(*place)) if place else []
    for name in read:
        if name not in os.environ:
            return f"that line reads the environment: {_give(name)}"
    return f"that line can't take what the environment says of {read[0]}" if read else ""


def hint_settings(error: BaseException) -> str:
    """Return what to configure where Django misses a setting; "" for any other exception."""
    text = str(error)
    if "settings are not configured" in text:
        return 'name the settings module in the configuration: settings = "…"'
    if text.startswith("Error loading") and "module" in text:
        return f"install the driver: {sys.executable} -m pip install …; {_OTHER}"
    if "SECRET_KEY setting must not be empty" in text:
        return f"if it comes from the environment: {_give('SECRET_KEY')}"
    return ""


def _explain_import(error: ImportError) -> Fault:
    name = error.name or ""
    if not isinstance(error, ModuleNotFoundError) or not name:
        hint = f"it may be there in another version than the project wants; {_OTHER[3:]}"
        return Fault(say(error), hint)
    settings = _settings()
    if f"{settings}.".startswith(f"{name}."):
        hint = 'name it: settings = "…", and where it lies: directory = "…" or paths = ["…"]'
        return Fault(f"the settings module {settings} can't be found", hint)
    if "." in name and name.partition(".")[0] in sys.modules:
        hint = "is it a file that isn't under version control, or another version's?"
        return Fault(f"there is no module {name}", hint)
    app = next((app for app in _list_apps() if f"{app}.".startswith(f"{name}.")), "")
    what = f"the app {app}" if app else f"the module {name}"
    hint = f"install it there, with {sys.executable} -m pip install …, {_OTHER}"
    return Fault(f"{what} isn't installed in {sys.executable}", hint)


def _list_apps() -> list[str]:
    """Return INSTALLED_APPS if the settings came so far."""
    try:
        settings = importlib.import_module("django.conf").settings
        return [str(app) for app in settings.INSTALLED_APPS] if settings.configured else []
    except Exception:  # noqa: BLE001 # no Django, or settings that are somebody else's object
        return []


def _explain_exit(error: SystemExit) -> Fault:
    code = "" if error.code is None else next(iter(str(error.code).splitlines()), "")
    return Fault(
        f"the project ends its own process as it is imported: sys.exit({code})",
        "see what that line asks for; what it misses in the environment: environment = { … }",
    )


def _explain_syntax(error: SyntaxError) -> Fault:
    version = ".".join(map(str, sys.version_info[:2]))
    hint = f"mend that line; if it is written for another Python, {_OTHER[3:]}"
    return Fault(f"Python {version} can't read it: {error.msg}", hint)


def _explain_file(error: FileNotFoundError) -> Fault:
    return Fault(
        f"the project reads a file that isn't there: {error.filename or error}",
        f"put it there, or see where its path comes from; {_hint_line(error) or look_closer()}",
    )
