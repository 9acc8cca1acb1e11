"""The client process: ``python -m whereasync.load JOB.json DIRECTORY``; it prints nothing.

Each task's samples and record are written as it finishes, so whatever kills this process, the
finished tasks survive. ``--singles`` takes a Sequence instead of a Job, ``--bursts`` Volleys,
``--idle`` an IdleJob. See ``drive`` for the host.
"""

from __future__ import annotations

import asyncio
import gc
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import uvloop

from whereasync import serial
from whereasync.load.bursts import BURSTS, Volleys, fire_all
from whereasync.load.idle import IDLE, hold
from whereasync.load.samples import save
from whereasync.load.scheduling import ask_for_short_turns
from whereasync.load.sequence import SINGLES, Sequence, ask_all
from whereasync.load.slices import run_task
from whereasync.model import IdleJob, Job

if TYPE_CHECKING:
    from collections.abc import Sequence as Arguments

    from whereasync.model import Request


async def run_job(job: Job, directory: Path) -> None:
    """Run a job's tasks in their order; leave ``<cell>.json`` and ``samples/<cell>.npy`` of each.

    The record is written last: where it is, the samples are.
    """
    warm: set[tuple[int, Request]] = set()
    for task in job.tasks:
        gc.collect()
        record, samples = await run_task(job, task, warm)
        save(directory / "samples" / f"{task.cell}.npy", samples.rows())
        serial.write(directory / f"{task.cell}.json", record)


async def run_sequence(sequence: Sequence, directory: Path) -> None:
    """Ask a sequence's questions in their order; rewrite the answers so far after each."""
    answered = []
    async for single in ask_all(sequence):
        answered.append(single)
        serial.write(directory / SINGLES, answered)


async def run_idle(job: IdleJob, directory: Path) -> None:
    """Hold a job's clients; leave the samples, and then the record."""
    record, rows = await hold(job)
    save(directory / "samples" / f"{IDLE}.npy", rows)
    serial.write(directory / f"{IDLE}.json", record)


async def run_volleys(volleys: Volleys, directory: Path) -> None:
    """Send all bursts, and write them down at the end: writing in between would blur them."""
    serial.write(directory / BURSTS, [burst async for burst in fire_all(volleys)])


def main(arguments: Arguments[str]) -> None:
    """Do what the arguments say, without the garbage collector: it would pause a slice."""
    *flags, path, directory = arguments
    (Path(directory) / "samples").mkdir(parents=True, exist_ok=True)
    gc.disable()
    ask_for_short_turns()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        match flags:
            case ["--singles"]:
                runner.run(run_sequence(serial.read(Path(path), Sequence), Path(directory)))
            case ["--idle"]:
                runner.run(run_idle(serial.read(Path(path), IdleJob), Path(directory)))
            case ["--bursts"]:
                runner.run(run_volleys(serial.read(Path(path), Volleys), Path(directory)))
            case _:
                runner.run(run_job(serial.read(Path(path), Job), Path(directory)))


if __name__ == "__main__":
    main(sys.argv[1:])
