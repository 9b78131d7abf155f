"""What the page needs to score, rank and choose anew in the room: whole numbers, the rules, and the words around them.

Needs that are exact to 1e-4 can be turned back into the counts behind them. Where a count of 1–4 stands behind any,
they are carried only by a page made for the meeting or for the office, not by one for everybody.
"""

from __future__ import annotations

import base64
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lokus.agreed import BY_HAND, FORMAT, NUMBERS, fixed
from lokus.catalog.loader import BURDEN
from lokus.catalog.palettes import CHOSEN, LAST_YEAR
from lokus.choosing import Choice
from lokus.messages import catalogue, text
from lokus.methods import scoring
from lokus.outputs import banding
from lokus.outputs.offline import web
from lokus.outputs.words import label
from lokus.study import make_study

if TYPE_CHECKING:
    from lokus.pipeline import Run
    from lokus.study import Study

SCRIPTS = ("engine.js", "chooser.js", "steer.js", "steerpanel.js")
WORDS = "steering.ui."
OBJECTIVE_UNIT = 10_000


def script() -> str:
    """The page's part of a simulation, in a scope of its own: it leaves one name, `prepareSteering`."""
    inner = "\n".join(web(name) for name in SCRIPTS)
    return f"const prepareSteering = (() => {{\n{inner}\nreturn prepareSteering;\n}})();"


def gives_away(run: Run) -> bool:
    """Whether the exact needs of a run could be turned back into a count of 1–4."""
    scored = [entry for entry in run.facts["indicators"] if entry["scored"]]
    rows = run.villages.to_dict("index").values()
    return any(banding.band(run, row, entry) for row in rows for entry in scored)


def steering(run: Run, lang: str, *, public: bool = True, meeting: bool = False) -> dict[str, Any] | None:
    """The plan and the official setting of a run for `engine.js`, as JSON values; None for a run without a scheme.

    Villages are their places in the table, which stands in the order of the codes. `needs` are
    little-endian 16-bit integers in base64, a text for each indicator; `none` (no target group) flags, 8 to a byte.
    :param public: figures are banded: children expected stand in the middle of their band, scores are coarser.
    :param meeting: the page is for the room, and may carry exact needs that it does not show.
    :return: `{"closed": why}` where a public page may not carry them.
    """
    if "scheme" not in run.facts:
        return None
    texts = {k.removeprefix(WORDS): said for k, said in catalogue(lang).items() if k.startswith(WORDS)}
    if public and not meeting and gives_away(run):
        return {"closed": text("steering.closed", lang, run=run.facts["run_id"]), "texts": texts}
    study = make_study(run.manifest["study"], Path())
    choice, scheme, v = Choice(study, run.villages), run.facts["scheme"], run.villages
    needs = scoring.need_units(v[[f"need_{i}" for i in scheme["indicators"]]].to_numpy(dtype=float))
    passes = choice.candidates.passes
    return {
        "format": FORMAT,
        "run": run.facts["run_id"],
        "texts": texts,
        "scheme": scheme,
        "labels": _labels(run, lang),
        "needs": [_packed(column) for column in needs.T],
        "none": _no_target_group(v, scheme["indicators"]),
        "least": study.method.least_observed,
        "last_year": np.flatnonzero(v["last_year"]).tolist(),
        "short": [] if passes is None else np.flatnonzero(~passes.all(axis=1)).tolist(),
        "value": _value(choice),
        "children": _children(run, choice, public),
        "steps": [banding.score_step(run, row) for row in v.to_dict("index").values()] if public else [],
        "fixed": fixed(study.selection),
        "overlap": study.selection.objective == "overlap",
        "can_keep": bool(study.selection.last_year),
        "setting": _setting(study, v.index, run.facts["selection"]["count"]),
        "tones": _tones(lang),
        "tones_yearly": [text(f"map.class.{kind}", lang) for kind in LAST_YEAR],
        "mark": text("steering.meeting", lang) if meeting and public and gives_away(run) else "",
    }


def _labels(run: Run, lang: str) -> dict[str, list[str]]:
    """What the indicators and dimensions of the scheme are called."""
    known = {kind: {e["id"]: label(e, lang) for e in run.facts[kind]} for kind in ("indicators", "dimensions")}
    return {kind: [said[i] for i in run.facts["scheme"][kind]] for kind, said in known.items()}


def _packed(column: np.ndarray) -> str:
    return base64.b64encode(column.astype("<i2").tobytes()).decode("ascii")


def _no_target_group(villages: pd.DataFrame, indicators: list[str]) -> list[str | None] | None:
    """Where an indicator has nobody to reach; None where that is nowhere so."""
    none = [villages.get(f"denominator_{i}", pd.Series(math.nan, villages.index)) == 0 for i in indicators]
    bits = [base64.b64encode(np.packbits(flags).tobytes()).decode("ascii") if flags.any() else None for flags in none]
    return bits if any(bits) else None


def _value(choice: Choice) -> list[int] | None:
    """The objective in whole units, −1 where missing; None where it is the score, or is not known without a run."""
    if choice.study.selection.objective in ("score", "probability"):
        return None
    given = choice.candidates.value
    whole = np.rint(given.fillna(0.0).to_numpy(dtype=float) * OBJECTIVE_UNIT)
    return [int(u) for u in np.where(given.isna(), scoring.MISSING, whole)]


def _children(run: Run, choice: Choice, public: bool) -> list[float | None] | None:
    """Stunted children expected in each village; of a banded one the middle of what its band allows."""
    children = choice.children
    if children is None:
        return None
    entry = next(e for e in run.facts["indicators"] if e["id"] == BURDEN)
    told: list[float | None] = []
    for expected, row in zip(children, run.villages.to_dict("index").values(), strict=True):
        estimate = row[f"estimate_{BURDEN}"]
        if public and estimate > 0 and banding.band(run, row, entry):
            low, high = banding.ends(run, row, entry)
            expected = expected / estimate * (low + high) / 2
        told.append(None if math.isnan(expected) else round(expected, 1))
    return told


def _setting(study: Study, index: pd.Index, count: int) -> dict[str, Any]:
    """The official rules; villages by hand as place, reason and the meeting that named them."""
    rules = study.selection
    hands = {
        name: [[int(index.get_loc(n.village)), n.reason, n.meeting] for n in getattr(rules, name)] for name in BY_HAND
    }
    numbers = {name: getattr(rules, name) for name in NUMBERS}
    return {**numbers, "count": count, "keep_last_year": rules.keep_last_year, **hands}


def _tones(lang: str) -> dict[str, list[str]]:
    """The classes of the simulated list: colour, mark, words."""
    stays, enters, leaves, never = (LAST_YEAR[k] for k in ("stays", "enters", "leaves", "never"))
    # Most villages stay: only who moves bears a mark.
    classes = {"stays": (stays[0], ""), "enters": enters, "leaves": leaves, "not": never}
    classes["unranked"] = CHOSEN["unranked"]
    return {kind: [*tone, text(f"steering.class.{kind}", lang)] for kind, tone in classes.items()}
