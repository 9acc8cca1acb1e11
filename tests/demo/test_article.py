from __future__ import annotations

import pytest

from whereasync.demo import article
from whereasync.demo.experiment import LENGTHS, Choices, build
from whereasync.model import Arm, Figures, Interface


@pytest.mark.parametrize("figures", [*article.GET.values(), article.POST, article.API])
def test_the_articles_ratios_follow_from_its_seconds(figures: Figures) -> None:
    """A mistyped digit would show: its ratio is its async seconds by its sync seconds, rounded."""
    assert round(figures.async_seconds / figures.sync_seconds, 2) == figures.ratio


def test_sizes_that_the_article_did_not_measure_have_no_figures() -> None:
    """Ours stand alone there."""
    rows = {row.name: row for row in build(Choices(objects=(50, 70))).rows}
    assert rows["get-50"].figures == article.GET[50]
    assert rows["get-70"].figures is None


def test_quick_runs_the_slow_size_once() -> None:
    """All others three times, as in the article."""
    runs = {row.name: row.runs for row in build(Choices(length="quick")).rows}
    assert runs == {"get-50": 3, "get-500": 3, "get-1500": 1, "post": 3, "api": 3}


def test_a_server_that_was_named_is_the_only_candidate_of_its_kind() -> None:
    """What the user chose isn't tuned away."""
    asgi = Arm(server="uvicorn", interface=Interface.ASGI)
    experiment = build(Choices(server=asgi))
    assert experiment.article_arm == asgi
    assert experiment.candidates["asgi"] == (asgi,)
    assert len(experiment.candidates["wsgi"]) == len(LENGTHS["default"].threads)
