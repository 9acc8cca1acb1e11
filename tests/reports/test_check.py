"""What a reader of ``check`` sees first, and the chain below it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from tests.inventories import ROOT, default, evidence, inventory, mixed, sync_only, view
from tests.reviews import find, make_review

from whereasync.advise import Serving
from whereasync.advise.review import review
from whereasync.document import Note, NoteKind, Table
from whereasync.model import Level
from whereasync.renderers import markdown, terminal
from whereasync.reports.check import report

if TYPE_CHECKING:
    from collections.abc import Iterable

    from whereasync.model import Middleware


def chain(middleware: Iterable[Middleware], **fields: object) -> str:
    """Return the report of a project with that chain and no finding, as Markdown."""
    made = inventory(view(), middleware=middleware, **fields)
    return markdown.render(report(review(evidence(made), (), (), base=ROOT)))


@pytest.mark.parametrize(
    ("levels", "answer"),
    [
        ([Level.WARNING], "1 finding: 1 warning"),
        ([Level.NOTE, Level.ERROR, Level.NOTE], "3 findings: 1 error, 2 notes"),
    ],
)
def test_the_answer_comes_first(levels: list[Level], answer: str) -> None:
    """How many, and how bad, the worst first."""
    assert report(make_review(*(find(level=each) for each in levels))).title == answer


@pytest.mark.parametrize(
    ("serving", "served"),
    [
        (Serving.ASGI, "served by ASGI"),
        (Serving.WSGI, "served by WSGI"),
        (Serving.BOTH, "served by ASGI and by WSGI"),
        (Serving.UNKNOWN, "nothing says how it is served"),
    ],
)
def test_nothing_found_says_what_was_looked_at(serving: Serving, served: str) -> None:
    """Or nobody knows whether anything was."""
    made = replace(make_review(), views=12, async_views=3, serving=serving)
    assert report(made).title == f"Nothing found: 12 views, 3 of them async, 0 middleware, {served}"
    assert "1 view, none of them async" in report(replace(made, views=1, async_views=0)).title


def test_findings_stand_below_their_file_by_line() -> None:
    """What has none is the project's."""
    made = make_review(
        find(level=Level.ERROR, line=9), find(file="", line=None), find(line=4, message="B")
    )
    text = terminal.render(report(made), width=100)
    assert text.index("shop/settings.py") < text.index("line 4: B.") < text.index("line 9: A is")
    assert text.index("line 9:") < text.index("The project\n")
    assert "warning: A is sync-only. (16 hops) WA001\n  next: make it async\n" in text


def test_each_level_has_its_label() -> None:
    """In either format."""
    made = report(make_review(*(find(level=each) for each in Level)))
    kinds = [block.kind for block in made.blocks if isinstance(block, Note)]
    assert set(kinds) == {NoteKind.ERROR, NoteKind.WARNING, NoteKind.REMARK, NoteKind.NEXT_STEP}
    assert "> **Note:** line 4: A is sync-only." in markdown.render(made)


def test_the_comment_that_waives_is_told_once_something_is_found() -> None:
    """With the rule to type."""
    assert "# whereasync: ignore[WA001]" in terminal.render(report(make_review(find())), width=100)
    assert "ignore[" not in terminal.render(report(make_review()), width=100)


def test_what_is_waived_is_counted() -> None:
    """Nothing vanishes in silence."""
    made = replace(make_review(), waived=(find(), find()))
    assert "2 findings waived by a comment." in markdown.render(report(made))


def test_what_the_inventory_could_not_see_is_told() -> None:
    """As a caveat."""
    made = replace(make_review(), warnings=("admin: no source",))
    assert "**Caveat:** admin: no source" in markdown.render(report(made))


def test_a_chain_without_sync_only_middleware() -> None:
    """Hops, and no thread."""
    text = chain(default())
    assert "an async view pays **15 hops**, to a sync view 16 hops. **No thread is held" in text
    assert "| SessionMiddleware | sync or async | **on the loop** | 2 |  |" in text
    assert "The first is called" not in text


def test_a_chain_with_one_in_the_middle() -> None:
    """Who is adapted where, and because of whom a thread is held."""
    text = chain([*default()[:3], sync_only(), *default()[3:]])
    assert (
        "pays **10 hops + 1 async\\_to\\_sync**" in text or "**10 hops + 1 async_to_sync**" in text
    )
    assert "A thread is held for the whole request, because of Tenant.*" in text
    assert "| SessionMiddleware | sync or async | *in the thread* | 0 |  |" in text
    assert "| Tenant | *sync only* | *in the thread* | 0 | *async_to_sync* |" in text
    assert "| CsrfViewMiddleware | sync or async | **on the loop** | 3 |  |" in text
    assert "The first is called through sync_to_async." in text


def test_an_async_only_middleware_above_a_sync_one() -> None:
    """It hops down."""
    text = chain([replace(mixed("shop.A", ()), can_sync=False), sync_only()])
    assert "| A | async only | **on the loop** | 0 | *sync_to_async* |" in text


@pytest.mark.parametrize(
    ("versions", "known"), [({"django": "99.1"}, "Django 99.1"), ({}, "this Django")]
)
def test_unknown_hops_are_unknown(versions: dict[str, str], known: str) -> None:
    """Never 0."""
    text = chain([sync_only()], versions=versions)
    assert f"hops unknown: the chain of {known} was never counted" in text
    assert "| Tenant | *sync only* | *in the thread* | *async_to_sync* |" in text


def test_a_project_without_middleware_has_no_chain() -> None:
    """Nor a table of it."""
    assert not [block for block in report(make_review()).blocks if isinstance(block, Table)]


def test_paths_are_relative_to_where_one_stands() -> None:
    """In the finding's place and in its evidence."""
    found = find(file=f"{ROOT}/a.py", evidence=(f"see {ROOT}/b.py:3",))
    made = review(evidence(inventory()), [found], [], base=f"{ROOT}/")
    assert (made.findings[0].file, made.findings[0].evidence) == ("a.py", ("see b.py:3",))


def test_what_serves_is_kept_with_its_place() -> None:
    """For a program that reads it."""
    made = evidence(inventory(), {"Procfile": "web: gunicorn shop.wsgi"})
    assert review(made, (), (), base=ROOT).servers == ("Procfile:1 gunicorn shop.wsgi",)


def test_who_holds_the_thread_is_named_once() -> None:
    """However often it stands in MIDDLEWARE."""
    text = chain([sync_only(), *default(), sync_only()])
    assert text.partition("because of ")[2].partition(".")[0].count("Tenant") == 1
