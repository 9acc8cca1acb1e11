"""The map as a picture: one Vega-Lite specification, drawn as HTML, SVG and PNG.

Needs the extra ``report`` (altair, vl-convert). A newcomer would load Vega from a network when the
page is looked at: all of it lies in the page.
"""

from __future__ import annotations

import importlib.util
import json
from typing import TYPE_CHECKING, Any

from whereasync.errors import BadInputError
from whereasync.renderers.chart.marks import INK, draw_plane
from whereasync.renderers.chart.plane import lay_out

if TYPE_CHECKING:
    from collections.abc import Sequence

    from whereasync.results import Results

NEEDED = ("altair", "vl_convert")  # modules of the extra [report]
# The page may run its own scripts (Vega compiles expressions) and fetch nothing; saved pictures are
# blobs.
POLICY = (
    "default-src 'none'; script-src 'unsafe-inline' 'unsafe-eval'; style-src 'unsafe-inline'; "
    "img-src data: blob:"
)
SCALE = 1.5  # pixels of the PNG a unit of the specification
MENU = {"export": True, "source": False, "compiled": False, "editor": False}


def require() -> None:
    """Raise BadInputError where the picture can't be drawn."""
    lacking = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if lacking:
        raise BadInputError(
            f"no picture of the map: {' and '.join(lacking)} is not installed here",
            "pip install 'whereasync[report]', then: whereasync report",
        )


def specify(results: Results, title: Sequence[str], notes: Sequence[str] = ()) -> dict[str, Any]:
    """Return the Vega-Lite specification of a map: its planes side by side.

    ``title`` is the answer in words, a line each, ``notes`` what stands below it.
    """
    import altair as alt

    heading = alt.TitleParams(
        list(title), subtitle=list(notes), anchor="start", offset=24, color=INK, fontSize=17,
        lineHeight=24, subtitleFontSize=13, subtitleColor="#444444", subtitleLineHeight=19,
        subtitlePadding=8,
    )  # fmt: skip
    planes = map(draw_plane, lay_out(results))
    chart = alt.hconcat(*planes, spacing=48).properties(
        title=heading, padding=24, background="white"
    )
    chart = chart.configure(font="Liberation Sans, Arial, Helvetica, sans-serif")
    chart = chart.configure_view(strokeWidth=0)
    return dict(chart.to_dict())


def draw(spec: dict[str, Any]) -> dict[str, bytes]:
    """Return what each format of a specification holds: "html", "svg" and "png"."""
    import vl_convert

    from whereasync.renderers.chart.png import shrink

    return {
        "html": _draw_html(spec),
        "svg": vl_convert.vegalite_to_svg(spec).encode(),
        "png": shrink(bytes(vl_convert.vegalite_to_png(spec, scale=SCALE))),
    }


def _draw_html(spec: dict[str, Any]) -> bytes:
    """Return a page that holds all it needs."""
    import vl_convert

    bundle = vl_convert.javascript_bundle(
        "window.vegaEmbed = vegaEmbed;", vl_version=_version_of(spec)
    )
    options = json.dumps({"mode": "vega-lite", "actions": MENU, "renderer": "svg"})
    drawn = json.dumps(spec, ensure_ascii=False).replace("</", "<\\/")
    return (
        '<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{POLICY}">\n'
        "<title>Where async starts to pay</title>\n"
        "<style>body { margin: 0 } #vg-tooltip-element { font: 13px Arial, sans-serif }</style>\n"
        f"<script>{bundle}</script>\n</head>\n<body>\n"
        '<div id="map"></div>\n'
        f'<script>vegaEmbed("#map", {drawn}, {options});</script>\n</body>\n</html>\n'
    ).encode()


def _version_of(spec: dict[str, Any]) -> str:
    """Return the version of Vega-Lite that a specification is written for, "6.1"."""
    version = str(spec["$schema"]).rpartition("/v")[2].removesuffix(".json")
    return ".".join(version.split(".")[:2])
