"""SARIF as the standard's schema wants it, and as code hosts read it."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

import pytest
from tests.reviews import find, make_review

from whereasync import __version__
from whereasync.advise import list_rules
from whereasync.model import Level
from whereasync.renderers import sarif

# What the schema requires (True) or allows (False) of each object that we write.
SHAPES: dict[str, dict[str, bool]] = {
    "log": {"$schema": False, "version": True, "runs": True},
    "run": {"tool": True, "results": False, "columnKind": False},
    "tool": {"driver": True},
    "driver": {"name": True, "version": False, "rules": False},
    "rule": {"id": True, "name": False, "shortDescription": False, "help": False},
    "text": {"text": True},
    "result": {
        "message": True,
        **dict.fromkeys(("ruleId", "ruleIndex", "level", "locations", "suppressions"), False),
        "properties": False,
    },
    "location": {"physicalLocation": False},
    "physical": {"artifactLocation": False, "region": False},
    "artifact": {"uri": False},
    "region": {"startLine": False},
    "suppression": {"kind": True},
}
LEVELS = {"none", "note", "warning", "error"}


def conform(thing: dict[str, Any], shape: str) -> dict[str, Any]:
    """Return an object that has what its shape requires and nothing that it doesn't know."""
    required = {name for name, is_required in SHAPES[shape].items() if is_required}
    assert required <= set(thing) <= set(SHAPES[shape]), shape
    return thing


def read(text: str) -> list[dict[str, Any]]:
    """Return the results of a log that conforms, from top to bottom."""
    log = conform(json.loads(text), "log")
    assert log["version"] == "2.1.0"
    assert re.fullmatch(r"https://.*sarif.*2\.1\.0\.json", log["$schema"])
    [run] = log["runs"]
    conform(run, "run")
    assert run["columnKind"] in {"unicodeCodePoints", "utf16CodeUnits"}
    driver = conform(conform(run["tool"], "tool")["driver"], "driver")
    rules = [conform(rule, "rule") for rule in driver["rules"]]
    assert len({rule["id"] for rule in rules}) == len(rules)
    for rule in rules:
        assert conform(rule["shortDescription"], "text")["text"]
        assert conform(rule["help"], "text")["text"]
    for result in run["results"]:
        read_result(result, rules)
    results: list[dict[str, Any]] = run["results"]
    return results


def read_result(result: dict[str, Any], rules: list[dict[str, Any]]) -> None:
    """Check a result."""
    conform(result, "result")
    assert result["level"] in LEVELS
    assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    assert conform(result["message"], "text")["text"]
    for location in result.get("locations", []):
        physical = conform(conform(location, "location")["physicalLocation"], "physical")
        uri = conform(physical["artifactLocation"], "artifact")["uri"]
        assert re.fullmatch(r"(?:file:///)?[A-Za-z0-9%._~/-]+", uri)
        if "region" in physical:
            assert conform(physical["region"], "region")["startLine"] >= 1
    for suppression in result.get("suppressions", []):
        assert conform(suppression, "suppression")["kind"] in {"inSource", "external"}


def test_a_review_becomes_a_log() -> None:
    """With the tool, its version and every rule, found or not."""
    text = sarif.render(make_review(find()))
    [result] = read(text)
    assert result["ruleId"] == "WA001"
    assert result["message"]["text"] == "A is sync-only. Next: make it async."
    assert result["properties"]["evidence"] == ["16 hops"]
    driver = json.loads(text)["runs"][0]["tool"]["driver"]
    assert (driver["name"], driver["version"]) == ("whereasync", __version__)
    assert [rule["id"] for rule in driver["rules"]] == [each.rule.id for each in list_rules()]


@pytest.mark.parametrize("level", Level)
def test_the_levels_are_sarifs(level: Level) -> None:
    """By the same names."""
    [result] = read(sarif.render(make_review(find(level=level))))
    assert result["level"] == level.value


def test_a_place_is_relative_to_the_repository() -> None:
    """Spaces and the like are escaped; what lies elsewhere is a file's URI."""
    places = [
        find(file="my shop/sé#ttings.py", line=3),
        find(file="/else where/a.py", line=None),
        find(file="", line=None),
    ]
    first, second, third = read(sarif.render(make_review(*places)))
    physical = first["locations"][0]["physicalLocation"]
    assert physical["artifactLocation"]["uri"] == "my%20shop/s%C3%A9%23ttings.py"
    assert physical["region"] == {"startLine": 3}
    assert second["locations"][0]["physicalLocation"] == {
        "artifactLocation": {"uri": "file:///else%20where/a.py"}
    }
    assert "locations" not in third


def test_what_is_waived_is_there_as_suppressed() -> None:
    """So that a host shows it as such, and closes it."""
    review = replace(make_review(find()), waived=(find(line=9),))
    standing, waived = read(sarif.render(review))
    assert "suppressions" not in standing
    assert waived["suppressions"] == [{"kind": "inSource"}]


def test_nothing_found_is_a_log_too() -> None:
    """A host takes it as all mended."""
    assert read(sarif.render(make_review())) == []


@pytest.mark.parametrize(
    "broken",
    [
        {"results": [{}]},
        {"results": [{"message": {"text": "x"}, "more": 1}]},
    ],
)
def test_what_does_not_conform_would_be_seen(broken: dict[str, Any]) -> None:
    """The tests above could not fail otherwise."""
    log = json.loads(sarif.render(make_review()))
    log["runs"][0] |= broken
    with pytest.raises(AssertionError):
        read(json.dumps(log))
