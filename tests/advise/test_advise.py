"""The engine: which rules there are, in which order findings come, and what waives one."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from tests.inventories import ROOT, database, default, evidence, inventory, sync_only, view

from whereasync.advise import advise, choose, list_rules, rules, suppress
from whereasync.errors import BadInputError
from whereasync.model import Finding, Level, SourceText

if TYPE_CHECKING:
    from whereasync.advise import Evidence

HERE = Path(__file__).parent
DOCS = HERE.parent.parent / "docs" / "checks.md"
SETTINGS = f'MIDDLEWARE = [\n    "{sync_only().name}",\n]\n'


def everything() -> Evidence:
    """Return a project that every rule finds something in."""
    made = inventory(
        view(),
        middleware=[sync_only(), *default()],
        databases=(database(conn_max_age=60.0, is_atomic=True),),
    )
    files = {"shop/settings.py": SETTINGS, "Procfile": "gunicorn shop.wsgi\na: uvicorn shop.asgi:a"}
    return evidence(made, files)


# ---------------------------------------------------------------- rules, tests, documentation


def test_every_rule_has_one_test_file_and_one_entry_in_the_docs() -> None:
    """And there are no others: what a maintainer must remember fails here."""
    modules = {path.stem for path in Path(rules.__file__).parent.glob("[!_]*.py")}
    tests = {path.stem.removeprefix("test_") for path in (HERE / "rules").glob("test_*.py")}
    entries = re.findall(r"^## (WA\d{3}) ([\w-]+)$", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert {name.replace("-", "_") for _, name in entries} == modules == tests
    assert entries == [(each.rule.id, each.rule.name) for each in list_rules()]


def test_every_rule_is_told_apart() -> None:
    """By its number, which counts, its name, which is its module's, and a line."""
    found = [each.rule for each in list_rules()]
    assert [each.id for each in found] == [f"WA{number:03}" for number in range(1, len(found) + 1)]
    assert all(each.what and "\n" not in each.what for each in found)
    names = [each.check.__module__.rpartition(".")[2] for each in list_rules()]
    assert names == [each.name.replace("-", "_") for each in found]


def test_every_entry_of_the_docs_says_what_to_do() -> None:
    """What is found, why, when not, and the cure."""
    _, *entries = re.split(r"^## ", DOCS.read_text(encoding="utf-8"), flags=re.MULTILINE)
    of_rules = [entry for entry in entries if entry.startswith("WA")]
    assert len(of_rules) == len(list_rules())
    for entry in of_rules:
        assert {"**Found:**", "**Why:**", "**Next:**"} <= set(re.findall(r"\*\*\w+:\*\*", entry))


def test_an_anchor_leads_to_the_entry() -> None:
    """As code hosts make it from the heading."""
    text = DOCS.read_text(encoding="utf-8")
    for finding in advise(everything()):
        assert finding.anchor == f"docs/checks.md#{finding.rule.lower()}-{finding.name}"
        assert f"\n## {finding.rule} {finding.name}\n" in text


def test_a_finding_is_one_line_without_a_full_stop() -> None:
    """A renderer adds what a sentence needs."""
    found = advise(everything())
    assert {each.rule for each in found} == {"WA001", "WA002", "WA003", "WA005"}
    for each in found:
        for line in (each.message, each.next_step, *each.evidence):
            assert line == line.strip()
            assert "\n" not in line
            assert not line.endswith(".")


# ---------------------------------------------------------------- choosing


def test_the_gravest_come_first() -> None:
    """Then by file and line."""
    levels = [each.level.weight for each in advise(everything())]
    assert levels == sorted(levels, reverse=True)
    assert len(set(levels)) > 1


@pytest.mark.parametrize("words", [("WA003",), ("wa003",), ("atomic-requests",)])
def test_a_rule_is_selected_by_its_id_or_name(words: tuple[str, ...]) -> None:
    """In any case."""
    assert [each.rule.id for each in choose(select=words)] == ["WA003"]
    assert {each.rule for each in advise(everything(), choose(select=words))} == {"WA003"}


def test_a_rule_is_ignored() -> None:
    """Also one that was selected."""
    assert "WA003" not in {each.rule for each in advise(everything(), choose(ignore=["WA003"]))}
    assert [each.rule.id for each in choose(["WA001", "WA003"], ["WA003"])] == ["WA001"]


@pytest.mark.parametrize("words", [{"select": ["WA9"]}, {"ignore": ["WA9"]}])
def test_a_rule_that_does_not_exist_is_refused(words: dict[str, list[str]]) -> None:
    """With those that do."""
    with pytest.raises(BadInputError, match=r"no rule 'WA9'") as refused:
        choose(**words)
    assert "WA001 middleware-chain" in refused.value.hint


# ---------------------------------------------------------------- waiving


def find(line: int | None = 2, file: str = f"{ROOT}/a.py") -> Finding:
    """Make a finding."""
    return Finding(
        rule="WA001",
        name="middleware-chain",
        level=Level.WARNING,
        message="x",
        next_step="y",
        file=file,
        line=line,
    )


@pytest.mark.parametrize(
    ("comment", "is_waived"),
    [
        ("# whereasync: ignore[WA001]", True),
        ("#whereasync:ignore[wa002, wa001]", True),
        ("# whereasync: ignore", True),
        ("# noqa: E501  # whereasync: ignore[WA001]", True),
        ("# whereasync: ignore[WA002]", False),
        ("# ignore[WA001]", False),
        ("", False),
    ],
)
def test_a_comment_on_the_line_waives_a_finding(comment: str, is_waived: bool) -> None:
    """For the rules that it names, or for all."""
    texts = {f"{ROOT}/a.py": SourceText(path="", text=f"first\nsecond {comment}\n")}
    standing, waived = suppress([find()], texts)
    assert (bool(waived), bool(standing)) == (is_waived, not is_waived)


@pytest.mark.parametrize("finding", [find(line=None), find(line=3), find(line=1), find(file="")])
def test_a_comment_elsewhere_waives_nothing(finding: Finding) -> None:
    """Another line, a line that is gone, a finding without one."""
    texts = {f"{ROOT}/a.py": SourceText(path="", text="first\n# whereasync: ignore\n")}
    assert suppress([finding], texts) == ((finding,), ())
