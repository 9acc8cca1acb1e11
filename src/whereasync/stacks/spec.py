"""What a stack is called and made of: ``article``, or ``python=3.12 django==5.1.*``. Pure.

A newcomer would write ``django~=4.1`` for the article's: today's pip takes 4.2 for it, which has
the ``aadd`` that the article had to do without.
"""

from __future__ import annotations

import difflib
import re

from whereasync.errors import BadInputError
from whereasync.model import Stack

NAMED = {
    "article": Stack(
        name="article",
        python="3.9",
        requirements=("django~=4.1.0", "psycopg2-binary~=2.9.3", "hypercorn~=0.14.1"),
    ),
    "lts": Stack(
        name="lts",
        python="3.12",
        requirements=("django~=5.2.0", "psycopg[binary]~=3.2", "hypercorn"),
    ),
    "latest": Stack(
        name="latest", python="3.13", requirements=("django~=6.1", "psycopg[binary]", "hypercorn")
    ),
}
# What the demo's project needs, where a stack doesn't say which.
NEEDED = ("django>=4.1", "hypercorn", "httpx", "aiohttp")
DRIVERS = {"psycopg": "psycopg[binary]", "psycopg2": "psycopg2-binary"}  # no compiler needed

OLDEST = (3, 9)  # Python's version that the demo's project is written for
PSYCOPG_3 = (4, 2)  # Django's version that can use it

_PYTHON = re.compile(r"python=(\d+\.\d+(?:\.\d+)?)")
_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?P<extras>\[[A-Za-z0-9._,-]+\])?"
    r"(?P<versions>(?:(?:[<>=!~]=|===|<|>)[A-Za-z0-9.*+!_-]+,?)*)"
)
_CLAUSE = re.compile(r"([<>=!~]=|===|<|>)(\d+(?:\.\d+)*)")
_EXAMPLE = "'python=3.12 django==5.1.* psycopg==3.2.* hypercorn==0.17.*'"


def parse_stack(text: str) -> Stack:
    """Return the stack of that name, or the one that the words describe.

    Raises BadInputError for a name that isn't known, a word that is neither ``python=X.Y`` nor a
    requirement, and a Python that is too old.
    """
    words = text.split()
    if len(words) == 1 and words[0] in NAMED:
        return NAMED[words[0]]
    if not words or (len(words) == 1 and re.fullmatch(r"[A-Za-z]+", words[0])):
        raise BadInputError(f"there is no stack {text!r}", _suggest(text))
    pythons = [found[1] for word in words if (found := _PYTHON.fullmatch(word))]
    if len(pythons) != 1:
        raise BadInputError(
            f"the stack {text!r} names {'several Pythons' if pythons else 'no Python'}",
            f"name one, as in {_EXAMPLE}",
        )
    if tuple(map(int, pythons[0].split(".")[:2])) < OLDEST:
        raise BadInputError(
            f"the stack {text!r} has a Python that is too old for the demo's project",
            "ask for python=3.9 or newer",
        )
    requirements = [_read(word, text) for word in words if not _PYTHON.fullmatch(word)]
    return Stack(name=" ".join(words), python=pythons[0], requirements=tuple(requirements))


def complete(stack: Stack) -> tuple[str, ...]:
    """Return all that pip must install: what the stack says, and what the project needs beside."""
    named = {name_of(each) for each in stack.requirements}
    drivers = {*DRIVERS, *map(name_of, DRIVERS.values())}
    django = next((each for each in stack.requirements if name_of(each) == "django"), "")
    fitting = DRIVERS["psycopg2" if is_below(django, PSYCOPG_3) else "psycopg"]
    driver = () if named & drivers else (fitting,)
    rest = (each for each in (*NEEDED, *driver) if name_of(each) not in named)
    return (*stack.requirements, *rest)


def name_of(requirement: str) -> str:
    """Return the distribution's normalised name."""
    found = _REQUIREMENT.match(requirement)
    return re.sub(r"[-_.]+", "-", found["name"]).lower() if found else requirement


def is_below(requirement: str, version: tuple[int, int]) -> bool:
    """Return whether the requirement's own words keep it below that version.

    ``~=4.1`` doesn't, for it allows 4.2; ``~=4.1.0`` does.
    """
    for sign, words in _CLAUSE.findall(requirement):
        asked = tuple(map(int, words.split(".")))
        is_at = sign == "<" and asked[:2] == version and not any(asked[2:])
        if sign in {"<", "<="} and (asked[:2] < version or is_at):
            return True
        if sign in {"==", "===", "~="} and len(asked) > (sign == "~=") + 1 and asked[:2] < version:
            return True
    return False


def _suggest(name: str) -> str:
    near = difflib.get_close_matches(name.strip().lower(), NAMED, n=1)
    return f"did you mean {near[0]}?" if near else f"give {', '.join(NAMED)}, or words: {_EXAMPLE}"


def _read(word: str, text: str) -> str:
    found = _REQUIREMENT.fullmatch(word)
    if not found:
        raise BadInputError(f"the stack {text!r} has {word!r}, no requirement", f"as in {_EXAMPLE}")
    wanted = DRIVERS.get(found["name"].lower(), found["name"]) if not found["extras"] else ""
    return f"{wanted or found['name'] + found['extras']}{found['versions']}"
