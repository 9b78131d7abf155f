"""Nothing on a page comes from outside it, or the page is refused."""

import hashlib
import json
import re
from pathlib import Path

import folium
import folium.plugins
import pytest
from branca.element import Element
from hypothesis import given
from hypothesis import strategies as st

from lokus.outputs import offline
from lokus.outputs.maps import inert
from lokus.outputs.offline import NotSelfContained, OfflineFigure

WEB = Path(offline.__file__).parent / "web"


def lean(**options):
    figure, chart = OfflineFigure("title", "id"), folium.Map(tiles=None, **options)
    chart.default_js, chart.default_css = [("leaflet", "")], [("leaflet_css", "")]
    figure.add_child(chart)
    return figure, chart


def test_every_vendored_file_is_the_one_that_was_taken():
    kept = offline.manifest()
    for asset in kept.values():
        assert hashlib.sha256((WEB / "vendor" / asset["file"]).read_bytes()).hexdigest() == asset["sha256"]
        name = asset["package"].rsplit("@", 1)[0]
        assert (WEB / "vendor" / f"{name}.LICENSE").read_text("utf-8").strip()
    assert {p.name for p in (WEB / "vendor").iterdir()} == {
        *(a["file"] for a in kept.values()), *(f"{a['package'].split('@')[0]}.LICENSE" for a in kept.values()),
        "manifest.json",
    }  # fmt: skip


def test_a_lean_map_carries_leaflet_and_forbids_all_fetching():
    page = lean()[0].render()
    assert "Leaflet 1.9.4" in page
    assert "default-src 'none'" in page
    assert "user-scalable=no" not in page
    assert not re.search(r"<(script|link|img)[^>]+(src|href)=", offline.INERT.sub("", page))


def test_a_stock_map_is_refused_by_the_name_of_what_is_missing():
    figure = OfflineFigure("title", "id")
    figure.add_child(folium.Map(tiles=None))
    with pytest.raises(NotSelfContained, match="jquery"):
        figure.render()


@pytest.mark.parametrize(
    "part",
    [
        lambda: folium.TileLayer("https://tile.example/{z}/{x}/{y}.png", attr="x"),
        lambda: folium.raster_layers.WmsTileLayer("https://wms.example/", layers="x"),
        lambda: folium.plugins.Fullscreen(),
        lambda: Element("<img alt='' src='https://example.org/a.png'>"),
        lambda: Element("<style>p { background: url(https://example.org/a.png) }</style>"),
    ],
)
def test_what_would_fetch_is_refused(part):
    figure, chart = lean()
    (figure.html if type(part()) is Element else chart).add_child(part())
    with pytest.raises(NotSelfContained):
        figure.render()


def test_an_altered_asset_is_refused(monkeypatch):
    false = {name: {**asset, "sha256": "0" * 64} for name, asset in offline.manifest().items()}
    monkeypatch.setattr(offline, "manifest", lambda: false)
    with pytest.raises(NotSelfContained, match=r"leaflet\.js"):
        lean()[0].render()


def test_a_script_is_not_taken_for_a_style():
    with pytest.raises(NotSelfContained):
        offline.inlined("leaflet", "css")


def test_the_same_map_is_the_same_bytes():
    pages = {lean(location=[1, 2])[0].render() for _ in range(3)}
    assert len(pages) == 1
    assert not re.search(r"_[0-9a-f]{32}", next(iter(pages)))


@given(st.dictionaries(st.text(), st.one_of(st.text(), st.integers(), st.none(), st.booleans())))
def test_inert_json_reads_back_and_cannot_leave_its_element(data):
    written = inert(data)
    assert json.loads(written) == data
    assert not set(written) & set("<>&\u2028\u2029")
