"""How a list was made, on a page or two for a planner: what was measured and weighed, the choice, its doubts."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from reportlab.platypus import Flowable, Paragraph, Spacer, Table, TableStyle

from lokus.messages import has, number, percent, text
from lokus.outputs import choice, maps, story, sums, words
from lokus.outputs.papers import agreement, lettering, sheet
from lokus.outputs.papers.sheet import MARGIN, PALE, ROOM, RULE, TALL, Said, Sheets
from lokus.outputs.telling import Telling

if TYPE_CHECKING:
    from lokus.pipeline import Run

TITLE, BODY, CELL = 20.0, 9.0, 7.8
# Set smaller in these steps until it stands on two pages; a study of very many indicators takes more.
SCALES, PAGES = (1.06, 1.0, 0.94, 0.88), 2
# Widths of the table: indicator, weight, average, target, villages with data, source.
WIDTHS = (168.0, 44.0, 52.0, 86.0, 44.0, ROOM - 394.0)
# A heading never stands alone at the foot of a page.
TOGETHER = 52.0
# What a person decides about single villages: told by number of villages.
NAMED = ("keep", "add", "drop", "remove")


def method_page(run: Run, lang: str, *, public: bool = True) -> bytes:
    """The method of a run as A4 pages, in words; the same run and language give the same bytes.

    :param public: tell totals so coarsely that no count of 1–4 comes out; False marks every page as internal.
    """
    title = text("method.title", lang)
    for scale in SCALES:
        with sheet.document(run, lang, title, public=public, pages=0) as (tried, _):
            _flow(tried, _parts(run, lang, public, scale))
        if tried.done <= PAGES:
            break
    with sheet.document(run, lang, title, public=public, pages=tried.done) as (sheets, file):
        _flow(sheets, _parts(run, lang, public, scale))
    return file.getvalue()


def _flow(sheets: Sheets, told: Sequence[Flowable]) -> None:
    """Sets flowables under each other, on as many pages as they need."""
    queue, floor, top = deque(told), sheet.floor(sheets), TALL - MARGIN
    y = top
    while queue:
        part = queue.popleft()
        room = y - floor - (TOGETHER if part.getKeepWithNext() else 0)
        if part.wrap(ROOM, room)[1] > room:
            pieces = part.split(ROOM, room)
            if len(pieces) > 1:
                part = pieces.pop(0)
                queue.extendleft(reversed(pieces))
            elif y < top:
                queue.appendleft(part)
                sheets.close_page()
                y = top
                continue
        tall = part.wrap(ROOM, room)[1]
        part.drawOn(sheets.canvas, MARGIN, y - tall)
        y -= tall
    sheets.close_page()


def _parts(run: Run, lang: str, public: bool, scale: float) -> list[Flowable]:
    def say(key: str, **given: Any) -> str:
        return text(f"method.{key}", lang, **given)

    told: list[Flowable] = [
        sheet.paragraph(Said(say("title"), TITLE, bold=True), 1.0),
        sheet.paragraph(Said(str(run.facts["title"]), 11, soft=True), 1.0),
    ]

    def section(key: str, lines: Sequence[Said], *more: Flowable) -> None:
        heading = sheet.paragraph(Said(say(f"{key}.heading"), 11, bold=True), scale, heading=True)
        told.extend([Spacer(1, 7 * scale), heading, Spacer(1, 2 * scale)])
        for line in lines:
            told.extend([sheet.paragraph(line, scale), Spacer(1, 1.5 * scale)])
        told.extend(more)

    section("measured", [Said(say("measured.text"), BODY)], _table(run, lang, public, scale))
    section("estimated", [Said(line, BODY) for line in _estimated(run, lang)])
    section("scored", [Said(line, BODY) for line in _scored(run, lang)])
    section("chosen", list(_chosen(run, lang)))
    section("certain", [Said(line, BODY) for line in sureness(run, lang, public)])
    section("unknown", [Said(line, BODY, bullet=True) for line in _unknown(run, lang, public)])
    section("sources", [Said(line, BODY, bullet=True) for line in _sources(run, lang)])
    told.append(sheet.paragraph(Said(say("repeat", run=run.facts["run_id"]), BODY, soft=True), scale))
    return told


def _table(run: Run, lang: str, public: bool, scale: float) -> Table:
    """The indicators under their dimensions, with weight, average, target and source."""
    heads = ("indicator", "weight", "average", "target", "villages", "source")
    rows = [[_cell(text(f"method.column.{key}", lang), scale, bold=True) for key in heads]]
    look: list[tuple[Any, ...]] = [
        ("VALIGN", (0, 0), (-1, -1), "TOP"), ("LINEBELOW", (0, 0), (-1, -1), 0.4, RULE),
        ("LEFTPADDING", (0, 0), (-1, -1), 3), ("RIGHTPADDING", (0, 0), (-1, -1), 3),
        ("TOPPADDING", (0, 0), (-1, -1), 1.2), ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
    ]  # fmt: skip
    telling = Telling(run, lang, public, None)
    for name, entries in _by_dimension(run, lang):
        whole = sum(entry["weight"] for entry in entries)
        said = percent(whole, lang, 0) if whole else ""
        look += [("BACKGROUND", (0, len(rows)), (-1, len(rows)), PALE), ("SPAN", (2, len(rows)), (-1, len(rows)))]
        rows.append([_cell(name, scale, bold=True), _cell(said, scale, bold=True), "", "", "", ""])
        rows += [_row(run, telling, entry, scale) for entry in entries]
    return Table(rows, colWidths=WIDTHS, repeatRows=1, style=TableStyle(look), hAlign="LEFT")


def _by_dimension(run: Run, lang: str) -> Iterator[tuple[str, list[words.Indicator]]]:
    """The indicators of each dimension, in the order of the study; those of no scored dimension last."""
    names = {d["id"]: words.label(d, lang) for d in run.facts["dimensions"]}
    order = [*names, *dict.fromkeys(e["dimension"] for e in run.facts["indicators"] if e["dimension"] not in names)]
    for dimension in order:
        entries = [e for e in run.facts["indicators"] if e["dimension"] == dimension]
        known = text(f"dimension.{dimension}", lang) if has(f"dimension.{dimension}") else dimension
        if entries:
            yield names.get(dimension, known), entries


def _row(run: Run, telling: Telling, entry: words.Indicator, scale: float) -> list[Paragraph]:
    lang = telling.lang
    weight = percent(entry["weight"], lang, 1) if entry["scored"] else text("papers.not_scored", lang)
    target = ""
    if entry["target"] is not None:
        target = words.value_text(entry, entry["target"], lang)
        target = " · ".join(filter(None, (target, str(entry["target_source"] or ""))))
    paths = {table["id"]: Path(table["path"]).name for table in run.facts["tables"]}
    source = entry["source"] or paths.get(entry["table"], entry["table"])
    period = entry["period"] or text("map.period_unsaid", lang)
    known = f"{number(entry['villages'], lang)}/{number(len(run.villages), lang)}"
    average = sums.average_text(run, entry, lang, public=telling.public)
    said = (words.label(entry, lang), weight, average, target, known, f"{source} ({period})")
    return [_cell(lettering.clip(line, CELL, 4 * wide), scale) for line, wide in zip(said, WIDTHS, strict=True)]


def _cell(said: str, scale: float, bold: bool = False) -> Paragraph:
    return sheet.paragraph(Said(said, CELL, bold=bold), scale)


def _estimated(run: Run, lang: str) -> Iterator[str]:
    given = run.manifest["study"].get("method", {})
    if any(entry["interval"] for entry in run.facts["indicators"]):
        prior = _option(f"prior.{given.get('prior', 'kabupaten')}", lang)
        interval = percent(run.facts["interval"], lang, 0)
        yield text("method.estimated.text", lang, prior=prior, interval=interval)
    else:
        yield text("method.estimated.none", lang)


def _option(key: str, lang: str) -> str:
    """A method's name in words; as the study writes it where there are none."""
    name = f"audit.option.{key}"
    return text(name, lang) if has(name) else key.rpartition(".")[2]


def _scored(run: Run, lang: str) -> Iterator[str]:
    given, scheme = run.manifest["study"].get("method", {}), run.facts.get("scheme", {})
    means = [_option(f"mean.{scheme.get(part, 'arithmetic')}", lang) for part in ("within", "across")]
    parts = [text("audit.means", lang, within=means[0], across=means[1])]
    parts += [_option(f"{key}.{given[key]}", lang) for key in ("normalise", "treatment") if key in given]
    weights = given.get("weights", "expert")
    own = f"method.weights.{weights}"
    how = text(own, lang) if has(own) else text("method.weights.data", lang, name=weights)
    yield text("method.scored.text", lang, parts="; ".join(parts), weights=how)
    short = int(run.villages["rank"].isna().sum())
    if short:
        least = percent(given.get("least_observed", 0), lang, 0)
        yield text("method.scored.unranked", lang, count=short, least=least)


def _chosen(run: Run, lang: str) -> Iterator[Said]:
    objective = run.manifest["study"].get("selection", {}).get("objective", "score")
    count = int(run.villages["selected"].sum())
    said = text(f"method.objective.{objective}", lang)
    told = rules(run, lang)
    key = "rules" if told else "plain"
    yield Said(text(f"method.chosen.{key}", lang, count=count, all=len(run.villages), objective=said), BODY)
    for line in told:
        yield Said(line, BODY, bullet=True)
    yield from (Said(line, BODY) for line in agreement.agreed(run, lang))
    yield from (Said(line, BODY, bullet=True) for line in agreement.named(run, lang))


def rules(run: Run, lang: str) -> list[str]:
    """The rules of the choice, each as a phrase: limits with their number, thresholds, and who was named."""
    told = []
    for name, value in choice.limits(run).items():
        if name in NAMED:
            told.append(text("method.named", lang, what=text(f"story.rule.{name}", lang), count=len(value)))
        elif name == "threshold":
            told += [choice.rule_text(run, f"selection.threshold[{n}]", lang) for n in range(1, len(value) + 1)]
        elif name == "least_under" or has(f"words.rule.{name}"):
            told.append(choice.rule_text(run, f"selection.{name}", lang))
        elif has(f"method.rule.{name}"):
            told.append(text(f"method.rule.{name}", lang))
    return told


def sureness(run: Run, lang: str, public: bool) -> list[str]:
    """How surely the list is the right one, in the words of the story, with what its chances mean."""
    step = story.uncertain(Telling(run, lang, public, None, ("p_top",)))
    if not step:
        return [text("method.certain.none", lang)]
    return [" ".join([f"{step.figure} {step.caption}.", *step.lines]), step.notes]


def _unknown(run: Run, lang: str, public: bool) -> Iterator[str]:
    yield from maps.notes(run, np.ones(len(run.villages), bool), lang, public)
    for key in ("errors", "unseen", "weights", "line", "effect"):
        yield text(f"method.unknown.{key}", lang)
    doubtful = [
        words.short(entry, lang)
        for entry in run.facts["indicators"]
        if entry["target"] is not None and not entry["target_verified"]
    ]
    if doubtful:
        yield text("method.unknown.targets", lang, labels=doubtful)


def _sources(run: Run, lang: str) -> Iterator[str]:
    """Each table with how many of its rows found their village; then boundaries and points."""
    for table in run.facts["tables"]:
        name, period = table["source"] or Path(table["path"]).name, table["period"]
        said = text("map.table", lang, name=name, period=period or text("map.period_unsaid", lang))
        if "matched" in table and "rows" in table:
            said = text("method.sources.matched", lang, table=said, matched=table["matched"], rows=table["rows"])
        yield said
    yield from maps.sources(run, lang)[len(run.facts["tables"]) :]
