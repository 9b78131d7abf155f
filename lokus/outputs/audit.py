"""What a list hangs on, in a planner's words and as tables; figures of 1–4 people are told as `banding` says."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from lokus import audits
from lokus.audits import Audit
from lokus.catalog.loader import BURDEN, MEASURED
from lokus.errors import LokusError
from lokus.facts import json_values
from lokus.messages import number, percent, text
from lokus.methods.listsensitivity import movers
from lokus.methods.ranksets import KINDS
from lokus.outputs import banding, consequences, otherlists, words
from lokus.runs.folder import write_csv
from lokus.study import make_study

if TYPE_CHECKING:
    from lokus.pipeline import Run

# Lines of one kind on a screen; the tables have all.
SHOWN, NAMED, FIRST = 8, 4, 12
MEASURING = 5
SHORT = 3
# Children gained, below which it is not worth a posyandu's day: of twenty such days, one finds a child.
WORTH = 0.05
# What drives less than half of its weight, or more than twice it, is not what its weight says.
FAR = 2.0
# Parts of a group that move together reach this (Nunnally 1978).
ALPHA = 0.7


def ask(run: Run) -> Audit:
    """The audit of a stored run, from it alone."""
    return audits.ask(make_study(run.manifest["study"], Path()), run.villages, run.geometry)


def report(run: Run, told: Audit, lang: str = "id", *, public: bool = True) -> dict[str, Any]:
    """An audit as JSON values; `text` holds the lines for a screen."""
    made = {name: json_values(table.to_dict("records")) for name, table in tables(run, told, public=public).items()}
    replays = told.sensitivity
    return {
        "run": run.facts["run_id"],
        "top_n": told.made.top_n,
        **made,
        "evaluations": replays.evaluations if replays else 0,
        "failed": replays.failed if replays else 0,
        "text": lines(run, told, lang, public=public),
    }


def tables(run: Run, told: Audit, *, public: bool = True) -> dict[str, pd.DataFrame]:
    """Everything an audit found, one table a question; what was skipped is not among them."""
    without = told.without.reset_index()
    listed = without.assign(**{side: without[side].map(" ".join) for side in ("entered", "left")})
    found = {
        "indicators": told.indicators.reset_index(),
        "groups": told.groups.reset_index(),
        "flags": told.flags,
        "without": listed,
    }
    if (some := told.sensitivity) is not None:
        named = run.villages.index
        of_villages = some.of_villages.assign(village=named[some.of_villages["village"].astype(int)])
        moved = movers(some.selected)
        found |= {"list": some.of_list, "borderline": of_villages}
        found["movers"] = moved.assign(village=named[moved["village"].astype(int)])
    if told.sets is not None:
        beside = run.villages[["rank", "rank_low", "rank_high"]].join(told.sets.drop(columns="score_sd"), how="right")
        found["rank_sets"] = beside.sort_values("rank", kind="stable").rename_axis("village").reset_index()
    measuring = told.measuring.astype("float64")
    if public:
        measuring.loc[[code for code in measuring.index if _hidden(run, code)]] = float("nan")
    found["measuring"] = measuring.rename_axis("village").reset_index()
    return {**found, **otherlists.tables(run, told, public=public)}


def write(made: dict[str, pd.DataFrame], folder: Path) -> list[Path]:
    """Each table as `<name>.csv`, none half-written.

    :raises LokusError: when the folder cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=folder, prefix=".writing-") as temporary:
            for name, table in made.items():
                write_csv(table, Path(temporary) / f"{name}.csv")
            return [(Path(temporary) / f"{name}.csv").replace(folder / f"{name}.csv") for name in made]
    except OSError as fault:
        raise LokusError("run_unwritable", folder=str(folder), fault=fault) from None


def lines(run: Run, told: Audit, lang: str, *, public: bool = True) -> list[str]:
    """The audit in words."""
    parts: tuple[tuple[str, Iterator[str]], ...] = (
        ("drives", _drives(run, told, lang)),
        ("without", _without(run, told, lang)),
        ("moves", _moves(run, told, lang)),
        ("sets", _sets(run, told, lang)),
        ("measuring", _measuring(run, told, lang, public)),
        ("data", otherlists.data_lines(run, told, lang)),
        ("choice", otherlists.choice_lines(run, told, lang, public=public)),
        ("weights", otherlists.weight_lines(run, told, lang)),
    )
    top = number(told.made.top_n, lang)
    made = [text("audit.heading", lang, title=run.facts["title"], run=run.facts["run_id"], top=top)]
    made += ["", text("audit.short.title", lang), *(f"  • {said}" for said in _short(run, told, lang))]
    for name, said in parts:
        made += ["", text(f"audit.{name}.title", lang), *said]
    return made


def _short(run: Run, told: Audit, lang: str) -> Iterator[str]:
    """What a planner takes home: what decides, who is sure, who at the edge, what matters, where to measure."""
    drives = told.indicators["drives"].dropna().sort_values(ascending=False, kind="stable").head(2)
    parts = [f"{_label(run, f'need_{name}', lang)} ({_whole(share, lang)})" for name, share in drives.items()]
    yield text("audit.short.drives", lang, parts=", ".join(parts) or "–")
    yield from otherlists.short_lines(run, told, lang)
    if told.sensitivity is not None:
        of_list = told.sensitivity.of_list
        kept = of_list[of_list["output"] == "kept"].dropna(subset=["total"])
        if len(kept):
            most = kept.loc[kept["total"].idxmax()]
            said = {"factor": text(f"audit.factor.{most['factor']}", lang), "total": _part(most["total"], lang)}
            yield text("audit.short.matters", lang, **said)
    worth = [consequences.place(run, str(code)) for code in _worth(told).index[:SHORT]]
    yield text("audit.short.measure" if worth else "audit.short.measure_none", lang, places="; ".join(worth))


def _worth(told: Audit) -> pd.DataFrame:
    """Where measuring more children is worth the way."""
    return told.measuring[told.measuring["gain"] >= WORTH]


def _hidden(run: Run, code: str) -> bool:
    row = words.row_of(run, code)
    entries = (words.indicator(run, name) for name in (BURDEN, MEASURED))
    return any(entry is not None and banding.band(run, row, entry) for entry in entries)


def _label(run: Run, node: str, lang: str) -> str:
    """The name of a column of the score: an indicator's need, a dimension, or the score."""
    kind, _, name = node.partition("_")
    if kind == "need":
        entry = words.indicator(run, name)
        return words.short(entry, lang) if entry else name
    if kind == "dimension":
        return words.label(next(d for d in run.facts["dimensions"] if d["id"] == name), lang)
    return text("audit.score", lang)


def _drives(run: Run, told: Audit, lang: str) -> Iterator[str]:
    """What each indicator weighs and drives; then what deserves a thought, or that nothing does."""
    for name, row in told.indicators.sort_values("drives", ascending=False, kind="stable").iterrows():
        said = {c: _whole(row[c], lang) for c in ("weight", "effective", "drives")}
        r = number(row["correlation"], lang, 2)
        key = "constant" if pd.isna(row["drives"]) else "line"
        yield "  • " + text(f"audit.drives.{key}", lang, label=_label(run, f"need_{name}", lang), correlation=r, **said)
    doubts = [*_far(run, told, lang), *_flagged(run, told, lang), *_apart(run, told, lang)]
    doubts += [*otherlists.size_lines(run, told, lang), *consequences.turned(run, lang)]
    yield text("audit.drives.doubts" if doubts else "audit.drives.nothing", lang)
    yield from (f"  ! {doubt}" for doubt in doubts)


def _far(run: Run, told: Audit, lang: str) -> Iterator[str]:
    v = told.indicators
    for far, those in (("more", v["drives"] > FAR * v["effective"]), ("less", v["drives"] < v["effective"] / FAR)):
        parts = []
        for name, row in v[those].iterrows():
            said = {c: _whole(row[c], lang) for c in ("effective", "drives")}
            parts.append(text("audit.drives.part", lang, label=_label(run, f"need_{name}", lang), **said))
        if parts:
            yield text(f"audit.drives.{far}", lang, parts="; ".join(parts))


def _whole(share: float, lang: str) -> str:
    """A share in whole per cent, without a minus before 0."""
    return percent(round(share, 2) + 0.0, lang, 0)


def _flagged(run: Run, told: Audit, lang: str) -> Iterator[str]:
    for _, flag in told.flags.iterrows():
        own = "_group" if flag["kind"] == "negative" and flag["second"] == flag["group"] else ""
        names = {part: _label(run, flag[part], lang) for part in ("first", "second", "group")}
        r = number(flag["correlation"], lang, 2)
        yield text(f"audit.flag.{flag['kind']}{own}", lang, correlation=r, **names)


def _apart(run: Run, told: Audit, lang: str) -> Iterator[str]:
    for node, row in told.groups[(told.groups["alpha"] < ALPHA) & (told.groups.index != "score")].iterrows():
        said = {"alpha": number(row["alpha"], lang, 2), "first": percent(row["first"], lang, 0)}
        yield text("audit.drives.apart", lang, group=_label(run, str(node), lang), parts=int(row["parts"]), **said)


def _without(run: Run, told: Audit, lang: str) -> Iterator[str]:
    for node, row in told.without.sort_values("mean_change", ascending=False, kind="stable").iterrows():
        said = {"label": _label(run, str(node), lang), "most": number(row["most_change"], lang)}
        said["mean"] = number(row["mean_change"], lang, 1)
        kind = "dimension" if str(node).startswith("dimension_") else "indicator"
        yield "  • " + text(f"audit.without.{kind}", lang, **said) + " " + _swapped(run, row, lang)
    if told.without.empty:
        yield text("audit.without.nothing", lang)


def _swapped(run: Run, row: pd.Series, lang: str) -> str:
    sides = {side: _several(run, row[side], lang) for side in ("entered", "left") if row[side]}
    if not sides:
        return text("audit.without.same", lang)
    return " ".join(text(f"audit.without.{side}", lang, villages=said) for side, said in sides.items())


def _several(run: Run, codes: Sequence[str], lang: str) -> str:
    twins = run.villages["village"].duplicated(keep=False)
    known = run.villages["village"]
    names = ", ".join(consequences.place(run, code) if twins[code] else str(known[code]) for code in codes[:NAMED])
    more = len(codes) - NAMED
    return names + (" " + text("audit.more", lang, more=number(more, lang)) if more > 0 else "")


def _skipped(run: Run, lang: str) -> str:
    key = "large" if len(run.villages) > audits.MOST_VILLAGES else "certain"
    return text(f"audit.{key}", lang, most=number(audits.MOST_VILLAGES, lang))


def _moves(run: Run, told: Audit, lang: str) -> Iterator[str]:
    """Which assumption moves the list, each borderline village, and whom most."""
    some = told.sensitivity
    if some is None:
        yield _skipped(run, lang)
        return
    counts = {"replays": number(some.evaluations, lang), "failed": number(some.failed, lang)}
    yield text("audit.moves.replays", lang, **counts)
    yield text("audit.moves.chance", lang, top=number(told.made.top_n, lang))
    kept = some.of_list[some.of_list["output"] == "kept"].sort_values("total", ascending=False, kind="stable")
    if kept["total"].isna().all():
        yield text("audit.moves.still", lang)
    for _, row in kept.dropna(subset=["total"]).iterrows():
        said = {c: _part(row[c], lang) for c in ("first", "total")}
        yield "  • " + text("audit.moves.factor", lang, factor=text(f"audit.factor.{row['factor']}", lang), **said)
    yield from _borderline(run, told, lang)
    made = movers(some.selected).head(SHOWN)
    if len(made):
        yield text("audit.moves.movers", lang)
    for _, row in made.iterrows():
        said = {c: words.probability(row[c], lang) for c in ("p_least", "p_most")}
        options = {c: _option(row["factor"], row[c], lang) for c in ("option_least", "option_most")}
        place = consequences.place(run, run.villages.index[int(row["village"])])
        yield "  • " + text("audit.moves.mover", lang, place=place, **said, **options)


def _borderline(run: Run, told: Audit, lang: str) -> Iterator[str]:
    some = told.sensitivity
    if some is None:
        return
    found = some.of_villages[some.of_villages["output"] == "selected"].dropna(subset=["total"])
    most = found.sort_values("total", ascending=False, kind="stable").drop_duplicates("village").set_index("village")
    if most.empty:
        yield text("audit.moves.no_borderline", lang)
        return
    near = pd.Series(some.p_top[most.index], most.index).sub(0.5).abs().sort_values(kind="stable").index
    yield text("audit.moves.borderline", lang, count=number(len(most), lang))
    for village in near[:SHOWN]:
        row = most.loc[village]
        said = {"p": words.probability(some.p_top[village], lang), "total": _part(row["total"], lang)}
        factor = text(f"audit.factor.{row['factor']}", lang)
        place = consequences.place(run, run.villages.index[int(village)])
        yield "  • " + text("audit.moves.village", lang, place=place, factor=factor, **said)


def _part(index: float, lang: str) -> str:
    """A share of a variance as estimated, which chance may put a little under 0 or over 1."""
    return _whole(min(max(index, 0.0), 1.0), lang)


def _option(factor: str, option: str, lang: str) -> str:
    if factor != "aggregate":
        return text(f"audit.option.{factor}.{option}", lang)
    within, across = (text(f"audit.option.mean.{mean}", lang) for mean in option.split("/"))
    return text("audit.means", lang, within=within, across=across)


def _sets(run: Run, told: Audit, lang: str) -> Iterator[str]:
    """Rank sets beside the run's intervals, and who is surely in or out by them."""
    if told.sets is None:
        yield _skipped(run, lang)
        return
    top, level = told.made.top_n, percent(run.facts["interval"], lang, 0)
    inside, outside = told.sets["high_simultaneous"] <= top, told.sets["low_simultaneous"] > top
    counts = {"inside": inside, "outside": outside, "open": ~inside & ~outside}
    said = {side: number(int(some.sum()), lang) for side, some in counts.items()}
    yield text("audit.sets.surely", lang, top=number(top, lang), level=level, **said)
    yield text("audit.sets.columns", lang, level=level)
    yield text("audit.sets.chance", lang)
    ranked = run.villages.loc[told.sets.index].sort_values("rank", kind="stable")
    for code, row in ranked.head(min(top, FIRST)).iterrows():
        own = told.sets.loc[code]
        ends = {kind: [own[f"{end}_{kind}"] for end in ("low", "high")] for kind in KINDS}
        ends["draws"] = [row["rank_low"], row["rank_high"]]
        shown = {kind: "–".join(number(float(end), lang) for end in both) for kind, both in ends.items()}
        yield "  • " + text(
            "audit.sets.line", lang, rank=number(row["rank"], lang), place=consequences.place(run, code), **shown
        )


def _measuring(run: Run, told: Audit, lang: str, public: bool) -> Iterator[str]:
    most = number(audits.MORE, lang)
    worth = _worth(told)
    if worth.empty:
        yield text("audit.measuring.nothing", lang, most=most)
        return
    yield text("audit.measuring.why", lang, most=most)
    for code, row in worth.head(MEASURING).iterrows():
        said = {"gain": number(row["gain"], lang, 2), "more": number(row["more"], lang)}
        key = "hidden" if public and _hidden(run, str(code)) else "line"
        yield "  • " + text(f"audit.measuring.{key}", lang, place=consequences.place(run, str(code)), **said)
