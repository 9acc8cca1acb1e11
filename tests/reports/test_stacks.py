"""The report of a run on several stacks, from simulated samples on the disk."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests import synthetic

from whereasync.document import Document, Note, NoteKind, Paragraph, Table
from whereasync.model import Fault, Status, Void
from whereasync.renderers import figures, render
from whereasync.reports.stacks import report
from whereasync.results import derive
from whereasync.stacks import parse_stack

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from whereasync.document import Text
    from whereasync.model import Run
    from whereasync.results import Results

FAULT = Fault(kind=Void.STATUS, detail="500 instead of 200", hint="look at the log")
FULL = "whereasync demo --stack article --stack latest --full"
CUSTOM = parse_stack("python=3.12 django==5.1.* hypercorn")
GAINS: synthetic.Gains = {
    "async-get-stack1-16": 0.7,
    "async-get-stack2-16": 0.84,
    "since-get-sync-stack2-16": 0.9,
    "since-get-async-stack2-16": 1.2,
    "async-query-stack1-16": 0.9,
    "async-query-stack2-16": 0.9,
    "async-post-stack1-16": 0.9,
    "async-post-stack2-16": synthetic.DOUBTFUL,
    "aadd-through-stack2-16": 0.8,
    "aadd-wrapped-stack2-16": 1.0,
}
PAGE = """\
What async costs on article and latest

From Django 4.1 to 6.1, async has become cheaper against sync for GET (its CPU a
request was 1.43× that of sync, and is now 1.19×); async costs against sync what
it did for one query (1.11×, now 1.11×); whether async has become cheaper
against sync is inconclusive for POST (1.11×, now 0.97×): 16 clients, 6 blocks.

By themselves, in CPU a request now ÷ then: GET: sync 1.11× [1.10–1.12]
(dearer), async 0.83× [0.82–0.84] (cheaper).

stack    Python  Django  asgiref  driver           Hypercorn
────────────────────────────────────────────────────────────
article  3.9.18  4.1.13  3.8.1    psycopg2 2.9.10  0.14.4
latest   3.13.0  6.1.3   3.11.0   psycopg 3.3.1    0.18.0

What async costs: CPU of the server a request
work       stack      sync   async  async ÷ sync  interval     verdict
───────────────────────────────────────────────────────────────────────────
GET        article  2.0 ms  2.9 ms         1.43×  [1.41–1.45]  async dearer
GET        latest   2.0 ms  2.4 ms         1.19×  [1.18–1.20]  async dearer
one query  article  2.0 ms  2.2 ms         1.11×  [1.10–1.12]  async dearer
one query  latest   2.0 ms  2.2 ms         1.11×  [1.10–1.12]  async dearer
POST       article  2.0 ms  2.2 ms         1.11×  [1.10–1.12]  async dearer
POST       latest   2.0 ms  2.0 ms         0.97×  [0.71–1.33]  inconclusive

What it does: requests a second
work       stack    sync /s  async /s  async ÷ sync  interval     verdict
──────────────────────────────────────────────────────────────────────────────
GET        article      500       350         0.70×  [0.69–0.71]  async slower
GET        latest       500       420         0.84×  [0.83–0.85]  async slower
one query  article      500       450         0.90×  [0.89–0.91]  async slower
one query  latest       500       450         0.90×  [0.89–0.91]  async slower
POST       article      500       450         0.90×  [0.89–0.91]  async slower
POST       latest       500       500         1.03×  [0.75–1.41]  inconclusive

What has changed since article, as stack ÷ article; the premium is async ÷ sync
work      stack  of        CPU interval    verdict      requests/s interval
──────────────────────────────────────────────────────────────────────────────
GET       latest sync    1.11× [1.10–1.12] dearer            0.90× [0.89–0.91]
GET       latest async   0.83× [0.82–0.84] cheaper           1.20× [1.19–1.21]
GET       latest premium 0.83× [0.83–0.83] cheaper           1.20× [1.20–1.20]
one query latest premium 1.00× [1.00–1.00] same ±5 %         1.00× [1.00–1.00]
POST      latest premium 0.87× [0.63–1.20] inconclusive      1.14× [0.83–1.58]

aadd, in a view that also creates, counts and deletes: aadd ÷ what it replaces
stack   aadd instead of    CPU  interval     verdict    requests/s  interval
───────────────────────────────────────────────────────────────────────────────
latest  acreate          1.25×  [1.24–1.26]  dearer          0.80×  [0.79–0.81]
latest  add in a thread  1.00×  [0.99–1.01]  same ±5 %       1.00×  [0.99–1.01]
article: Django 4.1 has no aadd; it came with 4.2

next: whereasync demo --stack article --stack latest --full measures 24 blocks
      of everything

The demo's project, 5 objects of each model, PostgreSQL 18.1 (embedded),
Imaginary 9000, 2 cores. Seed 7, 2 min 34 s; intervals at 98 % or more.
"""


def run(
    path: Path,
    gains: synthetic.Gains,
    number: int = 2,
    *,
    change: Callable[[Run], Run] = lambda run: run,
    **choices: Any,
) -> Results:
    """Race these cells on so many stacks, change the run, and read it back."""
    planned = synthetic.several_stacks(number, **choices)
    directory, raced = synthetic.race(
        path / "run",
        planned,
        gains,
        command="stacks",
        stacks={role: synthetic.INSTALLED[role] for role in planned.stacks},
    )
    return derive(change(raced), directory.samples)


def write(text: Text) -> str:
    """Return a line as a reader sees it."""
    return "".join(figures.write(span.content) for span in text)


def paragraphs(document: Document) -> list[str]:
    """Return what the report says in sentences."""
    return [write(block.text) for block in document.blocks if isinstance(block, Paragraph)]


def notes(document: Document) -> list[tuple[NoteKind, str, str]]:
    """Return caveats, faults and next steps."""
    return [
        (block.kind, write(block.text), write(block.hint))
        for block in document.blocks
        if isinstance(block, Note)
    ]


def rows(document: Document, caption: str) -> list[list[str]]:
    """Return the rows of the table whose caption begins so."""
    [found] = [
        block
        for block in document.blocks
        if isinstance(block, Table) and block.caption.startswith(caption)
    ]
    return [[write(cell) for cell in row] for row in found.rows]


# ---------------------------------------------------------------- two stacks


def test_the_answer_stands_first_and_all_it_rests_on_below(tmp_path: Path) -> None:
    """Letter by letter, in 80 columns."""
    assert render(report(run(tmp_path, GAINS)), "terminal", width=80) == PAGE


def test_async_that_became_dearer_is_said_to_be(tmp_path: Path) -> None:
    """Without cells between the stacks nothing is said of sync and async by themselves."""
    document = report(run(tmp_path, {"async-get-stack1-16": 0.8, "async-get-stack2-16": 0.7}))
    [said, _] = paragraphs(document)
    assert said == (
        "From Django 4.1 to 6.1, async has become dearer against sync for GET (its CPU a request "
        "was 1.25× that of sync, and is now 1.43×): 16 clients, 6 blocks."
    )


def test_works_that_agree_are_named_together(tmp_path: Path) -> None:
    """One clause for each verdict."""
    gains = {
        f"async-{work}-stack{number}-16": 0.6 + number / 10
        for work in ("get", "query")
        for number in (1, 2)
    }
    assert paragraphs(report(run(tmp_path, gains)))[0] == (
        "From Django 4.1 to 6.1, async has become cheaper against sync for GET (its CPU a request "
        "was 1.43× that of sync, and is now 1.25×), one query (1.43×, now 1.25×): 16 clients, "
        "6 blocks."
    )


def test_several_numbers_of_clients_are_told_apart(tmp_path: Path) -> None:
    """In every sentence and table."""
    gains = {f"async-get-stack{number}-{clients}": 0.8 for number in (1, 2) for clients in (2, 8)}
    document = report(run(tmp_path, gains, clients=(2, 8)))
    assert paragraphs(document)[0] == (
        "From Django 4.1 to 6.1, async costs against sync what it did for GET at 2 (its CPU a "
        "request was 1.25× that of sync, and is now 1.25×), GET at 8 (1.25×, now 1.25×): 6 blocks."
    )
    assert [row[0] for row in rows(document, "What async costs")] == ["GET at 2"] * 2 + [
        "GET at 8"
    ] * 2


def test_a_void_cell_shows_no_figure_and_says_why(tmp_path: Path) -> None:
    """Nor does what rests on it."""
    gains = {"async-get-stack1-16": 0.8, "async-get-stack2-16": 0.7}
    document = report(
        run(
            tmp_path,
            gains,
            change=lambda run: synthetic.spoil(run, "async-get-stack2-16", 2, fault=FAULT),
        )
    )
    assert paragraphs(document)[0] == (
        "From Django 4.1 to 6.1, there is no result for GET: 16 clients."
    )
    assert rows(document, "What async costs")[1] == [*("GET", "latest", "–", "–", "–", "–", "void")]
    assert rows(document, "What has changed")[0][3:] == ["–", "–", "void", "–", "–"]
    assert (
        NoteKind.CAVEAT,
        "GET on latest at 16: void, status: 500 instead of 200",
        "look at the log",
    ) in notes(document)


def test_a_core_with_time_to_spare_qualifies_the_requests_a_second(tmp_path: Path) -> None:
    """The server waited: half its CPU would have done as many."""

    def idle(run: Run) -> Run:
        return replace(
            run,
            blocks=tuple(
                replace(
                    block,
                    tasks=tuple(
                        replace(
                            task,
                            slices=tuple(
                                replace(ran, server_cpu=ran.server_cpu / 2) for ran in task.slices
                            ),
                        )
                        if task.cell.endswith("stack1-16")
                        else task
                        for task in block.tasks
                    ),
                )
                for block in run.blocks
            ),
        )

    gains = {f"async-{work}-stack{n}-16": 0.8 for work in ("get", "query") for n in (1, 2)}
    [[_, said, hint]] = notes(report(run(tmp_path, gains, change=idle)))
    assert said == (
        "the server's core was not always busy: 50 % (GET on article), 50 % (one query on "
        "article); requests/s there say what it waits for"
    )
    assert hint == "compare the CPU, or give more --clients"


# ---------------------------------------------------------------- one, and three


def test_one_stack_alone_has_a_cost_and_no_change(tmp_path: Path) -> None:
    """And the way to compare it."""
    gains = {"async-get-stack1-16": 0.8, "async-query-stack1-16": 1.0}
    document = report(run(tmp_path, gains, 1))
    assert document.title == "What async costs on article"
    assert paragraphs(document)[0] == (
        "On article (Django 4.1), async takes 1.25× [1.23–1.27] the CPU of sync for GET, "
        "1.00× [0.99–1.01] for one query: 16 clients, 6 blocks."
    )
    captions = [block.caption for block in document.blocks if isinstance(block, Table)]
    assert not [caption for caption in captions if "changed" in caption]
    assert notes(document) == [
        (
            NoteKind.NEXT_STEP,
            "whereasync demo --stack article --stack latest compares it with another",
            "",
        )
    ]


def test_three_stacks_are_two_answers(tmp_path: Path) -> None:
    """Each against the first; a stack whose driver isn't known has a dash."""
    gains = {f"async-get-stack{number}-16": 0.6 + number / 10 for number in (1, 2, 3)}
    document = report(run(tmp_path, gains, 3))
    assert document.title == "What async costs on article, latest and lts"
    assert [said.partition(",")[0] for said in paragraphs(document)[:2]] == [
        "From Django 4.1 to 6.1",
        "From Django 4.1 to 5.2",
    ]
    [stacks] = [
        block for block in document.blocks if isinstance(block, Table) and not block.caption
    ]
    assert [write(row[4]) for row in stacks.rows] == ["psycopg2 2.9.10", "psycopg 3.3.1", "–"]


def test_stacks_of_one_django_are_told_by_their_names(tmp_path: Path) -> None:
    """They may differ by Python or by server."""

    def same(run: Run) -> Run:
        django = {"django": "6.1.3"}
        return replace(run, stacks={role: {**has, **django} for role, has in run.stacks.items()})

    gains = {"async-get-stack1-16": 0.8, "async-get-stack2-16": 0.8}
    document = report(run(tmp_path, gains, change=same))
    assert paragraphs(document)[0].startswith("From article to latest, async costs")


def test_a_stack_of_words_is_told_by_its_django(tmp_path: Path) -> None:
    """The words are too long for a table; its command has them all, quoted."""

    def rename(run: Run) -> Run:
        assert run.experiment
        stacks = {**run.experiment.stacks, "stack1": CUSTOM}
        return replace(run, experiment=replace(run.experiment, stacks=stacks))

    gains = {"async-get-stack1-16": 0.8, "async-get-stack2-16": synthetic.DOUBTFUL}
    document = report(run(tmp_path, gains, change=rename))
    assert document.title == "What async costs on Django 4.1.13 and latest"
    assert notes(document)[-1][1] == (
        f"whereasync demo --stack '{CUSTOM.name}' --stack latest --full measures 24 blocks of "
        "everything"
    )


def test_two_stacks_of_words_with_one_django_are_told_by_their_number(tmp_path: Path) -> None:
    """Nothing shorter tells them apart."""

    def rename(run: Run) -> Run:
        assert run.experiment
        stacks = {"stack1": CUSTOM, "stack2": replace(CUSTOM, name=f"{CUSTOM.name} x")}
        has = {role: {"django": "5.1.1"} for role in stacks}
        return replace(run, stacks=has, experiment=replace(run.experiment, stacks=stacks))

    gains = {"async-get-stack1-16": 0.8, "async-get-stack2-16": 0.8}
    document = report(run(tmp_path, gains, change=rename))
    assert document.title == "What async costs on stack1 and stack2"


# ---------------------------------------------------------------- what is missing


def test_what_was_left_out_is_named_with_the_way_to_it(tmp_path: Path) -> None:
    """Cells that did not fit."""
    document = report(
        run(
            tmp_path,
            {"async-get-stack1-16": 0.8},
            change=lambda run: replace(run, left_out={"async-post-stack1-16": "needs 80 s"}),
        )
    )
    assert notes(document) == [
        (NoteKind.CAVEAT, "left out: POST on article at 16 (needs 80 s)", ""),
        (NoteKind.NEXT_STEP, f"{FULL} measures 24 blocks of everything", ""),
    ]


def test_sqlite_says_what_it_leaves_out(tmp_path: Path) -> None:
    """It lets one client write."""

    def move(run: Run) -> Run:
        assert run.database
        return replace(run, database=replace(run.database, vendor="SQLite"))

    document = report(run(tmp_path, {"async-get-stack1-16": 0.8}, change=move))
    [[_, said, hint]] = [note for note in notes(document) if "SQLite" in note[1]]
    assert said.startswith("POST and aadd are only measured with one client")
    assert hint == "whereasync demo --stack article --stack latest --clients 1"


def test_a_run_cut_short_says_so(tmp_path: Path) -> None:
    """And recommends nothing but to run it again."""
    gains = {"async-get-stack1-16": 0.8, "async-get-stack2-16": synthetic.DOUBTFUL}
    document = report(
        run(
            tmp_path,
            gains,
            change=lambda run: replace(run, status=Status.INTERRUPTED, faults=(FAULT,)),
        )
    )
    kinds = [kind for kind, _, _ in notes(document)]
    assert notes(document)[0] == (
        NoteKind.CAVEAT,
        "interrupted: what had been measured by then",
        "run it again",
    )
    assert notes(document)[1] == (NoteKind.FAULT, "status: 500 instead of 200", "look at the log")
    assert NoteKind.NEXT_STEP not in kinds


def test_a_run_that_measured_nothing_has_a_report(tmp_path: Path) -> None:
    """Before its stacks' versions were known, and before its experiment was."""
    directory, begun = synthetic.begin(
        tmp_path / "run", synthetic.several_stacks(), command="stacks", database=None
    )
    document = report(derive(begun, directory.samples))
    assert document.title == "What async costs on article and latest"
    assert paragraphs(document)[0] == "No result: nothing was measured."
    bare = report(derive(replace(begun, experiment=None), directory.samples))
    assert paragraphs(bare)[0] == "No result: nothing was measured."
    assert bare.title == "What async costs on several stacks"


def test_it_can_be_written_as_markdown_too(tmp_path: Path) -> None:
    """The same document."""
    text = render(report(run(tmp_path, GAINS)), "markdown")
    assert text.startswith("# What async costs on article and latest\n")
    assert "| GET | latest | premium | **0.83×** | [0.83–0.83] | **cheaper** | 1.20× |" in text
