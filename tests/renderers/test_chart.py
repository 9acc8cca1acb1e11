"""The map's picture: what its specification holds, and what is drawn from it."""

from __future__ import annotations

import importlib.util
import json
import re
import struct
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests import maps, synthetic

from whereasync.errors import BadInputError
from whereasync.model import Fault
from whereasync.renderers import chart
from whereasync.renderers.chart.plane import HALF, Plane, lay_out
from whereasync.renderers.chart.png import SIGNATURE, shrink

if TYPE_CHECKING:
    from collections.abc import Iterator

    from whereasync.results import Results

GAINS = {
    (0.001, 1, 1): 0.8,
    (0.01, 1, 1): synthetic.DOUBTFUL,
    (0.001, 8, 1): 0.8,
    (0.01, 8, 1): 0.8,
    (0.1, 8, 1): 1.25,
    (0.1, 64, 1): 2.0,
    (0.001, 64, 1): 1.0,
    (0.1, 8, 5): 4.0,
}
TITLE = ("Async pays above 30 ms of waiting.", "And so on.")


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Results:
    """Measure a small map with a cell of every verdict."""
    return maps.measure(
        tmp_path_factory.mktemp("map"),
        GAINS,
        change=lambda run: synthetic.spoil(
            run, "wait-1ms-calls-1-64", 3, fault=Fault(kind="status", detail="500", hint="log")
        ),
        left_out={"wait-10ms-calls-1-64": "needs 54 s"},
    )


@pytest.fixture(scope="module")
def spec(results: Results) -> dict[str, Any]:
    """Specify its picture."""
    return chart.specify(results, TITLE, ("a note",))


@pytest.fixture(scope="module")
def drawn(spec: dict[str, Any]) -> dict[str, bytes]:
    """Draw it once."""
    return chart.draw(spec)


def cell(plane: Plane, wait: str, row: int) -> dict[str, Any]:
    """Return a cell's row of data."""
    [found] = [
        each
        for each in plane.cells
        if each["wait"] == wait and row in (each["clients"], each["calls"]) and each["y"] != ""
        if plane.rows[int(str(each["y"]))] == str(row)
    ]
    return dict(found)


def walk(node: Any) -> Iterator[dict[str, Any]]:
    """Yield every object of a specification."""
    if isinstance(node, dict):
        yield node
        for each in node.values():
            yield from walk(each)
    elif isinstance(node, list):
        for each in node:
            yield from walk(each)


# ---------------------------------------------------------------- where things lie


def test_both_planes_hold_every_cell_of_the_grid(results: Results) -> None:
    """Also those without figures; the row that they share lies in both."""
    clients, calls = lay_out(results)
    assert (clients.waits, clients.rows) == (("1 ms", "10 ms", "100 ms"), ("1", "8", "64"))
    assert (calls.waits, calls.rows) == (clients.waits, ("1", "5"))
    assert (len(clients.cells), len(calls.cells)) == (9, 6)
    assert calls.title == "8 clients: calls in turn (sync), gathered (async)"


def test_a_cell_tells_all_its_figures(results: Results) -> None:
    """As words, for a tooltip is read by people."""
    clients, _ = lay_out(results)
    told = cell(clients, "100 ms", 8)
    assert (told["x"], told["y"]) == (2, 1)
    assert told["log2"] == pytest.approx(np.log2(1.25), abs=0.01)
    assert (told["verdict"], told["ratio"], told["label"]) == ("async faster", "1.25×", "1.25×")
    assert re.fullmatch(r"\[1\.2\d–1\.2\d\]", told["interval"])
    assert told["sync"].endswith("requests/s by gunicorn,worker=gthread,threads=16")
    assert told["async"].endswith("requests/s by hypercorn")
    assert told["p50"].endswith("ms async")
    assert told["cpu"] == "2.0 s sync, 1.6 s async"
    assert (told["blocks"], told["threads"]) == ("6", "17 sync")
    assert cell(clients, "1 ms", 8)["verdict"] == "sync faster"


def test_a_cell_without_figures_says_why(results: Results) -> None:
    """Void, or not measured: neither has a colour."""
    clients, _ = lay_out(results)
    void = cell(clients, "1 ms", 64)
    assert (void["verdict"], void["why"], void["label"]) == ("void", "500", "void")
    empty = cell(clients, "10 ms", 64)
    assert (empty["verdict"], empty["why"]) == ("not measured", "needs 54 s")
    assert void["log2"] is empty["log2"] is None


def test_inconclusive_cells_are_hatched_and_void_ones_crossed(results: Results) -> None:
    """Inside their cell, and nowhere else."""
    clients, calls = lay_out(results)
    assert (calls.hatches, calls.crosses) == ((), ())
    assert len(clients.hatches) > 5
    for line in clients.hatches:
        for x, y in ((line["x"], line["y"]), (line["x2"], line["y2"])):
            assert abs(float(str(x)) - 1) <= HALF + 1e-9
            assert abs(float(str(y))) <= HALF + 1e-9
        assert float(str(line["x2"])) - float(str(line["x"])) == pytest.approx(
            float(str(line["y2"])) - float(str(line["y"]))
        )
    assert [(line["x"], line["x2"]) for line in clients.crosses] == [(-HALF, HALF)] * 2
    assert {line["y"] for line in clients.crosses} == {2 - HALF, 2 + HALF}


def test_the_line_runs_where_async_starts_to_pay(results: Results) -> None:
    """At a break-even, with its band; where async always wins, before the first wait measured."""
    clients, calls = lay_out(results)
    [band] = clients.bands
    corners = [(step["part"], step["y"]) for step in clients.steps]
    assert corners == [(1, 0.5), (1, 1.5), (1, 1.5), (1, 2.5)]
    at = [float(str(step["x"])) for step in clients.steps]
    assert 1.4 < at[0] < 1.6
    assert float(str(band["x"])) < at[0] == at[1] < float(str(band["x2"]))
    assert at[2:] == [1.5, 1.5]  # 64 clients: async wins at 100 ms, all that counts there
    assert len(calls.bands) == 1


def test_the_line_is_broken_where_a_row_has_no_answer(results: Results) -> None:
    """Nothing is drawn through a number of clients at which sync won throughout."""
    from dataclasses import replace

    from whereasync.results.breakeven import BreakEven, Pays

    rows = tuple(
        BreakEven(clients=clients, calls=1, case=case, waits=(0.001, 0.1), wait=wait)
        for clients, case, wait in (
            (1, Pays.FROM, 0.1),
            (8, Pays.NEVER, None),
            (64, Pays.ALWAYS, None),
        )
    )
    clients, _ = lay_out(replace(results, break_evens=rows))
    assert [(step["part"], step["x"]) for step in clients.steps] == [
        (1, 1.5), (1, 1.5), (2, -0.5), (2, -0.5),
    ]  # fmt: skip
    assert clients.bands == ()


def test_a_map_of_one_call_has_one_plane_and_an_empty_run_none(results: Results) -> None:
    """What wasn't asked for isn't shown as missing."""
    from dataclasses import replace

    experiment = results.run.experiment
    assert experiment
    cells = tuple(each for each in experiment.cells if each.calls == 1)
    one = replace(results.run, experiment=replace(experiment, cells=cells))
    [plane] = lay_out(replace(results, run=one))
    assert plane.row_title == "clients at once"
    assert lay_out(replace(results, run=replace(results.run, experiment=None))) == ()


# ---------------------------------------------------------------- the picture


def test_one_specification_holds_the_whole_picture(spec: dict[str, Any]) -> None:
    """Title, notes, colours centred at 1 ×, and a tooltip with every figure."""
    assert spec["title"]["text"] == list(TITLE)
    assert spec["title"]["subtitle"] == ["a note"]
    [scale] = {
        json.dumps(node["color"]["scale"])
        for node in walk(spec)
        if isinstance(node.get("color"), dict) and "scale" in node["color"]
    }
    stops, colours = json.loads(scale)["domain"], json.loads(scale)["range"]
    assert stops == [-stop for stop in reversed(stops)]
    assert colours[stops.index(0)] == "#f7f7f7"
    told = next(node["tooltip"] for node in walk(spec) if isinstance(node.get("tooltip"), list))
    assert {"async ÷ sync", "interval", "server CPU per 1,000"} <= {each["title"] for each in told}


def test_the_page_needs_no_network(drawn: dict[str, bytes]) -> None:
    """All scripts lie in it, and a policy forbids the browser to fetch anything."""
    page = drawn["html"].decode()
    assert 500_000 < len(page) < 1_500_000
    outside = re.sub(r"(?s)<script>.*?</script>", "", page)
    assert not re.findall(r"(?:src|href)=|url\(|@import|https?:", outside)
    [policy] = re.findall(r'<meta http-equiv="Content-Security-Policy" content="(.+?)">', outside)
    assert "default-src 'none'" in policy


def test_svg_and_png_show_the_figures(drawn: dict[str, bytes]) -> None:
    """The SVG as text; the PNG is wide enough, and small enough for a repository."""
    svg = drawn["svg"].decode()
    for text in (*TITLE, "a note", "1.25×", "100 ms", "clients at once"):
        assert text in svg
    assert drawn["png"].startswith(SIGNATURE)
    width, height = struct.unpack(">II", drawn["png"][16:24])
    assert width >= 1000
    assert height >= 500
    assert len(drawn["png"]) < 150_000


@pytest.mark.parametrize("lacking", ["altair", "vl_convert"])
def test_without_the_extra_it_is_said_how_to_get_it(
    lacking: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One line, and the table is there all the same."""
    found = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name: None if name == lacking else found(name)
    )
    with pytest.raises(BadInputError, match=f"{lacking} is not installed") as caught:
        chart.require()
    assert "pip install 'whereasync[report]'" in caught.value.hint


def test_with_the_extra_nothing_is_wrong() -> None:
    """As in this environment."""
    chart.require()


# ---------------------------------------------------------------- smaller


def pack(rows: np.ndarray[Any, Any], filters: list[int]) -> bytes:
    """Write pixels, shape (height, width, 4), as a PNG whose rows are filtered so."""
    height, width, _ = rows.shape
    above, lines = np.zeros((width, 4), np.uint8), []
    for row, kind in zip(rows, filters, strict=True):
        left = np.vstack([np.zeros((1, 4), np.uint8), row[:-1]])
        lines.append(bytes([kind]) + (row - {0: 0, 1: left, 2: above}.get(kind, 0)).tobytes())
        above = row
    header = struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0)
    return SIGNATURE + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in (
            (b"IHDR", header),
            (b"IDAT", zlib.compress(b"".join(lines))),
            (b"IEND", b""),
        )
    )


def unpack(png: bytes) -> np.ndarray[Any, Any]:
    """Read the pixels of a PNG with a palette, shape (height, width, 3)."""
    width, height = struct.unpack(">II", png[16:24])
    place, chunks = 8, {}
    while place < len(png):
        length, name = struct.unpack(">I4s", png[place : place + 8])
        chunks[name] = png[place + 8 : place + 8 + length]
        assert struct.unpack(">I", png[place + 8 + length : place + 12 + length]) == (
            zlib.crc32(name + chunks[name]),
        )
        place += 12 + length
    palette = np.frombuffer(chunks[b"PLTE"], np.uint8).reshape(-1, 3)
    lines = np.frombuffer(zlib.decompress(chunks[b"IDAT"]), np.uint8).reshape(height, width + 1)
    assert not lines[:, 0].any()
    return palette[lines[:, 1:]]


def test_a_smaller_png_shows_the_same() -> None:
    """Whatever its rows hold differences from; what is transparent lies on white."""
    pixels = np.full((3, 4, 4), 255, np.uint8)
    pixels[:, 1] = (33, 102, 172, 255)
    pixels[1, 2] = (179, 88, 6, 255)
    pixels[2, 3] = (0, 0, 0, 0)
    shown = unpack(shrink(pack(pixels, [0, 1, 2])))
    expected = pixels[:, :, :3].copy()
    expected[2, 3] = 255
    assert (shown == expected).all()


def test_more_colours_than_a_palette_has_come_near() -> None:
    """The commonest stay exact."""
    rng = np.random.default_rng(7)
    pixels = np.full((64, 64, 4), 255, np.uint8)
    pixels[:40, :, :3] = rng.integers(0, 256, (40, 64, 3))
    shown = unpack(shrink(pack(pixels, [1] * 64)))
    assert (shown[40:] == 255).all()
    assert np.abs(shown.astype(int) - pixels[:, :, :3]).mean() < 32


def test_a_png_of_another_kind_stays_as_it_is() -> None:
    """A filter that vl-convert never takes, or pixels of another shape."""
    pixels = np.full((2, 2, 4), 255, np.uint8)
    paeth = pack(pixels, [0, 4])
    assert shrink(paeth) == paeth
    grey = paeth.replace(struct.pack(">IIBB", 2, 2, 8, 6), struct.pack(">IIBB", 2, 2, 8, 0))
    assert shrink(grey) == grey
