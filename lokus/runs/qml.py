"""QGIS styles (QML) as QGIS itself writes them: symbols, classes and labels, for QGIS 3.10 and later.

A symbol's properties are written twice, as <Option> (read from 3.22 on) and as <prop> (read before).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.etree.ElementTree import Element, SubElement, indent, tostring

DOCTYPE = "<!DOCTYPE qgis PUBLIC 'http://mrcc.com/qgis.dtd' 'SYSTEM'>\n"
VERSION = "3.22.0"
LINE, LINE_WIDTH = "#5a5a5a", "0.1"

Kind = Literal["fill", "marker"]
# The layers of a symbol, lowest first: the class of each and its properties.
Symbol = tuple[tuple[str, Mapping[str, str]], ...]


@dataclass(frozen=True, slots=True)
class Class:
    """A class of a style: values from `low` up to but not including `high`, or, of a category, the text `value`."""

    label: str
    symbol: Symbol
    low: float = math.nan
    high: float = math.nan
    value: str = ""


@dataclass(frozen=True, slots=True)
class Label:
    """What stands in a feature: an expression of QGIS, its size in points, its weight and the least scale (1 : n)."""

    expression: str
    size: float
    bold: bool = False
    least_scale: int = 0


def with_aliases(document: str, aliases: Mapping[str, str]) -> str:
    """A style that also says what its layer's columns are called; older QGIS reads their names from nowhere else."""
    told = Element("aliases")
    for n, (column, name) in enumerate(aliases.items()):
        SubElement(told, "alias", {"field": column, "index": str(n), "name": _plain(name)})
    head, end, _ = document.rpartition("</qgis>")
    return f"{head}{tostring(told, encoding='unicode')}{end}\n"


def filled(colour: str, *, hatched: bool = False) -> Symbol:
    """A polygon of one colour with a thin grey line; hatched where there are no data."""
    plain = {"color": rgba(colour), "style": "solid", "outline_color": rgba(LINE), "outline_width": LINE_WIDTH}
    hatch = {"color": rgba("#8a8a8a"), "style": "b_diagonal", "outline_style": "no"}
    return (("SimpleFill", plain), *((("SimpleFill", hatch),) if hatched else ()))


def outlined(colour: str, width: float) -> Symbol:
    """A polygon without a fill."""
    line = {"style": "no", "outline_color": rgba(colour), "outline_width": str(width), "outline_style": "solid"}
    return (("SimpleFill", line),)


def marked(shape: str, size: float = 4.0) -> Symbol:
    """A point as one of QGIS's simple markers, black with a white rim: it stands out on every colour of a map."""
    look = {"name": shape, "color": rgba("#141414"), "outline_color": rgba("#ffffff"), "outline_width": "0.25"}
    return (("SimpleMarker", {**look, "size": str(size)}),)


def rgba(colour: str) -> str:
    """A colour as QGIS writes it.

    >>> rgba("#ff8000")
    '255,128,0,255'
    """
    return ",".join(str(int(colour[k : k + 2], 16)) for k in (1, 3, 5)) + ",255"


def quoted(column: str) -> str:
    """A column's name inside an expression."""
    return '"' + column.replace('"', '""') + '"'


def graduated(expression: str, classes: Sequence[Class], label: Label | None = None) -> str:
    """A graduated style of numbers, its classes in ascending order.

    QGIS takes both ends of a class as inside, give or take 1e-15, and the first class that fits. Here a bound belongs
    to the class above it, so that classes meet a trifle under their common bound.
    """
    renderer = Element(
        "renderer-v2", type="graduatedSymbol", attr=expression, graduatedMethod="GraduatedColor", symbollevels="0"
    )
    ranges = SubElement(renderer, "ranges")
    wide = [c for c in classes if c.high > c.low]
    shared = {c.high for c in wide} & {c.low for c in wide}
    for n, c in enumerate(classes):
        low, high = (f"{_under(x) if x in shared else x:.17g}" for x in (c.low, c.high))
        told = {"lower": low, "upper": high, "label": _plain(c.label)}
        SubElement(ranges, "range", {"symbol": str(n), "render": "true", **told})
    return _document(renderer, "fill", [c.symbol for c in classes], label)


def _under(bound: float) -> float:
    return bound - 1e-12 * max(1.0, abs(bound))


def categorised(expression: str, classes: Sequence[Class], kind: Kind = "fill", label: Label | None = None) -> str:
    """A style of kinds: the text that an expression gives for each feature."""
    renderer = Element("renderer-v2", type="categorizedSymbol", attr=expression, symbollevels="0")
    categories = SubElement(renderer, "categories")
    for n, c in enumerate(classes):
        told = {"value": c.value, "label": _plain(c.label), "type": "string"}
        SubElement(categories, "category", {"symbol": str(n), "render": "true", **told})
    return _document(renderer, kind, [c.symbol for c in classes], label)


def single(symbol: Symbol, label: Label | None = None) -> str:
    """One symbol for all polygons."""
    return _document(Element("renderer-v2", type="singleSymbol", symbollevels="0"), "fill", [symbol], label)


def _document(renderer: Element, kind: Kind, symbols: Sequence[Symbol], label: Label | None) -> str:
    root = Element(
        "qgis", version=VERSION, styleCategories="Symbology|Labeling", labelsEnabled=str(int(label is not None))
    )
    root.append(renderer)
    holder = SubElement(renderer, "symbols")
    for n, symbol in enumerate(symbols):
        drawn = SubElement(holder, "symbol", type=kind, name=str(n), alpha="1", clip_to_extent="1")
        for name, properties in symbol:
            layer = SubElement(drawn, "layer", {"class": name, "enabled": "1", "locked": "0", "pass": "0"})
            options = SubElement(layer, "Option", type="Map")
            for key, value in properties.items():
                SubElement(options, "Option", name=key, value=value, type="QString")
            for key, value in properties.items():
                SubElement(layer, "prop", k=key, v=value)
    if label is not None:
        root.append(_labelling(label))
    indent(root, " ")
    return DOCTYPE + tostring(root, encoding="unicode") + "\n"


def _labelling(label: Label) -> Element:
    labelling = Element("labeling", type="simple")
    settings = SubElement(labelling, "settings", calloutType="simple")
    look = {
        "fieldName": label.expression, "isExpression": "1", "fontSize": str(label.size), "fontSizeUnit": "Point",
        "textColor": "30,30,30,255", "textOpacity": "1", "namedStyle": "Bold" if label.bold else "Regular",
        "fontWeight": "75" if label.bold else "50", "allowHtml": "0",
    }  # fmt: skip
    text = SubElement(settings, "text-style", look)
    halo = {"bufferDraw": "1", "bufferSize": "0.7", "bufferSizeUnits": "MM", "bufferColor": "255,255,255,255"}
    SubElement(text, "text-buffer", {**halo, "bufferOpacity": "0.85", "bufferNoFill": "0"})
    SubElement(settings, "text-format", wrapChar="", autoWrapLength="24", useMaxLineLengthForAutoWrap="1")
    SubElement(settings, "placement", placement="1", quadOffset="4", dist="0")
    limits = {"scaleVisibility": str(int(label.least_scale > 0)), "scaleMin": str(label.least_scale), "scaleMax": "1"}
    SubElement(settings, "rendering", {"drawLabels": "1", "obstacle": "0", "displayAll": "0", **limits})
    return labelling


def _plain(words: str) -> str:
    """A legend's text without what XML cannot carry."""
    return "".join(c for c in words if c.isprintable())
