"""``[users]``: who may be logged in, and who is to be made if the database has no such user. Pure.

A newcomer would want a password here. None is needed, and none may stand in a file that is shared.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from whereasync.config.values import Key, describe, expect, read_table, text

if TYPE_CHECKING:
    from whereasync.config.places import Place

EXAMPLE = 'staff = { name = "admin", make = { is_staff = true } }'


@dataclass(frozen=True, slots=True, kw_only=True)
class User:
    """A user as the configuration has one."""

    name: str  # what the project calls them
    make: dict[str, bool | int | str] | None = field(default=None)  # fields, if to be made


def read_users(value: object, place: Place, example: str) -> dict[str, User]:
    """Read name → user: their user name alone, or a table with what they are made with."""
    held = expect(value, dict, place, example)
    return {name: _read_user(each, place.below(name)) for name, each in held.items()}


def _read_user(value: object, place: Place) -> User:
    if isinstance(value, str):
        return User(name=text(value, place, 'staff = "admin"'))
    if not isinstance(value, dict):
        raise place.refuse(
            f"{place.name} should be text or a table, and is {describe(value)}",
            f"write {EXAMPLE}",
        )
    return User(**read_table(value, place, USER))


def _read_fields(value: object, place: Place, example: str) -> dict[str, bool | int | str]:
    held = expect(value, dict, place, example)
    for name, each in held.items():
        if name == "password":
            raise place.below(name).refuse("a password is never needed", "leave it out")
        if not isinstance(each, bool | int | str):
            here = place.below(name)
            raise here.refuse(
                f"{here.name} should be true or false, a number or text, and is {describe(each)}",
                f"write {example}",
            )
    return dict(held)


USER = {
    "name": Key(text, 'name = "admin"', is_needed=True),
    "make": Key(_read_fields, "make = { is_staff = true }"),
}
