"""Packages in words: what each group of villages is called, and a table of what it lacks and who can change that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from lokus.dictionary import label, short
from lokus.messages import has, text

FIELDS = (
    "group", "name", "villages", "lack", "value", "average", "short", "known", "people", "owner", "stability",
)  # fmt: skip


def name(profile: Mapping[str, Any], facts: Mapping[str, Any], lang: str) -> str:
    """What a group (or a work area) is called, from what sets it apart: `Sanitasi dan air minum`.

    :param profile: one of `facts["clusters"]["profiles"]`, or of its areas.
    :param facts: the run's, for the names of indicators that no theme is known of.
    """
    told = profile["name"]
    labels = {i["id"]: short(i, lang) for i in facts["indicators"]}
    kind = "lack" if told["kind"] in ("lack", "all") else "better"
    themes = [
        text(f"package.{kind}.{t}", lang) if has(f"package.{kind}.{t}") else labels.get(t, t) for t in told["themes"]
    ]
    if len(themes) > 1:
        themes = [text("package.and", lang, first=", ".join(themes[:-1]), last=themes[-1])]
    said = text(f"package.name.{told['kind']}", lang, themes="".join(themes))
    return said[:1].upper() + said[1:]


def table(facts: Mapping[str, Any], lang: str, *, areas: bool = False) -> pd.DataFrame:
    """What a planner acts on: a row for each thing that a group lacks more than the average village, exact figures.

    :param facts: of a run. :param areas: of the work areas, where the study asks for them, instead of the groups.
    :returns: columns `FIELDS`: group (number), name, villages (in it), lack (the indicator's name), value and average
        (of the group and of all villages, as the indicator is: shares 0–1), short (villages of the group under the
        target, or worse than average where there is none), known (villages with data), people (not reached, NaN where
        nobody was counted), owner (the office), stability (0–1 of the group; NaN for areas). A group that lacks nothing
        more than others has one row without a lack.
    """
    found = facts["clusters"].get("areas", {"profiles": []}) if areas else facts["clusters"]
    labels = {i["id"]: label(i, lang) for i in facts["indicators"]}
    rows: list[dict[str, Any]] = []
    for p in found["profiles"]:
        head = {"group": p["group" if areas else "cluster"], "name": name(p, facts, lang), "villages": p["villages"],
                "stability": p.get("stability")}  # fmt: skip
        for lack in p["lacks"] or [None]:
            line = {} if lack is None else {
                "lack": labels.get(lack["indicator"], lack["indicator"]), "short": lack["villages"],
                **{key: lack[key] for key in ("value", "average", "known", "people", "owner")},
            }  # fmt: skip
            rows.append(head | line)
    return pd.DataFrame(rows, columns=list(FIELDS))
