"""The simulated part of ``selfcheck``: the limits that the shipped rule keeps, and who lost to it.

Deterministic: a seed gives the same figures on every machine. A newcomer would run it until it
passes with some seed; the runs are so many that a rule that keeps its limits passes with any.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from statistics import fmean
from typing import TYPE_CHECKING

from whereasync.load.simulate import Shape
from whereasync.model import Check, SliceRules
from whereasync.selfcheck import rejected, slices
from whereasync.selfcheck.rules import tally
from whereasync.selfcheck.scenes import SCENES, draw_blocks
from whereasync.stats import LOOKS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np

    from whereasync.load.simulate import Model
    from whereasync.selfcheck.scenes import Floats, Scene

SEED = 1
RUNS = 10_000  # of equal sides where the limit is close: 0.7 % has a standard error of 0.08 %
QUIET_ENOUGH = 0.045  # block SD up to which the limits hold
SCALES = (0.015, 0.03, 0.044)  # block SDs with limits: about the last, not above 4.5 % …
BEYOND = 0.08  # … and one that is shown
EFFECT_STEP = 5  # runs of equal sides to one of each effect
EFFECTS = (0.02, 0.05, 0.10, 0.20)
LIMITS = {"found +5 %": 0.90, "found +10 %": 0.99}  # at least
FALSE, COVERAGE = 0.01, 0.94
MANY = (0.0, 0.0, 0.0, 0.0, 0.02, 0.05, -0.05, 0.10, 0.20)  # nine cells; below 0, A is faster
FALSE_RATE = 0.05  # of discoveries, and of the intervals of the selected
SLICE_BIAS = 0.01
SLICES = 640


def check_statistics(seed: int = SEED, *, runs: int = RUNS) -> tuple[Check, ...]:
    """Return every figure of the simulated part; ``runs`` of equal sides a scene and scale.

    Fewer runs are quicker, and their figures less steady: 10,000 take some 15 s.
    """
    return (
        *_check_one_cell(seed, runs),
        *_check_many_cells(seed, max(1, runs // 8)),
        *_check_slices(seed),
        *_compare_rules(seed, max(1, runs // 4)),
        *_compare_slices(seed),
    )


# ---------------------------------------------------------------- the rule, one cell a run


def _check_one_cell(seed: int, runs: int) -> Iterator[Check]:
    for number, scene in enumerate(SCENES):
        for scale, sd in enumerate((*SCALES, BEYOND)):
            rng = _rng(seed, 1, number, scale)
            share = {SCALES[-1]: 1, BEYOND: 4}.get(sd, 2)  # the most where a limit is close
            yield from _check_scene(scene, sd, rng, max(EFFECT_STEP, runs // share))


def _check_scene(scene: Scene, sd: float, rng: np.random.Generator, runs: int) -> Iterator[Check]:
    noise = draw_blocks(scene, sd, rng, (runs, 1, LOOKS[-1]))
    spread = float(noise.std())
    is_limited = spread <= QUIET_ENOUGH
    subject = f"one cell: {scene.name}, {100 * sd:.1f} %"
    equal = tally(noise, [0.0])
    effects = {
        f"found {effect:+.0%}".replace("%", " %"): tally(noise[::EFFECT_STEP], [math.log1p(effect)])
        for effect in EFFECTS
    }
    covered = min(each.covered / each.cells for each in (equal, *effects.values()))
    most = QUIET_ENOUGH if sd in SCALES else None  # else the limits could vanish unnoticed
    yield _check(subject, "block SD", (spread, noise.size), at_most=most)
    false = equal.false / runs
    yield _check(subject, "false faster", (false, runs), at_most=FALSE if is_limited else None)
    least = COVERAGE if is_limited else None
    yield _check(subject, "coverage", (covered, len(noise[::EFFECT_STEP])), at_least=least)
    for figure, found in effects.items():
        least = LIMITS.get(figure) if is_limited else None
        yield _check(subject, figure, (found.found / found.cells, found.cells), at_least=least)


# ---------------------------------------------------------------- the rule, many cells a run


def _check_many_cells(seed: int, runs: int) -> Iterator[Check]:
    """Yield what Benjamini & Hochberg keep when cells stop at different looks.

    Coverage has METHOD's limit over all cells; that of the selected alone is promised as 95 % by
    Benjamini & Yekutieli, averaged over runs, and so is the rate of false discoveries.
    """
    truths = [math.copysign(math.log1p(abs(effect)), effect) for effect in MANY]
    for number, scene in enumerate(SCENES):
        noise = draw_blocks(scene, SCALES[-1], _rng(seed, 2, number), (runs, len(MANY), LOOKS[-1]))
        found = tally(noise, truths)
        subject = f"nine cells: {scene.name}, {100 * SCALES[-1]:.1f} %"
        most = FALSE_RATE
        false, covered = found.false / found.equal, found.covered / found.cells
        yield _check(subject, "false faster", (false, found.equal), at_most=FALSE)
        yield _check(subject, "coverage", (covered, found.cells), at_least=COVERAGE)
        yield _check(subject, "false discoveries", (found.discovery / runs, runs), at_most=most)
        yield _check(subject, "false intervals", (found.missed / runs, runs), at_most=most)
        yield _check(subject, "found", (found.found / found.effects, found.effects))


# ---------------------------------------------------------------- one slice


def _check_slices(seed: int) -> Iterator[Check]:
    latencies = SliceRules().latencies
    for name, arm in slices.ARMS.items():
        found = slices.score(arm, latencies=latencies, slices=_count(arm), seed=seed).fractions
        yield from _score(f"slice: {name}", found, limit=SLICE_BIAS)


def _count(arm: Model) -> int:
    return SLICES if arm.shape is Shape.EXPONENTIAL else SLICES // 4  # regular: less to average


def _compare_slices(seed: int) -> Iterator[Check]:
    """Yield what longer slices and other ways of counting make of regular and irregular work."""
    chosen = SliceRules().latencies
    for name, arm in (("constant", slices.CONSTANT), ("exponential", slices.EXPONENTIAL)):
        for latencies in (2, 10, 20):
            count = _count(arm) if latencies == chosen else SLICES // 10
            found = slices.score(arm, latencies=latencies, slices=count, seed=seed)
            subject = f"slice rules: {latencies} latencies, {name},"
            mark = " (chosen)" if latencies == chosen else ""
            yield from _score(f"{subject} fractions{mark}", found.fractions)
            yield from _score(f"{subject} counted", found.counted)
            if found.drained:
                yield from _score(f"{subject} counted with the drain", found.drained)


def _score(subject: str, found: slices.Score, limit: float | None = None) -> Iterator[Check]:
    least = None if limit is None else -limit
    yield _check(subject, "bias", (found.bias, found.slices), at_least=least, at_most=limit)
    yield _check(subject, "SD", (found.sd, found.slices))


# ---------------------------------------------------------------- what was not chosen


def _compare_rules(seed: int, runs: int) -> Iterator[Check]:
    """Yield each rule's figures in the scene where it is worst, all on the same blocks."""
    noises = [
        draw_blocks(scene, SCALES[-1], _rng(seed, 3, number), (runs, 1, LOOKS[-1]))
        for number, scene in enumerate(SCENES)
    ]
    effect = math.log1p(0.05)
    for name, judge in {"as shipped (chosen)": _shipped, **_others()}.items():
        equal = [judge(noise, 0.0) for noise in noises]
        there = [judge(noise, effect) for noise in noises]
        subject = f"rules: {name}"
        blocks = fmean(each.blocks for each in (*equal, *there))
        covered = min(each.covered for each in (*equal, *there))
        yield _check(subject, "false faster", (max(each.faster for each in equal), runs))
        yield _check(subject, "coverage", (covered, runs))
        yield _check(subject, "found +5 %", (min(each.faster for each in there), runs))
        yield _check(subject, "blocks", (blocks, 2 * runs * len(noises)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rates:
    faster: float  # called faster, on the side that is where there is an effect
    covered: float
    blocks: float


def _shipped(noise: Floats, truth: float) -> _Rates:
    found = tally(noise, [truth])
    named = found.found if truth else found.false
    return _Rates(
        faster=named / found.cells,
        covered=found.covered / found.cells,
        blocks=found.blocks / found.cells,
    )


def _others() -> dict[str, Callable[[Floats, float], _Rates]]:
    return {rule.name: partial(_apply, rule) for rule in rejected.RULES}


def _apply(rule: rejected.Rule, noise: Floats, truth: float) -> _Rates:
    ends = rejected.walk(rule, noise[:, 0] + truth)
    named = ends.is_faster & (ends.low > 0) if truth else ends.is_faster
    return _Rates(
        faster=float(named.mean()),
        covered=float(((ends.low <= truth) & (truth <= ends.high)).mean()),
        blocks=float(ends.blocks.mean()),
    )


# ---------------------------------------------------------------- figures


def _rng(seed: int, *which: int) -> np.random.Generator:
    import numpy as np

    return np.random.default_rng([seed, *which])


def _check(
    subject: str,
    figure: str,
    seen: tuple[float, int],
    *,
    at_most: float | None = None,
    at_least: float | None = None,
) -> Check:
    value, trials = seen
    return Check(
        part="simulated",
        subject=subject,
        figure=figure,
        value=value,
        trials=trials,
        at_most=at_most,
        at_least=at_least,
    )
