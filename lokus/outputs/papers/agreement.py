"""What the papers of an official run quote of the meeting that agreed on it (`lokus.agreed`): name, date, reasons."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lokus.messages import dated, text
from lokus.outputs import meeting
from lokus.outputs.papers.office import clip

if TYPE_CHECKING:
    from lokus.pipeline import Run

# A meeting may write at length; a paper quotes so many letters of each reason.
LONGEST = 1200
# What a meeting does to a village that then stands in no list of the chosen.
OUT = ("drop", "remove")


def agreed(run: Run, lang: str) -> list[str]:
    """Which meeting agreed, when, on the map of which run and why; empty for a run that no meeting agreed on."""
    told = run.manifest.get("agreed")
    if not told:
        return []
    said = {"meeting": clip(told["name"], LONGEST), "date": dated(told["date"], lang), "of": told["of"]}
    said["run"] = run.facts["run_id"]
    lines = [text("papers.agreed.by", lang, **said)]
    if note := clip(told["note"], LONGEST):
        lines.append(text("papers.agreed.why", lang, note=note))
    if changed := meeting.weights(run, lang):
        lines.append(text("papers.agreed.weights", lang, weights="; ".join(changed)))
    return lines


def named(run: Run, lang: str, rules: tuple[str, ...] = ("keep", "add", *OUT)) -> list[str]:
    """The villages that were named under some rules, each with the reason and the meeting that gave it."""
    lines = []
    for one in (one for rule in rules for one in meeting.named(run, rule)):
        row = run.villages.loc[one["village"]]
        said = {name: clip(str(row[name]), LONGEST) for name in ("village", "kecamatan")}
        said |= {name: clip(dated(one[name], lang), LONGEST) for name in ("reason", "meeting")}
        lines.append(text(f"papers.agreed.{one['rule']}", lang, **said))
    return lines
