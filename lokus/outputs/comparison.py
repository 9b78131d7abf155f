"""Two runs side by side, two years or two methods: who stays, enters and leaves, and why; what really changed."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import pandas as pd

from lokus.catalog import indicators
from lokus.catalog.loader import BURDEN, MEASURED
from lokus.facts import json_values
from lokus.messages import number, percent, text
from lokus.methods import change
from lokus.outputs import banding, choice, sums, words

if TYPE_CHECKING:
    from lokus.pipeline import Run

VERDICTS = ("fell", "rose", "unclear")
# What of a study says how the list was made; the rest says of which data.
SETTINGS = ("indicator", "dimension", "method", "uncertainty", "selection")
# The change of a rate, with all that would give it away.
CHANGE = ["change", "low", "high", "p_fell"]
# Villages that rose or fell, of each on a screen; --json has all.
SHOWN = 8


def table(before: Run, after: Run) -> pd.DataFrame:
    """Every village of either run: its move on the list, what moved its score, and the change of its prevalence.

    Returns: `change.moves`, `change.causes`, `change.change_in_rate` and `change.doubts` on one index; NaN and False
    where a run has no prevalence with counts.
    """
    told = change.moves(before.villages, after.villages)
    causes = change.causes(before.villages, after.villages, _sizes(before, after)).reindex(told.index)
    told.insert(1, "causes", causes)
    names = after.villages[["village", "kecamatan"]].reindex(told.index)
    names = names.fillna(before.villages[["village", "kecamatan"]].reindex(told.index))
    rates = [_posterior(run, told.index) for run in (before, after)]
    counts = [_counts(run, told.index) for run in (before, after)]
    return pd.concat([names, told, change.change_in_rate(*rates), change.doubts(*counts)], axis=1)


def _sizes(before: Run, after: Run) -> tuple[int, int]:
    """How many villages are on either list."""
    return int(before.villages["selected"].sum()), int(after.villages["selected"].sum())


def table_told(before: Run, after: Run, *, public: bool = True) -> pd.DataFrame:
    """`table` as the public may read it: a banded rate has a verdict only where all counts of the band have one."""
    told = table(before, after)
    hidden = [c for c in told.index if rate_hidden(before, c) or rate_hidden(after, c)] if public else []
    if not hidden:
        return told
    # The chance of a fall grows with the count before and shrinks with the count after.
    ends = [[_posterior_at(run, hidden, end) for end in (0, 1)] for run in (before, after)]
    said = [change.change_in_rate(ends[0][k], ends[1][1 - k])["verdict"] for k in (0, 1)]
    told.loc[hidden, "verdict"] = said[0].where(said[0] == said[1], "")
    told.loc[hidden, "opposite"] = False
    return told


def _posterior_at(run: Run, codes: list[str], end: int) -> pd.DataFrame:
    """`_posterior` of some villages, of the banded ones with the least (0) or greatest (1) count of the band."""
    made = _posterior(run, pd.Index(codes))
    for code in (c for c in codes if rate_hidden(run, c)):
        row, entry = words.row_of(run, code), words.indicator(run, BURDEN) or {}
        if banding.band(run, row, entry) == "whole":
            made.loc[code] = math.nan
            continue
        strength = made.loc[code].sum(skipna=False)
        share = min(max(banding.ends(run, row, entry)[end], 1e-9), 1 - 1e-9)
        made.loc[code] = [strength * share, strength * (1 - share)]
    return made


def backtest(before: Run, after: Run, *, public: bool = True) -> pd.DataFrame | None:
    """What this year's stunted children the lists of last year would have reached; None without counts of both years.

    The lists: that of the earlier run ("method"), the one the later run calls last year's ("actual"), and as many
    villages as the method's by raw prevalence and by count of the earlier year.
    :param public: a banded count stands in the middle of its band, so that no sum tells it.
    """
    numerator = f"numerator_{BURDEN}"
    if any(numerator not in run.villages for run in (before, after)) or before.facts["year"] >= after.facts["year"]:
        return None
    villages = before.villages
    size = int(villages["selected"].sum())
    lists = {"method": villages["selected"]}
    if after.villages["last_year"].any():
        lists["actual"] = after.villages["last_year"]
    was, now = (_children(run, public) for run in (before, after))
    if was is None or now is None:
        return None
    rates = was / villages[f"denominator_{BURDEN}"].reindex(was.index)
    for name, column in (("prevalence", rates), ("count", was)):
        first = column.dropna().sort_values(ascending=False, kind="stable").index[:size]
        lists[name] = pd.Series(villages.index.isin(first), villages.index)
    return change.backtest(lists, now) if now.sum() > 0 else None


def _children(run: Run, public: bool) -> pd.Series | None:
    """The stunted children by village, as far as the public may know them."""
    entry = words.indicator(run, BURDEN)
    return None if entry is None else sums.seen(run, entry, public=public)


def comparison(before: Run, after: Run, lang: str = "id", *, public: bool = True) -> dict[str, Any]:
    """Everything two runs say of each other.

    :param public: figures of 1–4 people are told as `banding` says.
    :return: JSON values; `text` holds the lines for a screen.
    """
    moved, tested = table_told(before, after, public=public), backtest(before, after, public=public)
    told = moved.copy()
    if public:
        for hides, columns in ((rate_hidden, CHANGE), (score_hidden, ["score_change", "by_points"])):
            banded = [code for code in told.index if hides(before, code) or hides(after, code)]
            told.loc[banded, columns] = math.nan
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


def setting_text(run: Run, key: str, lang: str) -> str:
    """A key of `settings` in words, with the key itself in brackets.

    :param run: either run; names the indicator or dimension meant, where it has it.
    """
    part, *rest = key.split(".")
    owned = part in ("indicator", "dimension")
    field = rest[owned : owned + 1] or ["whole"]
    entries = {"indicator": run.facts["indicators"], "dimension": run.facts["dimensions"]}.get(part, ())
    named = [words.label(entry, lang) for entry in entries if entry["id"] == rest[0]] if rest else []
    label = text(f"setting.{part}.{field[0]}", lang, of=named or rest[:1])
    return text("setting.shown", lang, label=label, code=key)


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


def rate_hidden(run: Run, code: str) -> bool:
    """Whether a village's figures of the burden are told by bands."""
    entry = words.indicator(run, BURDEN)
    return bool(entry and code in run.villages.index and banding.band(run, words.row_of(run, code), entry))


def score_hidden(run: Run, code: str) -> bool:
    """Whether a village's score is told coarsely, since one of its figures is banded."""
    return code in run.villages.index and bool(banding.score_step(run, words.row_of(run, code)))


def _lines(
    before: Run, after: Run, told: pd.DataFrame, tested: pd.DataFrame | None, lang: str, public: bool
) -> list[str]:
    one, two = (f"{r.facts['title']} ({r.facts['year']}, {r.facts['run_id']})" for r in (before, after))
    lines = [text("compare.heading", lang, before=one, after=two)]
    if before.facts["run_id"] == after.facts["run_id"]:
        return [*lines, text("compare.same_run", lang)]
    lines += [*_whole(before, after, lang), ""]
    differ = "; ".join(setting_text(after, key, lang) for key in settings(before, after))
    lines.append(text("compare.settings" if differ else "compare.same_settings", lang, keys=differ))
    sizes = told["move"].value_counts()
    lines.append(text("compare.moves", lang, **{m: int(sizes.get(m, 0)) for m in ("stays", "enters", "leaves")}))
    for move in ("enters", "leaves"):
        some = told[told["move"] == move].sort_values(f"rank_{'after' if move == 'enters' else 'before'}")
        if len(some):
            lines += ["", text(f"compare.{move}", lang)]
            lines += [f"  • {_moved(before, after, some.loc[code], lang)}" for code in some.index]
    if gone := [f"{n} ({c})" for c, n in told.loc[told["move"].isin(["new", "gone"]), "village"].items()]:
        lines += ["", text("compare.other_villages", lang, villages=gone)]
    return [*lines, *_rates(before, after, told, lang, public), *_backtest_lines(tested, lang)]


def whole_verdict(before: Run, after: Run) -> str:
    """Whether the prevalence of the whole kabupaten "fell", "rose" or is "unclear"; "" without counts of both runs."""
    entries = [words.indicator(run, BURDEN) for run in (before, after)]
    counts = [(e["total_numerator"], e["total_denominator"]) for e in entries if e and e["total_denominator"]]
    if len(counts) < 2:
        return ""
    beta = [pd.DataFrame({"a": [y + 0.5], "b": [n - y + 0.5]}) for y, n in counts]
    return str(change.change_in_rate(*beta)["verdict"].item())


def _whole(before: Run, after: Run, lang: str) -> list[str]:
    """The kabupaten's prevalence in both, how surely it fell, and the way to its targets."""
    entries = [words.indicator(run, BURDEN) for run in (before, after)]
    if not all(e and e["total_denominator"] for e in entries):
        return []
    was, now = (e["total_numerator"] / e["total_denominator"] for e in entries if e)
    verdict = whole_verdict(before, after)
    said = {"was": percent(was, lang), "now": percent(now, lang), "verdict": text(f"compare.verdict.{verdict}", lang)}
    lines = [text("compare.whole", lang, **said)]
    years = after.facts["year"] - before.facts["year"]
    pace = (was - now) / years if years > 0 else math.nan
    return lines + [_way(now, pace, value, after.facts["year"], own, lang) for value, own in _targets(after).items()]


def _targets(run: Run) -> dict[float, list[int]]:
    """The targets still ahead of a run with their years: the study's own for its year, and those of the catalogue."""
    entry, year = words.indicator(run, BURDEN) or {}, int(run.facts["year"])
    known = {t.year: t.value for t in indicators()[BURDEN].targets if t.year and t.year > year}
    own = {} if entry.get("target") is None else {year: float(entry["target"])}
    told: dict[float, list[int]] = {}
    for when, value in sorted({**known, **own}.items()):
        told.setdefault(value, []).append(when)
    return told


def _way(now: float, pace: float, target: float, this: int, due: list[int], lang: str) -> str:
    """How far a target is, and how fast a rate would have to fall to reach it by its last year, beside its pace."""
    left, years = now - target, due[-1] - this
    year = text("compare.target.and", lang, first=str(due[0]), last=str(due[-1])) if len(due) > 1 else str(due[0])
    key = "reached" if left <= 0 else "now" if years <= 0 else "ahead" if math.isnan(pace) else "at_pace"
    points = {name: number(100 * value, lang, 1) for name, value in (("left", left), ("pace", pace))}
    points["need"] = number(100 * left / years if years > 0 else math.nan, lang, 1)
    return text(f"compare.target.{key}", lang, target=percent(target, lang), year=year, last=str(due[-1]), **points)


def _moved(before: Run, after: Run, row: pd.Series, lang: str) -> str:
    ends = (row["rank_before"], row["rank_after"])
    ranks = [number(math.nan if pd.isna(rank) else rank, lang) for rank in ends]
    place = f"{row['village']} (Kec. {row['kecamatan']})"
    said = why(before, after, str(row.name), row, lang)
    return text("compare.moved", lang, place=place, was=ranks[0], now=ranks[1], why=said).rstrip()


def why(before: Run, after: Run, code: str, row: Mapping[str, Any] | pd.Series, lang: str) -> str:
    """What brought a village onto the list or off it: who decided it, the number of villages, or else an indicator.

    :param row: of `table`; where it moved nowhere, the indicator that moved its score.
    """
    said, sizes = [], dict(zip(("was", "now"), (number(n, lang) for n in _sizes(before, after)), strict=True))
    for cause in row["causes"]:
        if cause == "after":
            said.append(choice.why(after, words.row_of(after, code), lang))
        elif cause == "before":
            said.append(text("compare.before", lang, why=choice.why(before, words.row_of(before, code), lang)))
        elif cause == "number":
            inside = row["rank_after" if row["move"] == "enters" else "rank_before"]
            said.append(text(f"compare.number_{row['move']}", lang, rank=number(inside, lang), **sizes))
    if "rank" in row["causes"] or not row["causes"]:
        said.append(because(after, row, lang))
    return " ".join(part for part in said if part)


def because(run: Run, row: Mapping[str, Any] | pd.Series, lang: str) -> str:
    """The indicator that moved a village's score most, with its points where they may be told; "" where unknown."""
    if not row["by"]:
        return ""
    label = words.short(words.indicator(run, row["by"]) or {"id": row["by"]}, lang)
    if pd.isna(row["by_points"]):
        return text("compare.because_of", lang, label=label)
    return text("compare.because", lang, label=label, points=signed(row["by_points"], lang))


def signed(points: float, lang: str) -> str:
    """Points with their sign, to one decimal.

    >>> signed(-0.52, "id"), signed(3.0, "en")
    ('−0,5', '+3.0')
    """
    return f"{'+' if points > 0 else '−'}{number(abs(points), lang, 1)}"


def _rates(before: Run, after: Run, told: pd.DataFrame, lang: str, public: bool) -> list[str]:
    """In how many villages the prevalence surely fell or rose, which, and which need a second look."""
    if not (told["verdict"] != "").any():
        return []
    counts = {v: int((told["verdict"] == v).sum()) for v in VERDICTS}
    lines = ["", text("compare.rates", lang, **counts)]
    for verdict in ("rose", "fell"):
        # The greatest first; where a change is hidden, so is its place among them.
        sizes = told.loc[told["verdict"] == verdict, "change"].abs().sort_values(ascending=False, kind="stable")
        for code in sizes.index[:SHOWN]:
            said = [_estimate(run, code, lang, public) for run in (before, after)]
            doubts = [
                text(f"compare.doubt.{d}", lang) for d in ("measured_moved", "group_moved", "opposite") if told[d][code]
            ]
            name = f"{told['village'][code]} ({code})"
            line = text(f"compare.{verdict}", lang, village=name, was=said[0], now=said[1])
            lines.append(f"  {'!' if doubts else '•'} {line}" + "".join(f" {d}" for d in doubts))
        if len(sizes) > SHOWN:
            lines.append("  " + text(f"compare.more_{verdict}", lang, count=len(sizes) - SHOWN))
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
