from __future__ import annotations

import pytest

from whereasync.errors import BadInputError
from whereasync.model import Stack
from whereasync.stacks.spec import NAMED, complete, is_below, name_of, parse_stack

NEEDED = {"httpx", "aiohttp"}  # by the project's views, on every stack


@pytest.mark.parametrize("name", NAMED)
def test_a_name_is_a_stack(name: str) -> None:
    """Spaces around it are nothing."""
    assert parse_stack(f" {name} ") is NAMED[name]
    assert NAMED[name].name == name


def test_words_are_a_stack() -> None:
    """Its name is what was typed; drivers come with their binaries."""
    words = "python=3.12 django==5.1.* psycopg==3.2.* hypercorn==0.17.*"
    assert parse_stack(f"  {words} ") == Stack(
        name=words,
        python="3.12",
        requirements=("django==5.1.*", "psycopg[binary]==3.2.*", "hypercorn==0.17.*"),
    )


@pytest.mark.parametrize(
    ("typed", "asked"),
    [
        ("psycopg2", "psycopg2-binary"),
        ("psycopg2~=2.9.3", "psycopg2-binary~=2.9.3"),
        ("PsycoPG2>=2.9,<3", "psycopg2-binary>=2.9,<3"),
        ("psycopg2-binary", "psycopg2-binary"),
        ("psycopg", "psycopg[binary]"),
        ("psycopg[c]>=3", "psycopg[c]>=3"),
        ("Django===5.0", "Django===5.0"),
    ],
)
def test_a_driver_needs_no_compiler(typed: str, asked: str) -> None:
    """Unless its extras say what is wanted."""
    assert parse_stack(f"python=3.12.1 {typed}").requirements == (asked,)


@pytest.mark.parametrize(
    ("text", "what", "hint"),
    [
        ("artcle", "there is no stack 'artcle'", "did you mean article?"),
        ("Latest", "there is no stack 'Latest'", "did you mean latest?"),
        ("zzz", "there is no stack 'zzz'", "give article, lts, latest, or words: 'python="),
        ("", "there is no stack ''", "give article"),
        ("django==5.1.*", "names no Python", "name one, as in 'python="),
        ("python=3", "names no Python", "name one"),
        ("python=3.9 python=3.12", "names several Pythons", "name one"),
        ("python=3.8 django", "a Python that is too old", "python=3.9 or newer"),
        ("python=2.7.18 django", "a Python that is too old", "python=3.9 or newer"),
        ("python=3.12 django=5", "has 'django=5', no requirement", "as in"),
        ("python=3.12 -r x", "has '-r', no requirement", "as in"),
        ("python=3.12 ./django", "has './django', no requirement", "as in"),
        ("python=3.12 django>=5;x", "has 'django>=5;x', no requirement", "as in"),
    ],
)
def test_what_is_no_stack(text: str, what: str, hint: str) -> None:
    """What is wrong, and what to write instead; nothing that pip takes for an option passes."""
    with pytest.raises(BadInputError) as refused:
        parse_stack(text)
    assert what in refused.value.what
    assert hint in refused.value.hint


@pytest.mark.parametrize(
    ("words", "driver"),
    [
        ("", "psycopg[binary]"),
        ("django", "psycopg[binary]"),
        ("django==5.1.*", "psycopg[binary]"),
        ("django~=4.1", "psycopg[binary]"),  # which today is 4.2
        ("django~=4.1.0", "psycopg2-binary"),
        ("django<4.2", "psycopg2-binary"),
        ("django==4.1.* psycopg", None),
        ("django psycopg2", None),
        ("django psycopg2[x]", None),
    ],
)
def test_the_driver_is_one_that_django_can_use(words: str, driver: str | None) -> None:
    """Psycopg 3 from Django 4.2 on; what is asked for is left as it is."""
    stack = parse_stack(f"python=3.12 {words}")
    added = set(complete(stack)) - set(stack.requirements)
    django = {"django>=4.1"} - ({"django>=4.1"} if "django" in words else set())
    assert added == {"hypercorn", *NEEDED, *django, *({driver} if driver else ())}


def test_what_is_asked_for_is_asked_once() -> None:
    """Pip refuses two requirements of one distribution."""
    for stack in NAMED.values():
        names = [name_of(each) for each in complete(stack)]
        assert len(names) == len(set(names))
        assert {"django", "hypercorn", *NEEDED} < set(names)
    assert name_of("Typing_Extensions>=4") == "typing-extensions"
    assert name_of("!") == "!"


@pytest.mark.parametrize(
    ("requirement", "expected"),
    [
        ("django", False),
        ("django>=4.1", False),
        ("django!=4.1", False),
        ("django==4.1.*", True),
        ("django==4.2.*", False),
        ("django===4.1.13", True),
        ("django~=4.1", False),
        ("django~=4.1.0", True),
        ("django~=4.2.0", False),
        ("django<4.2", True),
        ("django<4.2.0", True),
        ("django<4.2.1", False),
        ("django<5", False),
        ("django<=4.1", True),
        ("django<=4.2", False),
        ("django>=3,<4.2", True),
    ],
)
def test_what_a_requirement_says_of_a_version(requirement: str, expected: bool) -> None:
    """Only what it says itself; pip may still choose an older one."""
    assert is_below(requirement, (4, 2)) is expected
