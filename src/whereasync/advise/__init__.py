"""What is known of a project into findings: an engine, and a file a rule below ``rules``.

A rule is a module with ``RULE`` and a pure ``check(evidence)``; it is found by being there. A
newcomer would keep a list of rules: the package is the list.
"""

from __future__ import annotations

import pkgutil
import re
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

from whereasync.advise import rules as package
from whereasync.advise.evidence import Evidence, Serving, gather
from whereasync.errors import BadInputError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

    from whereasync.advise.rules import Rule
    from whereasync.model import Finding, SourceText

__all__ = ["Check", "Evidence", "Serving", "advise", "choose", "gather", "list_rules", "suppress"]

COMMENT = re.compile(r"#\s*whereasync:\s*ignore(?:\[(?P<rules>[\w\s,-]+)\])?", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Check:
    """A rule with what it does."""

    rule: Rule
    check: Callable[[Evidence], Iterator[Finding]]


@cache
def list_rules() -> tuple[Check, ...]:
    """Return every rule of the package, by its id."""
    names = [f"{package.__name__}.{each.name}" for each in pkgutil.iter_modules(package.__path__)]
    modules = [import_module(name) for name in names]
    found = [Check(rule=module.RULE, check=module.check) for module in modules]
    return tuple(sorted(found, key=lambda each: each.rule.id))


def choose(select: Collection[str] = (), ignore: Collection[str] = ()) -> tuple[Check, ...]:
    """Return the rules selected, or all where none is, but for those ignored.

    Both are ids or names of rules, in any case. BadInputError for one that doesn't exist.
    """
    chosen, left_out = _identify(select), _identify(ignore)
    return tuple(
        each
        for each in list_rules()
        if each.rule.id not in left_out and (each.rule.id in chosen or not chosen)
    )


def _identify(words: Collection[str]) -> set[str]:
    named = {
        name.lower(): each.rule.id
        for each in list_rules()
        for name in (each.rule.id, each.rule.name)
    }
    unknown = [word for word in words if word.lower() not in named]
    if unknown:
        ids = ", ".join(f"{each.rule.id} {each.rule.name}" for each in list_rules())
        raise BadInputError(f"There is no rule {unknown[0]!r}.", f"take some of: {ids}")
    return {named[word.lower()] for word in words}


def advise(evidence: Evidence, rules: Iterable[Check] | None = None) -> tuple[Finding, ...]:
    """Return what the rules, or all there are, find: the gravest first, then by file and line."""
    checks = list_rules() if rules is None else rules
    found = [finding for each in checks for finding in each.check(evidence)]
    return tuple(sorted(found, key=_rank))


def _rank(finding: Finding) -> tuple[int, str, int, str]:
    return -finding.level.weight, finding.file, finding.line or 0, finding.rule


def suppress(
    findings: Iterable[Finding], texts: Mapping[str, SourceText]
) -> tuple[tuple[Finding, ...], tuple[Finding, ...]]:
    """Return the findings that stand, and those whose line has a comment that waives them.

    The comment is ``# whereasync: ignore[WA001]``, or without brackets for every rule. ``texts``
    are the files by their path; a finding without a line can't be waived by a comment.
    """
    standing: list[Finding] = []
    waived: list[Finding] = []
    for finding in findings:
        file = texts.get(finding.file)
        is_waived = file is not None and _is_waived(finding, file)
        (waived if is_waived else standing).append(finding)
    return tuple(standing), tuple(waived)


def _is_waived(finding: Finding, file: SourceText) -> bool:
    lines = file.text.splitlines()
    if finding.line is None or finding.line > len(lines):
        return False
    comment = COMMENT.search(lines[finding.line - 1])
    if comment is None:
        return False
    named = comment["rules"]
    return named is None or finding.rule.lower() in {
        word.strip().lower() for word in named.split(",")
    }
