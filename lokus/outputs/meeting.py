"""What a run says of the meeting that agreed on it (`lokus.agreed`): its name and day, and whom it named, why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from lokus.messages import dated, percent, text
from lokus.methods.scoring import UNIT
from lokus.outputs import words

if TYPE_CHECKING:
    from lokus.pipeline import Run

# What a meeting does to a village that then stands in no list of the chosen, and to one that does.
OUT, IN = ("remove", "drop"), ("add", "keep")


def told(run: Run, lang: str) -> str:
    """The meeting that agreed, by name and day: `Rembuk stunting, 12 Maret 2026`; "" where none did."""
    given = run.manifest.get("agreed")
    return dated(f"{given['name']}, {given['date']}", lang) if given else ""


def named(run: Run, rule: str) -> list[Mapping[str, str]]:
    """The villages that the meeting named under a rule, each with `village` (code), `reason` and `meeting`.

    :param rule: "keep" | "add" | "drop" | "remove".
    """
    given = (run.manifest.get("agreed") or {}).get("reasons", ())
    return [one for one in given if one["rule"] == rule and one["village"] in run.villages.index]


def weights(run: Run, lang: str) -> list[str]:
    """The weights that the meeting changed, before and after, each among those of one dimension: `Layanan 30 → 50 %`.

    Dimensions first; empty where none changed or no meeting agreed.
    """
    given = run.manifest.get("agreed") or {}
    was, now = given.get("was", {}), given.get("weights", {})
    told = []
    for kind in ("dimensions", "indicators"):
        labels = {e["id"]: words.label(e, lang) for e in run.facts[kind]}
        before, after = was.get(kind, {}), now.get(kind, {})
        for name in (n for n in before if before[n] != after.get(n, before[n])):
            places = 1 if (before[name] % 100 or after[name] % 100) else 0
            shares = {
                side: percent(part[name] / UNIT, lang, places) for side, part in (("was", before), ("now", after))
            }
            told.append(text("papers.agreed.weight", lang, label=labels.get(name, name), **shares))
    return told
