"""Chapter 1: the article's requests, one client, one at a time.

All runs of a size go through one client process, since its start would be most of their time. A
server that died is started again for the next size, and what it missed is a failure in its row.
"""

from __future__ import annotations

import contextlib
from dataclasses import replace
from typing import TYPE_CHECKING

from whereasync.bench.demonstration import MIGRATED
from whereasync.errors import WhereAsyncError
from whereasync.load import drive
from whereasync.load.sequence import Question, Sequence
from whereasync.model import Fault, Single, Void
from whereasync.plan import LoadObjects, SendPair

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from whereasync.bench.stage import Service, Stage
    from whereasync.model import Experiment
    from whereasync.servers import Endpoint

DATABASE = "article"


def repeat_article(
    stage: Stage,
    experiment: Experiment,
    steps: Iterable[LoadObjects | SendPair],
    real: Service | None,
) -> None:
    """Send every pair of every row, size by size; record each answer, or why there was none."""
    groups = list(_group(steps))
    arm, upstream = experiment.article_arm, experiment.article_upstream
    if not groups or arm is None or upstream is None:
        return
    demo = stage.demo
    dsn = demo.database.create(DATABASE, template=MIGRATED)
    env = demo.lead_to(dsn)
    with contextlib.ExitStack() as up:
        stage = replace(stage, service=real) if real else up.enter_context(stage.calling(upstream))
        server = contextlib.ExitStack()
        up.push(server)
        endpoint: Endpoint | None = None
        for objects, pairs in groups:
            stage.observer.stage(f"1 As the article measured: {_name(pairs)}")
            try:
                demo.load(dsn, objects)
                if endpoint is None or endpoint.child.poll() is not None:
                    server.close()
                    endpoint = server.enter_context(stage.launch(arm, demo.app, env))
                    _send(stage, endpoint, pairs[:1])  # the first answers of a fresh server
                _send(stage, endpoint, pairs, lambda one: stage.ledger.add("singles", one))
            except WhereAsyncError as error:
                _record_failure(stage, pairs, error)
    demo.database.drop(DATABASE)


def _group(
    steps: Iterable[LoadObjects | SendPair],
) -> Iterator[tuple[int, list[SendPair]]]:
    """Yield each size with the pairs that are sent while it is loaded."""
    objects, pairs = 1, list[SendPair]()
    for step in steps:
        if isinstance(step, SendPair):
            pairs.append(step)
        else:
            if pairs:
                yield objects, pairs
            objects, pairs = step.objects, []
    if pairs:
        yield objects, pairs


def _name(pairs: Iterable[SendPair]) -> str:
    return " · ".join(dict.fromkeys(pair.row.label for pair in pairs))


def _send(
    stage: Stage,
    endpoint: Endpoint,
    pairs: list[SendPair],
    record: Callable[[Single], None] = lambda _: None,
) -> None:
    questions = tuple(
        Question(
            row=pair.row.name,
            variant=variant,
            run=pair.run,
            target=0,
            request=pair.row.requests[variant],
        )
        for pair in pairs
        for variant in pair.variants
    )
    sequence = Sequence(targets=(endpoint.target(),), questions=questions)
    drive.drive_singles(
        sequence,
        spawn=stage.supervisor.spawn,
        directory=stage.supervisor.directory / "singles",
        progress=record,
    )


def _record_failure(stage: Stage, pairs: list[SendPair], error: WhereAsyncError) -> None:
    fault = Fault.of(Void.SERVER, error)
    known = {(each.row, each.variant, each.run) for each in stage.ledger.run.singles}
    missed = [
        Single(row=pair.row.name, variant=variant, run=pair.run, fault=fault)
        for pair in pairs
        for variant in pair.variants
    ]
    stage.ledger.add(
        "singles",
        *(each for each in missed if (each.row, each.variant, each.run) not in known),
    )
