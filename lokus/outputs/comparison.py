"""Two runs side by side, two years or two methods: who stays, enters and leaves, and why; what really changed."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pandas as pd

from lokus.catalog import indicators
from lokus.catalog.loader import BURDEN, MEASURED
from lokus.facts import json_values
from lokus.messages import number, percent, text
from lokus.methods import change
from lokus.outputs import banding, words

if TYPE_CHECKING:
    from lokus.pipeline import Run

VERDICTS = ("fell", "rose", "unclear")
# What of a study says how the list was made; the rest says of which data.
SETTINGS = ("indicator", "dimension", "method", "uncertainty", "selection")


def table(before: Run, after: Run) -> pd.DataFrame:
    """Every village of either run: its move on the list, what moved its score, and the change of its prevalence.

    Returns: `change.moves`, `change.change_in_rate` and `change.doubts` on one index; NaN and False where a run has no
    prevalence with counts.
    """
    told = change.moves(before.villages, after.villages)
    names = after.villages[["village", "kecamatan"]].reindex(told.index)
    names = names.fillna(before.villages[["village", "kecamatan"]].reindex(told.index))
    rates = [_posterior(run, told.index) for run in (before, after)]
    counts = [_counts(run, told.index) for run in (before, after)]
    return pd.concat([names, told, change.change_in_rate(*rates), change.doubts(*counts)], axis=1)


def backtest(before: Run, after: Run) -> pd.DataFrame | None:
    """What this year's stunted children the lists of last year would have reached; None without counts of both years.

    The lists: that of the earlier run ("method"), the one the later run calls last year's ("actual"), and as many
    villages as the method's by raw prevalence and by count of the earlier year.
    """
    numerator = f"numerator_{BURDEN}"
    if any(numerator not in run.villages for run in (before, after)) or before.facts["year"] >= after.facts["year"]:
        return None
    villages = before.villages
    size = int(villages["selected"].sum())
    lists = {"method": villages["selected"]}
    if after.villages["last_year"].any():
        lists["actual"] = after.villages["last_year"]
    for name, column in (("prevalence", f"value_{BURDEN}"), ("count", numerator)):
        first = villages[column].dropna().sort_values(ascending=False, kind="stable").index[:size]
        lists[name] = pd.Series(villages.index.isin(first), villages.index)
    children = after.villages[numerator]
    return change.backtest(lists, children) if children.sum() > 0 else None


def comparison(before: Run, after: Run, lang: str = "id", *, public: bool = True) -> dict[str, Any]:
    """Everything two runs say of each other.

    :param public: figures of 1–4 people are told as `banding` says.
    :return: JSON values; `text` holds the lines for a screen.
    """
    moved, tested = table(before, after), backtest(before, after)
    told = moved.copy()
    if public:
        hidden = [code for code in told.index if _hidden(before, code) or _hidden(after, code)]
        told.loc[hidden, ["change", "low", "high", "p_fell", "score_change", "by_points"]] = math.nan
    return {
        "before": before.facts["run_id"],
        "after": after.facts["run_id"],
        "settings": settings(before, after),
        "villages": json_values(told.reset_index(names="village_code").to_dict("records")),
        "backtest": None if tested is None else json_values(tested.to_dict("index")),
        "text": _lines(before, after, told, tested, lang, public),
    }


def settings(before: Run, after: Run) -> list[str]:
    """The keys of the study by which the two lists were made differently."""
    one, two = before.manifest["study"], after.manifest["study"]
    return [key for part in SETTINGS for key in _differ(part, one.get(part), two.get(part))]


def _differ(key: str, one: Any, two: Any) -> list[str]:
    if isinstance(one, dict) and isinstance(two, dict):
        return [d for k in {**one, **two} for d in _differ(f"{key}.{k}", one.get(k), two.get(k))]
    if isinstance(one, list) and isinstance(two, list) and all(isinstance(x, dict) and "id" in x for x in one + two):
        return _differ(key, *({x["id"]: x for x in side} for side in (one, two)))
    return [] if one == two else [key]


def _posterior(run: Run, index: pd.Index) -> pd.DataFrame:
    """Beta(a, b) of the burden, from what a run stores: strength n / (1 − shrinkage), mean the estimate."""
    v = run.villages.reindex(index)
    if f"shrinkage_{BURDEN}" not in v:
        return pd.DataFrame(math.nan, index, ["a", "b"])
    n, kept = v[f"denominator_{BURDEN}"], 1 - v[f"shrinkage_{BURDEN}"]
    strength = n / kept.where(kept > 0)
    estimate = v[f"estimate_{BURDEN}"]
    return pd.DataFrame({"a": strength * estimate, "b": strength * (1 - estimate)}).where(n > 0)


def _counts(run: Run, index: pd.Index) -> pd.DataFrame:
    v = run.villages.reindex(index)
    columns = {
        "numerator": f"numerator_{BURDEN}",
        "denominator": f"denominator_{BURDEN}",
        "measured": f"value_{MEASURED}",
    }
    return pd.DataFrame({name: v.get(column, math.nan) for name, column in columns.items()}, index)


def _hidden(run: Run, code: str) -> bool:
    """Whether a village's figures of the burden, or its score, are told by bands."""
    entry = words.indicator(run, BURDEN)
    if entry is None or code not in run.villages.index:
        return False
    row = words.row_of(run, code)
    return bool(banding.band(run, row, entry) or banding.score_step(run, row))


def _lines(
    before: Run, after: Run, told: pd.DataFrame, tested: pd.DataFrame | None, lang: str, public: bool
) -> list[str]:
    one, two = (f"{r.facts['title']} ({r.facts['year']}, {r.facts['run_id']})" for r in (before, after))
    lines = [text("compare.heading", lang, before=one, after=two), *_whole(before, after, lang), ""]
    differ = settings(before, after)
    lines.append(text("compare.settings" if differ else "compare.same_settings", lang, keys=differ))
    sizes = told["move"].value_counts()
    lines.append(text("compare.moves", lang, **{m: int(sizes.get(m, 0)) for m in ("stays", "enters", "leaves")}))
    for move, run in (("enters", after), ("leaves", before)):
        some = told[told["move"] == move].sort_values(f"rank_{'after' if move == 'enters' else 'before'}")
        if len(some):
            lines += ["", text(f"compare.{move}", lang)]
            lines += [f"  • {_moved(run, some.loc[code], lang)}" for code in some.index]
    if gone := [f"{n} ({c})" for c, n in told.loc[told["move"].isin(["new", "gone"]), "village"].items()]:
        lines += ["", text("compare.other_villages", lang, villages=gone)]
    return [*lines, *_rates(before, after, told, lang, public), *_backtest_lines(tested, lang)]


def _whole(before: Run, after: Run, lang: str) -> list[str]:
    """The kabupaten's prevalence in both, how surely it fell, and the way to its targets."""
    entries = [words.indicator(run, BURDEN) for run in (before, after)]
    if not all(e and e["total_denominator"] for e in entries):
        return []
    sums = [(e["total_numerator"], e["total_denominator"]) for e in entries if e]
    beta = [pd.DataFrame({"a": [y + 0.5], "b": [n - y + 0.5]}) for y, n in sums]
    verdict = change.change_in_rate(*beta)["verdict"].item()
    was, now = (y / n for y, n in sums)
    said = {"was": percent(was, lang), "now": percent(now, lang), "verdict": text(f"compare.verdict.{verdict}", lang)}
    lines = [text("compare.whole", lang, **said)]
    years = after.facts["year"] - before.facts["year"]
    pace = (was - now) / years if years > 0 else math.nan
    return lines + [_way(now, pace, value, year - after.facts["year"], year, lang) for year, value in _targets(after)]


def _targets(run: Run) -> list[tuple[int, float]]:
    """The targets still ahead of a run, by year: the study's own for its year, and those of the catalogue."""
    entry, year = words.indicator(run, BURDEN) or {}, int(run.facts["year"])
    known = {t.year: t.value for t in indicators()[BURDEN].targets if t.year and t.year > year}
    own = {} if entry.get("target") is None else {year: float(entry["target"])}
    return sorted({**known, **own}.items())


def _way(now: float, pace: float, target: float, years: int, year: int, lang: str) -> str:
    """How far a target is, and how fast a rate would have to fall to reach it in time, beside how fast it falls."""
    left = now - target
    key = "reached" if left <= 0 else "now" if years <= 0 else "ahead" if math.isnan(pace) else "at_pace"
    points = {name: number(100 * value, lang, 1) for name, value in (("left", left), ("pace", pace))}
    points["need"] = number(100 * left / years if years > 0 else math.nan, lang, 1)
    return text(f"compare.target.{key}", lang, target=percent(target, lang), year=str(year), **points)


def _moved(run: Run, row: pd.Series, lang: str) -> str:
    ends = (row["rank_before"], row["rank_after"])
    ranks = [number(math.nan if pd.isna(rank) else rank, lang) for rank in ends]
    place = f"{row['village']} (Kec. {row['kecamatan']})"
    why = ""
    if row["by"] and not pd.isna(row["by_points"]):
        entry = words.indicator(run, row["by"]) or {"id": row["by"]}
        points = f"{'+' if row['by_points'] > 0 else '−'}{number(abs(row['by_points']), lang, 1)}"
        why = text("compare.because", lang, label=words.short(entry, lang), points=points)
    return text("compare.moved", lang, place=place, was=ranks[0], now=ranks[1], why=why).rstrip()


def _rates(before: Run, after: Run, told: pd.DataFrame, lang: str, public: bool) -> list[str]:
    """In how many villages the prevalence surely fell or rose, which, and which need a second look."""
    if not (told["verdict"] != "").any():
        return []
    counts = {v: int((told["verdict"] == v).sum()) for v in VERDICTS}
    lines = ["", text("compare.rates", lang, **counts)]
    for verdict in ("rose", "fell"):
        for code in told.index[told["verdict"] == verdict]:
            said = [_estimate(run, code, lang, public) for run in (before, after)]
            doubts = [
                text(f"compare.doubt.{d}", lang) for d in ("measured_moved", "group_moved", "opposite") if told[d][code]
            ]
            name = f"{told['village'][code]} ({code})"
            line = text(f"compare.{verdict}", lang, village=name, was=said[0], now=said[1])
            lines.append(f"  {'!' if doubts else '•'} {line}" + "".join(f" {d}" for d in doubts))
    return lines


def _estimate(run: Run, code: str, lang: str, public: bool) -> str:
    entry = words.indicator(run, BURDEN)
    return words.estimate_text(run, code, entry, lang, public=public) if entry else "–"


def _backtest_lines(tested: pd.DataFrame | None, lang: str) -> list[str]:
    if tested is None:
        return []
    lines = ["", text("compare.backtest.title", lang)]
    for name, row in tested.iterrows():
        said = {c: percent(row[c], lang) for c in ("reached", "best", "chance")}
        label = text(f"compare.backtest.{name}", lang)
        lines.append("  • " + text("compare.backtest.line", lang, list=label, villages=int(row["villages"]), **said))
    return lines
