from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from whereasync.selfcheck import scenes
from whereasync.selfcheck.scenes import SCENES, Scene, draw_blocks
from whereasync.stats import block_log_ratio

SHAPE = (2000, 1, 24)


def dice(seed: int = 1) -> np.random.Generator:
    """Make a seeded generator."""
    return np.random.default_rng(seed)


@pytest.mark.parametrize("sd", [0.015, 0.03, 0.044, 0.08])
@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_a_scene_has_the_block_sd_that_was_asked_for(scene: Scene, sd: float) -> None:
    """Within 6 %: Student's t with three degrees never settles, and bursts are no straight line."""
    assert draw_blocks(scene, sd, dice(), SHAPE).std() == pytest.approx(sd, rel=0.06)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.name)
def test_equal_sides_differ_by_chance_only(scene: Scene) -> None:
    """Whatever the noise, it falls on both sides alike: the mean is within four errors of none."""
    blocks = draw_blocks(scene, 0.044, dice(), SHAPE)
    assert abs(blocks.mean()) < 4 * blocks.std() / math.sqrt(blocks.size)


def test_a_seed_gives_the_same_blocks() -> None:
    """And another seed gives others."""
    one, same, other = (draw_blocks(SCENES[1], 0.03, dice(seed), (5, 2, 6)) for seed in (1, 1, 2))
    assert (one == same).all()
    assert (one != other).all()


def test_half_of_the_blocks_are_abba_and_half_baab() -> None:
    """As the load client draws them, and nothing else."""
    orders, counts = np.unique(
        scenes._draw_order(dice(), (4000,)).astype(int), axis=0, return_counts=True
    )
    assert orders.tolist() == [[0, 1, 1, 0], [1, 0, 0, 1]]
    assert counts == pytest.approx([2000, 2000], abs=150)


def test_the_order_cancels_a_trend() -> None:
    """A machine that slows down by 2 % a slice: 0.04 % is left, where AABB would leave 4 %."""
    trend = Scene(name="trend", luck=0.0, trend=1.0)
    drift = draw_blocks(trend, 0.02, dice(), SHAPE)
    assert abs(drift).mean() < 0.001
    speed = -0.02 * np.arange(4.0)[None, None, None]
    plain = scenes._aggregate(
        speed, np.array([[[[0, 0, 1, 1]]]], dtype=bool), np.zeros((1, 1, 1, 2))
    )
    assert plain.item() == pytest.approx(-0.04, rel=0.01)


def test_blocks_are_aggregated_as_the_shipped_code_does() -> None:
    """Slices to a log ratio, and luck multiplies a server's throughput."""
    rng = dice()
    speed, luck = rng.normal(0, 0.1, (1, 1, 20, 4)), rng.normal(0, 0.1, (1, 1, 20, 2))
    side = scenes._draw_order(rng, (1, 1, 20))
    got = scenes._aggregate(speed, side, luck)[0, 0]
    for block in range(20):
        rates = np.exp(speed[0, 0, block] + np.where(side[0, 0, block], *luck[0, 0, block, ::-1]))
        b = side[0, 0, block]
        assert got[block] == pytest.approx(block_log_ratio(list(rates[~b]), list(rates[b])))


def test_cells_of_a_block_share_their_servers_luck_and_not_the_machines_noise() -> None:
    """Luck alone makes all cells of a block alike, slices alone leave them independent."""
    luck = draw_blocks(Scene(name="luck", luck=0.7), 0.03, dice(), (100, 3, 24))
    assert luck[:, 0] == pytest.approx(luck[:, 2])
    own = draw_blocks(Scene(name="own", luck=0.0, slice_sd=1.0), 0.03, dice(), (500, 2, 24))
    assert abs(np.corrcoef(own[:, 0].ravel(), own[:, 1].ravel())[0, 1]) < 0.04


def test_the_neighbour_comes_and_stays_as_declared() -> None:
    """On for a third of the time, and five slices long."""
    scene = next(scene for scene in SCENES if scene.neighbour)
    on = scenes._draw_neighbour(scene, dice(), (100_000, 4))
    share = scene.comes / (scene.comes + scene.goes)
    assert on.mean(axis=0) == pytest.approx([share] * 4, abs=0.01)
    assert on[on[:, 0], 1].mean() == pytest.approx(1 - scene.goes, abs=0.01)
    assert on[~on[:, 0], 1].mean() == pytest.approx(scene.comes, abs=0.01)


def test_a_burst_hits_single_slices_and_a_heavy_tail_lies_far_out() -> None:
    """Both hold blocks beyond five SDs, which a quiet machine never shows."""
    far = {
        scene.name: (abs(draw_blocks(scene, 0.03, dice(), SHAPE)) > 0.15).sum() for scene in SCENES
    }
    assert far["quiet"] == 0
    assert far["heavy tail"] > 50
    quarter = replace(SCENES[3], luck=0.0, slice_sd=0.0, chance=0.01)
    hit = abs(draw_blocks(quarter, 0.03, dice(), SHAPE)) > 1e-9
    assert hit.mean() == pytest.approx(0.04, abs=0.004)  # four slices, each at 1 %
