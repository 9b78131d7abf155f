"""A study and a run as Jupyter shows them: short, escaped, and without a figure that could point to a child."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from typing import TYPE_CHECKING

from lokus.messages import number, percent, spoken, text

if TYPE_CHECKING:
    from lokus.pipeline import Run
    from lokus.study import Study

MOST_ROWS = 30
# The classes of certainty as the map names them.
CHANCES = {"unlikely": "p0", "borderline": "p1", "likely": "p2", "certain": "p3"}
CELL = "text-align:left;vertical-align:top;max-width:24em;overflow-wrap:anywhere"


def run_card(run: Run) -> str:
    """A run as HTML: its title, who is chosen, how many notes on the data, and how to go on; in the language asked for.

    Ranks and classes of probability only: counts, rates and scores stay behind.
    """
    lang, facts = spoken(), run.facts
    chosen = [code for code in run.selection.index if run.villages.at[code, "selected"]]
    told = {"chosen": len(chosen), "villages": len(run.villages), "year": str(facts["year"]), "run": facts["run_id"]}
    notes = text("card.problems", lang, count=len(run.problems)) if run.problems else text("card.no_problems", lang)
    rows = [_village(run, code, lang) for code in chosen[:MOST_ROWS]]
    left = len(chosen) - len(rows)
    first = str(chosen[0] if chosen else run.villages.index[0])
    steps = [
        (f'lokus.explain(run, "{first}")', "explain"),
        ('lokus.map(run, "peta.html")', "map"),
        ("run.to_geodataframe()", "table"),
    ]
    names = [text(f"card.column.{c}", lang, top=facts["top_n"]) for c in ("rank", "village", "kecamatan", "chance")]
    return _card(
        str(facts["title"]),
        [text("card.run", lang, **told), notes],
        _table(names if facts["uncertain"] else names[:3], rows),
        [text("card.more", lang, count=left)] * (left > 0) + [text("card.public", lang)],
        [(code, text(f"card.{key}", lang)) for code, key in steps],
        lang,
    )


def study_card(study: Study) -> str:
    """A study as HTML: its title, its indicators with weight and target, and how to go on."""
    lang = spoken()
    measures = study.measures
    told = {"year": str(study.study.year), "tables": len(study.table), "indicators": len(measures)}
    rows = [
        [
            str(getattr(m, f"label_{lang}") or m.label_id or m.id),
            _weight(m.weight, lang) if m.score else text("card.column.unscored", lang),
            "–" if m.target is None else percent(m.target, lang, 1) if m.kind == "share" else number(m.target, lang, 1),
        ]
        for m in measures
    ]
    names = [text(f"card.column.{c}", lang) for c in ("indicator", "weight", "target")]
    steps = [("lokus.check(study).problems", "check"), ("run = lokus.run(study)", "compute")]
    lead = [text("card.study", lang, **told)]
    if study.selection.count is not None:
        lead.append(text("card.count", lang, count=study.selection.count))
    onward = [(code, text(f"card.{key}", lang)) for code, key in steps]
    return _card(study.study.title, lead, _table(names, rows), [], onward, lang)


def _weight(weight: float, lang: str) -> str:
    return number(weight, lang, next((d for d in range(2) if round(weight, d) == weight), 2))


def _village(run: Run, code: str, lang: str) -> list[str]:
    row = run.villages.loc[code]
    rank = "–" if row.isna()["rank"] else number(row["rank"], lang)
    told = [rank, f"{row['village']} ({code})", str(row["kecamatan"])]
    if run.facts["uncertain"]:
        key = CHANCES.get(str(row["certainty"]))
        told.append(text(f"map.class.{key}", lang) if key else "–")
    return told


def _table(names: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    head = "".join(f'<th style="{CELL}">{escape(name)}</th>' for name in names)
    # A name written from right to left must not turn its row around.
    body = "".join(
        "<tr>" + "".join(f'<td style="{CELL}"><bdi>{escape(cell)}</bdi></td>' for cell in row) + "</tr>" for row in rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _card(
    title: str, lead: Sequence[str], table: str, notes: Sequence[str], steps: Sequence[tuple[str, str]], lang: str
) -> str:
    said = "".join(f"<p>{escape(line)}</p>" for line in lead)
    after = "".join(f"<p>{escape(line)}</p>" for line in notes)
    onward = "".join(f"<li><code>{escape(code)}</code> {escape(words)}</li>" for code, words in steps)
    head = f'<p style="overflow-wrap:anywhere"><strong><bdi>{escape(title)}</bdi></strong></p>'
    return (
        f'<div lang="{lang}">{head}{said}{table}{after}<p>{escape(text("card.next", lang))}</p><ul>{onward}</ul></div>'
    )
