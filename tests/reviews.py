"""Reviews by hand, for whatever shows one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tests.inventories import ROOT, evidence, inventory

from whereasync.advise.review import Review, review
from whereasync.model import Finding, Level


def find(**fields: Any) -> Finding:
    """Make a finding."""
    made = Finding(
        rule="WA001",
        name="middleware-chain",
        level=Level.WARNING,
        message="A is sync-only",
        next_step="make it async",
        file="shop/settings.py",
        line=4,
        evidence=("16 hops",),
    )
    return replace(made, **fields)


def make_review(*findings: Finding) -> Review:
    """Make the review of an empty project with those findings."""
    return review(evidence(inventory()), findings, (), base=ROOT)
