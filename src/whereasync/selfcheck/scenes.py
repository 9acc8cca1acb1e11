"""Noise like a shared machine's: scenes as data, and the block log ratios they make. Pure.

A block is simulated slice by slice in the order that the load client draws, because the order is
what cancels drift; the luck of a fresh server comes on top and lasts for the block. A newcomer
would draw block ratios from a normal distribution, and so assume what is to be checked.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from random import Random
from typing import TYPE_CHECKING

from whereasync.load.pacing import order_slices

if TYPE_CHECKING:
    from typing import TypeAlias

    import numpy as np
    import numpy.typing as npt

    Floats: TypeAlias = npt.NDArray[np.float64]

SLICES = 4  # a cell of a block, as SliceRules has it
HEAVY_DEGREES = 3  # of Student's t: the fewest with a standard deviation


@dataclass(frozen=True, slots=True, kw_only=True)
class Scene:
    """One kind of noise. All sizes are of the log speed, at a block SD of about 1.

    A scene is used at a hundredth of that: everything is multiplied by the wanted block SD.
    """

    name: str
    luck: float  # SD of a server's start, for the whole block
    is_heavy: bool = False  # that luck is Student's t with three degrees, not normal
    slice_sd: float = 0.0  # of each slice by itself
    neighbour: float = 0.0  # how much slower while the neighbour is on
    comes: float = 0.1  # the chance of a neighbour to turn on, from one slice to the next …
    goes: float = 0.2  # … and to turn off
    trend: float = 0.0  # SD over runs of the drift from one slice to the next
    walk: float = 0.0  # SD of the random step from one slice to the next
    burst: float = 0.0  # how much slower a slice is that is hit …
    chance: float = 0.0  # … and how often one is


SCENES = (
    Scene(name="quiet", luck=0.5, slice_sd=0.707),
    Scene(name="noisy neighbour", luck=0.4, slice_sd=0.2, neighbour=2.95),
    Scene(name="drifting", luck=0.4, slice_sd=0.2, trend=0.5, walk=1.13),
    Scene(name="bursty", luck=0.4, slice_sd=0.2, burst=3.73, chance=0.05),
    Scene(name="heavy tail", luck=0.65, is_heavy=True, slice_sd=0.4),
)


def draw_blocks(
    scene: Scene, sd: float, rng: np.random.Generator, shape: tuple[int, int, int]
) -> Floats:
    """Return the log ratios of equal sides, shape (runs, cells, blocks), block SD about ``sd``.

    Cells of a block share its servers, hence their luck; the machine's noise is each cell's own.
    A true ratio is added as its logarithm.
    """
    runs, _, blocks = shape
    side = _draw_order(rng, shape)
    luck = sd * scene.luck * _draw_luck(scene, rng, (runs, 1, blocks, 2))
    speed = sd * _draw_speed(scene, rng, shape)
    return _aggregate(speed, side, luck)


def _draw_order(rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[np.bool_]:
    """Return whether side B works, for each slice: ABBA or BAAB, as ``order_slices`` draws them."""
    import numpy as np

    known = sorted({order_slices(Random(number), SLICES) for number in range(64)})  # noqa: S311 # an experiment
    orders = np.array(known, dtype=bool)
    drawn: npt.NDArray[np.bool_] = orders[rng.integers(len(orders), size=shape)]
    return drawn


def _draw_luck(scene: Scene, rng: np.random.Generator, shape: tuple[int, ...]) -> Floats:
    if not scene.is_heavy:
        return rng.standard_normal(shape)
    spread = math.sqrt(HEAVY_DEGREES / (HEAVY_DEGREES - 2))
    return rng.standard_t(HEAVY_DEGREES, shape) / spread


def _draw_speed(scene: Scene, rng: np.random.Generator, shape: tuple[int, int, int]) -> Floats:
    """Return the machine's log speed in each slice, shape (runs, cells, blocks, slices)."""
    import numpy as np

    sliced = (*shape, SLICES)
    speed = scene.slice_sd * rng.standard_normal(sliced)
    if scene.neighbour:
        speed -= scene.neighbour * _draw_neighbour(scene, rng, sliced)
    if scene.trend:
        speed += scene.trend * rng.standard_normal((shape[0], 1, 1, 1)) * np.arange(SLICES)
    if scene.walk:
        speed += scene.walk * rng.standard_normal(sliced).cumsum(axis=-1)
    if scene.burst:
        speed -= scene.burst * (rng.random(sliced) < scene.chance)
    return speed


def _draw_neighbour(
    scene: Scene, rng: np.random.Generator, sliced: tuple[int, ...]
) -> npt.NDArray[np.bool_]:
    """Return whether the neighbour is on: a Markov chain of two states, met at a random moment."""
    import numpy as np

    dice = rng.random(sliced)
    on = np.empty(sliced, dtype=bool)
    on[..., 0] = dice[..., 0] < scene.comes / (scene.comes + scene.goes)
    for number in range(1, sliced[-1]):
        stays, turns = dice[..., number] >= scene.goes, dice[..., number] < scene.comes
        on[..., number] = np.where(on[..., number - 1], stays, turns)
    return on


def _aggregate(speed: Floats, side: npt.NDArray[np.bool_], luck: Floats) -> Floats:
    """Turn slices into block log ratios, as ``stats.block_log_ratio`` does one by one."""
    import numpy as np

    throughput = np.exp(speed)
    half = SLICES // 2
    b = np.where(side, throughput, 0.0).sum(axis=-1) / half
    a = np.where(side, 0.0, throughput).sum(axis=-1) / half
    ratios: Floats = np.log(b / a) + luck[..., 1] - luck[..., 0]
    return ratios
