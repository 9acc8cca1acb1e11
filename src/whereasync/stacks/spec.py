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

_PYTHON = re.compile(r"python=(\d+\.\d+(?:\.\d+)?)")
_REQUIREMENT = re.compile(
    r"(?P<name>[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?)(?P<extras>\[[A-Za-z0-9._,-]+\])?"
    r"(?P<versions>(?:(?:[<>=!~]=|===|<|>)[A-Za-z0-9.*+!_-]+,?)*)"
)
_EXAMPLE = "'python=3.12 django==5.1.* psycopg==3.2.* hypercorn==0.17.*'"


def parse_stack(text: str) -> Stack:
    """Return the stack of that name, or the one that the words describe.

    Raises BadInputError for a word that is neither ``python=X.Y`` nor a requirement.
    """
    words = text.split()
    if len(words) == 1 and words[0] in NAMED:
        return NAMED[words[0]]
    if not words or (len(words) == 1 and re.fullmatch(r"[A-Za-z]+", words[0])):
        near = difflib.get_close_matches(text.strip(), NAMED, n=1)
        known = f"give {', '.join(NAMED)}, or words: {_EXAMPLE}"
        hint = f"did you mean {near[0]}?" if near else known
        raise BadInputError(f"there is no stack {text!r}", hint)
    pythons = [found[1] for word in words if (found := _PYTHON.fullmatch(word))]
    if len(pythons) != 1:
        raise BadInputError(
            f"the stack {text!r} names {len(pythons) or 'no'} Pythons; it must be one",
            f"for example {_EXAMPLE}",
        )
    requirements = [_read(word, text) for word in words if not _PYTHON.fullmatch(word)]
    return Stack(name=" ".join(words), python=pythons[0], requirements=tuple(requirements))


def complete(stack: Stack) -> tuple[str, ...]:
    """Return all that pip must install: what the stack says, and what the project needs beside."""
    named = {name_of(each) for each in stack.requirements}
    driver = () if named & {"psycopg", "psycopg2-binary"} else ("psycopg[binary]",)
    rest = (each for each in (*NEEDED, *driver) if name_of(each) not in named)
    return (*stack.requirements, *rest)


def name_of(requirement: str) -> str:
    """Return the distribution's normalised name."""
    found = _REQUIREMENT.match(requirement)
    return re.sub(r"[-_.]+", "-", found["name"]).lower() if found else requirement


def _read(word: str, text: str) -> str:
    found = _REQUIREMENT.fullmatch(word)
    if not found:
        raise BadInputError(f"the stack {text!r} has {word!r}, no requirement", f"as in {_EXAMPLE}")
    wanted = DRIVERS.get(found["name"].lower(), found["name"]) if not found["extras"] else ""
    return f"{wanted or found['name'] + found['extras']}{found['versions']}"
