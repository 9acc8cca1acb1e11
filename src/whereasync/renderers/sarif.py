"""Findings as SARIF 2.1.0, for code hosts that show them beside the code.

What a comment waives is there too, as suppressed. Paths are relative to where the check ran, which
in CI is the repository. https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from pathlib import PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from whereasync import __version__

if TYPE_CHECKING:
    from whereasync.advise.review import Review
    from whereasync.advise.rules import Rule
    from whereasync.model import Finding

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def render(review: Review) -> str:
    """Return the SARIF log as JSON."""
    rules = [each.id for each in review.rules]
    log = {
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "whereasync",
                        "version": __version__,
                        "rules": [_describe(each) for each in review.rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [
                    *(_tell(each, rules) for each in review.findings),
                    *(
                        _tell(each, rules) | {"suppressions": [{"kind": "inSource"}]}
                        for each in review.waived
                    ),
                ],
            }
        ],
    }
    return json.dumps(log, indent=2, ensure_ascii=False) + "\n"


def _describe(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "name": rule.name,
        "shortDescription": {"text": rule.what},
        "help": {"text": f"docs/checks.md explains {rule.id} and its cure."},
    }


def _tell(finding: Finding, rules: list[str]) -> dict[str, Any]:
    told: dict[str, Any] = {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": finding.level.value,
        "message": {"text": f"{finding.message}. Next: {finding.next_step}."},
        "properties": {"evidence": list(finding.evidence), "documentation": finding.anchor},
    }
    if finding.file:
        place: dict[str, Any] = {"artifactLocation": {"uri": _write_uri(finding.file)}}
        if finding.line:
            place["region"] = {"startLine": finding.line}
        told["locations"] = [{"physicalLocation": place}]
    return told


def _write_uri(file: str) -> str:
    return PurePath(file).as_uri() if PurePath(file).is_absolute() else quote(file)
