from __future__ import annotations

import pytest

from whereasync.errors import BadInputError
from whereasync.stacks.spec import NAMED, complete, parse_stack

WORDS = "python=3.12 django==5.1.* psycopg==3.2.* hypercorn==0.17.*"


@pytest.mark.parametrize("name", NAMED)
def test_a_name_is_its_stack(name: str) -> None:
    """The article's is held to its own minor version of Django: ~=4.1 would take 4.2 by now."""
    assert parse_stack(name) == NAMED[name]
    assert parse_stack(f" {name} ").name == name
    assert "django~=4.1.0" in NAMED["article"].requirements


def test_words_are_a_stack() -> None:
    """In any order, a driver without its compiler."""
    stack = parse_stack(WORDS)
    assert (stack.name, stack.python) == (WORDS, "3.12")
    assert stack.requirements == ("django==5.1.*", "psycopg[binary]==3.2.*", "hypercorn==0.17.*")
    turned = parse_stack("psycopg2~=2.9.3 python=3.9.18 Django[argon2]>=4.1,<4.2")
    assert turned.python == "3.9.18"
    assert turned.requirements == ("psycopg2-binary~=2.9.3", "Django[argon2]>=4.1,<4.2")


def test_what_the_project_needs_is_added() -> None:
    """A driver of any kind is one, a name in any spelling the same."""
    asked = complete(parse_stack("python=3.12 Django>=5 hypercorn==0.17.*"))
    assert asked == ("Django>=5", "hypercorn==0.17.*", "httpx", "aiohttp", "psycopg[binary]")
    assert "psycopg[binary]" not in complete(NAMED["article"])


@pytest.mark.parametrize(
    ("text", "said", "hint"),
    [
        ("artcle", "no stack 'artcle'", "did you mean article?"),
        ("zzz", "no stack 'zzz'", "article, lts, latest"),
        ("", "no stack ''", "python=3.12"),
        ("django==5.1.*", "names no Pythons", "python=3.12"),
        ("python=3.12 python=3.13", "names 2 Pythons", "python=3.12"),
        ("python=3.12 django=5.1", "'django=5.1', no requirement", "python=3.12"),
        ("python=3.12 git+https://example.org/x", "no requirement", "python=3.12"),
        ("python=3.12 --extra=x", "no requirement", "python=3.12"),
    ],
)
def test_what_is_neither_is_bad_input(text: str, said: str, hint: str) -> None:
    """Nothing reaches pip that could be an option or an address."""
    with pytest.raises(BadInputError) as caught:
        parse_stack(text)
    assert said in caught.value.what
    assert hint in caught.value.hint
