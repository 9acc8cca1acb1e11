"""What ``--database`` may say, read without touching a server.

A newcomer's trap: such a text may hold a password, and a mistyped one too. No error here repeats
more of it than the scheme.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass, field
from enum import StrEnum
from urllib.parse import parse_qsl, urlsplit

from whereasync.errors import BadInputError

SCHEMES = ("embedded", "postgres", "postgresql", "sqlite")
LATER = ("mariadb", "mssql", "mysql", "mysql2", "oracle")
USAGE = "--database takes embedded, embedded:system, postgres://USER:PASSWORD@HOST/DB or sqlite:"
FORM = "write postgres://USER:PASSWORD@HOST:PORT/DB, with : / ? # @ % in the password as %XX"
_LONGEST = 63  # bytes of a PostgreSQL name: NAMEDATALEN - 1
_OURS = re.compile(r"whereasync_[0-9a-f]+_[a-z0-9_]+")
_SHORT = re.compile(r"[a-z0-9_]+")


class Kind(StrEnum):
    """What stands behind an address."""

    EMBEDDED = "embedded"
    EXTERNAL = "external"
    SQLITE = "sqlite"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A database server, as asked for."""

    kind: Kind
    system: bool = False  # embedded, but with the system's binaries
    url: str = field(default="", repr=False)  # it may hold a password


def parse_address(text: str | None) -> Address:
    """Read what ``--database`` was given; BadInputError says what it may be."""
    if text in {None, "embedded", "embedded:"}:
        return Address(kind=Kind.EMBEDDED)
    assert text is not None
    scheme, colon, rest = text.partition(":")
    if scheme in {"postgres", "postgresql"} and colon:
        return Address(kind=Kind.EXTERNAL, url=check_url(text))
    if scheme == "embedded" and rest == "system":
        return Address(kind=Kind.EMBEDDED, system=True)
    if scheme == "sqlite" and colon:
        if rest.strip("/"):
            raise BadInputError(
                "whereasync measures SQLite in a temporary file only, never in a file of yours",
                "say --database sqlite:",
            )
        return Address(kind=Kind.SQLITE)
    raise _not_understood(scheme, colon)


def _not_understood(scheme: str, colon: str) -> BadInputError:
    if scheme in LATER:
        return BadInputError(f"{scheme} is not supported yet", USAGE)
    if not colon:  # what stands before a colon is no secret, a whole text may be one
        return BadInputError("the database given is neither a URL nor “embedded”", USAGE)
    near = difflib.get_close_matches(scheme, SCHEMES, n=1)
    return BadInputError(
        f"the database URL's scheme “{scheme}:” is unknown",
        f"did you mean {near[0]}:? {USAGE}" if near else USAGE,
    )


def check_url(url: str) -> str:
    """Return a postgres URL as it is, if it is well formed; BadInputError says how to write it."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise BadInputError("the database URL's host or port is malformed", FORM) from None
    if not url.startswith(f"{parts.scheme}://") or parts.fragment or "/" in parts.path[1:]:
        raise BadInputError("the database URL is malformed", FORM)
    if port == 0:
        raise BadInputError("the database URL's port can't be 0", FORM)
    return url


def check_options(url: str, known: frozenset[str]) -> None:
    """Raise BadInputError for an option after the ``?`` that isn't ``known``."""
    for option, _ in parse_qsl(urlsplit(url).query, keep_blank_values=True):
        if option not in known:
            near = difflib.get_close_matches(option, sorted(known), n=1)
            raise BadInputError(
                f"the database URL's option “{option}” is unknown",
                f"did you mean {near[0]}?" if near else "leave it out",
            )


def name_database(token: str, name: str) -> str:
    """Return the full name of the run's database ``name``, one that ``is_ours``."""
    full = f"whereasync_{token}_{name}"
    if not _SHORT.fullmatch(name) or len(full) > _LONGEST or not is_ours(full):
        raise ValueError(full)
    return full


def is_ours(full: str) -> bool:
    """Return whether a database bears a name of ours; no other may ever be dropped."""
    return _OURS.fullmatch(full) is not None


def with_database(url: str, name: str) -> str:
    """Return the URL with another database. ``geturl`` would lose the ``//`` of an empty host."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return f"{parts.scheme}://{parts.netloc}/{name}{query}"


def database_of(dsn: str) -> str:
    """Return the name of the database that a DSN leads to."""
    return urlsplit(dsn).path.removeprefix("/")
