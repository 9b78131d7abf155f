"""Ways of choosing in words: what each preset is and needs, and what all of them choose on a study."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lokus import messages
from lokus.catalog import indicators
from lokus.catalog.presets import Preset, presets
from lokus.errors import LokusError, Problem, StudyError, Where
from lokus.facts import json_values
from lokus.messages import number, percent, text
from lokus.methods.concordance import concordance
from lokus.outputs import banding
from lokus.runs.folder import write_csv
from lokus.ways import PANEL

if TYPE_CHECKING:
    from lokus.ways import Way, Ways

BY = ("all", "most", "some", "one")
MARK = "●"


def catalogue(lang: str) -> list[dict[str, Any]]:
    """Every preset as JSON values, with what it needs; `text` holds its lines for a screen."""
    return [{**_said(preset, lang), "needs": _needs(preset, lang), "text": _about(preset, lang)}
            for preset in presets().values()]  # fmt: skip


def _said(preset: Preset, lang: str) -> dict[str, str]:
    parts = {part: str(getattr(preset, f"{part}_{lang}")) for part in ("label", "told", "reading", "warning")}
    return {"id": preset.id, "source": preset.source, **parts}


def _needs(preset: Preset, lang: str) -> list[str]:
    """The indicators a preset scores or asks, and the service coverages it counts."""
    asked = {use.id: use.optional for use in preset.indicator}
    asked |= {t.indicator: t.optional for t in preset.threshold if t.indicator not in asked}
    told = {named(id_, lang): optional for id_, optional in asked.items()}
    if least := preset.least_under:
        told[text("ways.services", lang, count=least.count)] = least.optional
    return [text("ways.optional", lang, need=need) if optional else need for need, optional in told.items()]


def named(id_: str, lang: str) -> str:
    """What a preset asks for, by its label and its id."""
    if id_ == "services":
        return text("ways.some_services", lang)
    return text("ways.need", lang, label=getattr(indicators()[id_], f"label_{lang}"), id=id_)


def _about(preset: Preset, lang: str) -> list[str]:
    said, needs = _said(preset, lang), "; ".join(_needs(preset, lang))
    parts = [text(f"ways.{key}", lang, **{key: said[key]}) for key in ("source", "told", "reading")]
    parts += [text("ways.needs", lang, needs=needs), said["warning"]]
    return [text("ways.name", lang, id=preset.id, label=said["label"]), *(f"  {part}" for part in parts)]


def under(manifest: Mapping[str, Any], lang: str) -> list[str]:
    """Which preset a run was made by, and what it did without; no line for a run of the study's own way."""
    if not (given := manifest.get("preset")):
        return []
    lines = [text("ways.under", lang, **_said(presets()[given["id"]], lang))]
    return lines + _left_out(given["left_out"], lang)


def _left_out(ids: Any, lang: str) -> list[str]:
    return [text("ways.left_out", lang, what="; ".join(named(i, lang) for i in ids))] if ids else []


def as_values(ways: Ways, lang: str) -> dict[str, Any]:
    """All ways, villages and pairs as JSON values; `children` null where 1–4 are meant."""
    told = {
        "ways": [_way_values(way, lang) for way in ways.every],
        "villages": ways.table().reset_index().to_dict("records"),
        "pairs": concordance(ways.chosen).reset_index().to_dict("records"),
        "methods": None if ways.methods is None else list(PANEL),
    }
    values: dict[str, Any] = json_values(told)
    return values


def _way_values(way: Way, lang: str) -> dict[str, Any]:
    few = way.children is None or banding.is_few(way.children)
    said = _said(way.preset, lang) if way.preset else {"id": way.id, "label": text("ways.own", lang)}
    return {
        **said,
        "selected": None if way.chosen is None else way.chosen.index[way.chosen].tolist(),
        "children": None if few or way.children is None else round(way.children),
        "missing": list(way.missing),
        "left_out": list(way.left_out),
        "fault": _fault(way.fault, lang) if way.fault else "",
    }


def lettered(ways: Ways) -> dict[str, Way]:
    """The ways that choose, each by the letter it has in the tables."""
    able = [way for way in ways.every if way.chosen is not None]
    return {chr(ord("A") + n): way for n, way in enumerate(able)}


def heading(ways: Ways, lang: str) -> list[str]:
    """The ways that choose: how many villages, how many children, by what source; what the methods are."""
    lines = [text("ways.title", lang, title=ways.study.study.title)]
    for letter, way in lettered(ways).items():
        children = "" if way.children is None else banding.count_text(way.children, lang)
        children = text("ways.children", lang, children=children) if children else ""
        count = 0 if way.chosen is None else int(way.chosen.sum())
        lines.append(text("ways.way", lang, letter=letter, label=label(way, lang), count=count, children=children))
        if way.preset:
            said = _said(way.preset, lang)
            about = [f"{text('ways.source', lang, source=said['source'])}. {said['warning']}"]
            lines += [f"   {line}" for line in [*about, *_left_out(way.left_out, lang)]]
    return lines if ways.methods is None else [*lines, text("ways.methods", lang, count=len(PANEL))]


def label(way: Way, lang: str) -> str:
    """A way's name."""
    return text("ways.own", lang) if way.preset is None else str(getattr(way.preset, f"label_{lang}"))


def village_rows(ways: Ways, lang: str) -> list[list[str]]:
    """One row for each village that any way chooses: place, a mark for each way, by how many, by how many methods."""
    rows = []
    for row in ways.table().to_dict("records"):
        marks = [MARK if row[way.id] else "" for way in lettered(ways).values()]
        by = [text(f"ways.by.{row['chosen_by']}", lang), "–" if ways.methods is None else number(row["methods"], lang)]
        rows.append([row["village"], row["kecamatan"], *marks, *by])
    return rows


def pair_rows(ways: Ways, lang: str) -> list[list[str]]:
    """Ways × ways: how many villages both choose, and their share of both lists together."""
    lettering = {way.id: letter for letter, way in lettered(ways).items()}
    cells = {}
    for (one, other), pair in concordance(ways.chosen).iterrows():
        shown = f"{number(pair['both'], lang)} ({percent(pair['jaccard'], lang, 0)})"
        cells[one, other] = cells[other, one] = shown
    return [[letter, *(cells.get((id_, other), "") for other in lettering)] for id_, letter in lettering.items()]


def closing(ways: Ways, lang: str) -> list[str]:
    """By how many ways villages are chosen, which presets cannot run and why, the caution."""
    by = ways.table()["chosen_by"].value_counts()
    lines = [text("ways.chosen_by", lang, **{name: int(by.get(name, 0)) for name in BY})]
    if unable := [way for way in ways.every if way.chosen is None]:
        lines += [text("ways.cannot", lang), *(f"  • {_why_not(way, lang)}" for way in unable)]
    return [*lines, text("ways.caution", lang)]


def _why_not(way: Way, lang: str) -> str:
    if way.fault:
        return text("ways.fault", lang, label=label(way, lang), fault=_fault(way.fault, lang))
    missing = "; ".join(named(i, lang) for i in way.missing)
    return text("ways.missing", lang, label=label(way, lang), missing=missing)


def _fault(fault: LokusError, lang: str) -> str:
    return " ".join([messages.error(fault, lang), *(messages.problem(p, lang) for p in fault.problems if p.fatal)])


def write(ways: Ways, path: Path) -> None:
    """Writes the table of villages and ways as CSV.

    :raises StudyError: `path` is one of the files that were read. :raises LokusError: when it cannot be written.
    """
    if path.resolve() in {read.resolve() for read in ways.inputs}:
        raise StudyError([Problem("output_is_input", True, Where(file=str(path), key="-o"))])
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write_csv(ways.table().reset_index(), path)
    except OSError as fault:
        raise LokusError("ways_unwritable", file=str(path), fault=fault) from None
