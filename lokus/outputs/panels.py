"""What the map's panel tells about each village: rank and certainty, reasons in words, a bar for every indicator."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lokus.messages import number, percent, text
from lokus.outputs import banding, flags, sums, words
from lokus.outputs.patterns import Patterns
from lokus.outputs.words import Indicator

if TYPE_CHECKING:
    from lokus.pipeline import Run

# Positions on a bar are whole thousandths of its length.
LENGTH, TENS = 1000, 10

Row = Mapping[str, Any]


def panels(
    run: Run, lang: str, *, public: bool = True, brief: bool = False, only: pd.Index | None = None
) -> dict[str, Any]:
    """The panels of all villages, in the order of the table, and what their bars share.

    `brief` leaves out the sentences of reasons and notes: for tens of thousands they take minutes and megabytes.
    `only`: the codes of the villages that are told of, among all; every one where it is None.
    """
    order = ordered(run)
    scales = {entry["id"]: Scale(run, entry, public=public) for entry in order}
    waiting = flags.rows_waiting(run)
    ranked, pattern = int(run.villages["rank"].notna().sum()), Patterns(run, lang, public=public)
    told = run.villages if only is None else run.villages.loc[only]
    rows = ({**row, "village_code": code} for code, row in told.to_dict("index").items())
    return {
        "bars": [_shared(run, entry, scales[entry["id"]], lang, public) for entry in order],
        "villages": [
            {
                **_panel(run, row, lang, pattern),
                "figures": _figures(run, row, lang, public, ranked),
                "why": "" if brief else words.why_selected(run, row, lang),
                "reasons": [] if brief else words.reasons(run, row, lang, public=public),
                "bars": [_bar(run, row, entry, scales[entry["id"]], lang, public) for entry in order],
                "flags": [] if brief else flags.data_flags(run, row, lang, public=public, waiting=waiting),
            }
            for row in rows
        ],
    }


def ordered(run: Run) -> list[Indicator]:
    """The indicators as a panel lists them: the heaviest first, the quality of the data last."""
    return sorted(run.facts["indicators"], key=lambda e: (e["dimension"] == "quality", -e["weight"]))


class Scale:
    """Where a value stands on the bar of its indicator: the need 0–1, read off the run's own table.

    Between two villages the need is drawn as a straight line. A share that is not scored has the part lacking as its
    need; another value that is not scored has no bar. For the `public` the line is drawn through open figures alone;
    the mean takes a few banded ones for where their bars are drawn, and is told in tens where they are more (`SAFE`).
    """

    def __init__(self, run: Run, entry: Indicator, *, public: bool = True) -> None:
        self.need = run.villages.get(f"need_{entry['id']}")
        hidden = _hidden(run, entry) if public else []
        self.known: tuple[np.ndarray, np.ndarray] | None = None
        if self.need is None and entry["kind"] == "share":
            share = run.villages[f"value_{entry['id']}"].clip(0, 1)
            self.need = 1 - share if entry["better"] == "higher" else share
            ends = (0.0, 1.0)
            self.known = (np.array(ends), np.array(ends[::-1] if entry["better"] == "higher" else ends))
        elif self.need is not None:
            pairs = pd.DataFrame({"x": run.villages[f"estimate_{entry['id']}"], "need": self.need}).dropna()
            pairs = pairs[~pairs.index.isin(hidden)]
            found = pairs.groupby("x")["need"].mean()
            self.known = (found.index.to_numpy(dtype=float), found.to_numpy(dtype=float)) if len(found) else None
        self.step = TENS if len(hidden) >= sums.SAFE else 1
        if self.need is not None and 0 < len(hidden) < sums.SAFE:
            rows = run.villages.loc[hidden].to_dict("index").values()
            places = [self.at(_banded_at(run, row, entry)) for row in rows]
            self.need = self.need.astype("float64")
            self.need.loc[hidden] = [np.nan if at is None else at / LENGTH for at in places]

    def at(self, value: float | None) -> int | None:
        """The place of a value in whole thousandths of the bar; None where there is none."""
        if self.known is None or value is None or math.isnan(value):
            return None
        return round(LENGTH * float(np.interp(value, *self.known)))

    @cached_property
    def mean(self) -> int | None:
        """The place of the average village."""
        if self.need is None or self.need.isna().all():
            return None
        return self.step * round(LENGTH * float(self.need.mean()) / self.step)


def _hidden(run: Run, entry: Indicator) -> list[str]:
    """The villages whose figure is banded; none among so many that one moves the mean by less than it is told to."""
    if len(run.villages) >= LENGTH:
        return []
    share = banding.counted_by(run, entry)["id"]
    asked = [f"numerator_{share}", f"denominator_{share}", f"value_{entry['id']}"]
    rows = run.villages.reindex(columns=asked).to_dict("index").items()
    return [str(code) for code, row in rows if banding.band(run, row, entry)]


def _shared(run: Run, entry: Indicator, scale: Scale, lang: str, public: bool) -> dict[str, Any]:
    return {
        "label": words.short(entry, lang),
        "mean": scale.mean,
        "mean_text": sums.average_text(run, entry, lang, public=public),
        "target": scale.at(entry["target"]),
        "target_text": "" if entry["target"] is None else words.value_text(entry, entry["target"], lang),
    }


def _panel(run: Run, row: Row, lang: str, pattern: Patterns) -> dict[str, Any]:
    return {
        "kind": text(f"map.panel.{row['village_kind']}", lang) if row["village_kind"] else "",
        "last": bool(row["last_year"]),
        "sure": words.certainty(run, row, lang) if row["certainty"] else "",
        "pattern": pattern.of(row),
    }


def _figures(run: Run, row: Row, lang: str, public: bool, ranked: int) -> list[list[str]]:
    if pd.isna(row["rank"]):
        return [[text("map.panel.rank", lang), "–", text("map.panel.unranked", lang)]]
    score = words.score_text(run, row, lang, 1, public=public)
    told = [
        [text("map.panel.rank", lang), number(row["rank"], lang), text("map.panel.of", lang, count=ranked)],
        [text("map.panel.score", lang), score, text("map.panel.of", lang, count=100)],
    ]
    if not words.uncertain(run):
        told.append([text("map.panel.ranks", lang), "–", text("map.panel.uncounted", lang)])
    elif pd.notna(row["rank_low"]):
        span = f"{number(row['rank_low'], lang)}–{number(row['rank_high'], lang)}"
        told.append([text("map.panel.ranks", lang), span, percent(run.facts["interval"], lang, 0)])
    return told


def _bar(run: Run, row: Row, entry: Indicator, scale: Scale, lang: str, public: bool) -> dict[str, Any]:
    told: dict[str, Any] = {"text": words.rate_text(run, row, entry, lang, public=public)}
    if public and banding.band(run, row, entry):
        told["to"] = scale.at(_banded_at(run, row, entry))
    else:
        told |= _exact(row, entry, scale, lang, public)
    if points := words.points_text(run, row, entry, lang, public=public):
        told["points"] = points
    if told["to"] is not None and scale.mean is not None and told["to"] > scale.mean:
        told["worse"] = True
    return told


def _exact(row: Row, entry: Indicator, scale: Scale, lang: str, public: bool) -> dict[str, Any]:
    """The bar of a village that may be drawn as it is, with its interval where it is the burden's."""
    name = entry["id"]
    drawn = "estimate" if f"need_{name}" in row else "value"
    told: dict[str, Any] = {"to": scale.at(row[f"{drawn}_{name}"])}
    if entry["interval"] and entry["dimension"] == "burden" and entry["kind"] == "share":
        told["from"], told["until"] = (scale.at(row[f"{side}_{name}"]) for side in ("low", "high"))
        told["raw"] = scale.at(row[f"value_{name}"])
    people = row.get(f"gap_people_{name}", math.nan)
    if entry["better"] == "higher" and people > 0:
        told["people"] = words.lacking(entry, people, lang, public=public)
    return told


def _banded_at(run: Run, row: Row, entry: Indicator) -> float:
    """The value drawn for a banded figure: the middle of what its text says."""
    if entry["kind"] == "share":
        return banding.middle(run, row, entry)
    return sum(banding.FEW) / len(banding.FEW) if banding.band(run, row, entry) == "part" else math.nan
