"""How a plane of the map is drawn: colours, hatching, crosses, the line, and what a cell tells.

Orange is where sync wins and blue where async does, which the colour-blind tell apart, too.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

if TYPE_CHECKING:
    import altair as alt

    from whereasync.renderers.chart.plane import Plane, Row

Layer: TypeAlias = Any  # altair's methods promise a chart, and its own types contradict them

WIDTH, HEIGHT = 96, 70  # of a cell
EDGE = 0.54  # of a cell from its middle to the plane's edge: room for the line
# log2 of the ratio → colour: what differs by a fifth must show, and eight times is the end.
STOPS = (-3.0, -1.0, -0.25, 0.0, 0.25, 1.0, 3.0)
COLOURS = ("#b35806", "#f1a340", "#fee0b6", "#f7f7f7", "#d1e5f0", "#67a9cf", "#2166ac")
DARK = 1.6  # log2 beyond which a cell's text is white
INK, GREY, RED = "#1a1a1a", "#8a8a8a", "#a50026"
TOLD = (  # field of a row → what the tooltip calls it
    ("wait", "wait of a call"),
    ("clients", "clients"),
    ("calls", "calls a request"),
    ("verdict", "verdict"),
    ("ratio", "async ÷ sync"),
    ("interval", "interval"),
    ("sync", "sync"),
    ("async", "async"),
    ("p50", "median latency"),
    ("cpu", "server CPU per 1,000"),
    ("threads", "most threads, whole run"),
    ("blocks", "blocks"),
    ("why", "why"),
)


def draw_plane(plane: Plane) -> Layer:
    """Return one panel: its cells, what lies across them, and where async starts to pay."""
    import altair as alt

    layers: list[Layer] = [
        _draw_cells(plane),
        _draw_lines(plane.hatches, colour="#555555", width=0.8, opacity=0.4),
        _draw_lines(plane.crosses, colour=RED, width=2.0),
        _draw_bands(plane),
        _draw_step_line(plane, colour="white", width=6.0),
        _draw_step_line(plane, colour=INK, width=3.0),
        *_draw_words(plane),
        _draw_tooltips(plane),
    ]
    return alt.layer(*layers).properties(
        width=WIDTH * len(plane.waits),
        height=HEIGHT * len(plane.rows),
        title=alt.TitleParams(plane.title, anchor="start", fontSize=15, offset=10),
    )


def _x(plane: Plane, field: str = "x") -> alt.X:
    import altair as alt

    return alt.X(
        f"{field}:Q",
        title="the other service waits",
        scale=alt.Scale(domain=[-EDGE, len(plane.waits) - 1 + EDGE], nice=False, zero=False),
        axis=_axis(plane.waits),
    )


def _y(plane: Plane, field: str = "y") -> alt.Y:
    import altair as alt

    return alt.Y(
        f"{field}:Q",
        title=plane.row_title,
        scale=alt.Scale(domain=[-EDGE, len(plane.rows) - 1 + EDGE], nice=False, zero=False),
        axis=_axis(plane.rows),
    )


def _axis(names: tuple[str, ...]) -> alt.Axis:
    import altair as alt

    return alt.Axis(
        values=list(range(len(names))), labelExpr=f"{list(names)}[datum.value]", grid=False,
        domain=False, ticks=False, labelFontSize=13, titleFontSize=13, titleFontWeight="normal",
        labelPadding=6, titlePadding=10, labelColor=INK, labelOverlap=False,
    )  # fmt: skip


def _data(rows: tuple[Row, ...]) -> alt.InlineData:
    import altair as alt

    return alt.InlineData(values=[dict(row) for row in rows])


def _draw_cells(plane: Plane) -> Layer:
    import altair as alt

    base = alt.Chart(_data(plane.cells)).encode(
        x=_x(plane, "x0"), x2="x1:Q", y=_y(plane, "y0"), y2="y1:Q"
    )
    empty = base.mark_rect(fill="white", stroke="#c4c4c4", strokeDash=[4, 4])
    full = (
        base.transform_filter("datum.log2 !== null")
        .mark_rect(stroke="#bdbdbd", strokeWidth=0.5)
        .encode(
            color=alt.Color(
                "log2:Q",
                scale=alt.Scale(domain=list(STOPS), range=list(COLOURS), clamp=True),
                legend=_legend(),
            )
        )
    )
    return alt.layer(empty, full)


def _legend() -> alt.Legend:
    import altair as alt

    return alt.Legend(
        title=["requests/s,", "async ÷ sync"], values=[-3, -2, -1, 0, 1, 2, 3],
        labelExpr="datum.value < 0 ? '1/' + pow(2, -datum.value) + '×' : pow(2, datum.value) + '×'",
        gradientLength=220, labelFontSize=12, titleFontSize=12, titleFontWeight="normal",
    )  # fmt: skip


def _draw_lines(rows: tuple[Row, ...], *, colour: str, width: float, opacity: float = 1.0) -> Layer:
    import altair as alt

    return (
        alt.Chart(_data(rows))
        .mark_rule(color=colour, strokeWidth=width, opacity=opacity)
        .encode(x="x:Q", x2="x2:Q", y="y:Q", y2="y2:Q")
    )


def _draw_bands(plane: Plane) -> Layer:
    import altair as alt

    return (
        alt.Chart(_data(plane.bands))
        .mark_rect(fill=INK, opacity=0.25)
        .encode(x="x:Q", x2="x2:Q", y="y:Q", y2="y2:Q")
    )


def _draw_step_line(plane: Plane, *, colour: str, width: float) -> Layer:
    import altair as alt

    return (
        alt.Chart(_data(plane.steps))
        .mark_line(color=colour, strokeWidth=width, strokeJoin="round", strokeCap="round")
        .encode(x="x:Q", y="y:Q", order="order:Q", detail="part:N")
    )


def _draw_words(plane: Plane) -> tuple[Layer, Layer]:
    """Return the ratio of each cell, and below it the interval."""
    import altair as alt

    base = alt.Chart(_data(plane.cells)).encode(x=_x(plane), y=_y(plane))
    colour: Any = alt.condition(
        f"datum.log2 !== null && abs(datum.log2) > {DARK}", alt.value("white"), alt.value(INK)
    )
    ratio = base.mark_text(fontSize=17, fontWeight="bold", dy=-6).encode(
        text="label:N", color=colour
    )
    interval = base.mark_text(fontSize=11, dy=13).encode(text="interval:N", color=colour)
    return ratio, interval


def _draw_tooltips(plane: Plane) -> Layer:
    """Return what hears the mouse, above all else."""
    import altair as alt

    return (
        alt.Chart(_data(plane.cells))
        .mark_rect(opacity=0, ariaRoleDescription="cell")
        .encode(
            x=_x(plane, "x0"),
            x2="x1:Q",
            y=_y(plane, "y0"),
            y2="y1:Q",
            tooltip=[alt.Tooltip(f"{field}:N", title=title) for field, title in TOLD],
        )
    )
