"""What the choice would be otherwise, in words: who is next, and what each rule of the meeting changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from lokus.catalog import indicators
from lokus.messages import number, text
from lokus.outputs import choice, sums
from lokus.outputs.words import label

if TYPE_CHECKING:
    from lokus.pipeline import Run

# Villages named in one sentence.
NAMED = 6


def place(run: Run, code: str) -> str:
    """A village with its kecamatan."""
    row = run.villages.loc[code]
    return f"{row['village']} (Kec. {row['kecamatan']})"


def places(run: Run, codes: Any, lang: str, most: int = NAMED) -> str:
    """Villages with their kecamatan in one sentence, and how many more there are."""
    named = "; ".join(place(run, code) for code in codes[:most])
    more = len(codes) - most
    return named + (" " + text("audit.more", lang, more=number(more, lang)) if more > 0 else "")


def lines(run: Run, lang: str, *, public: bool = True) -> list[str]:
    """Who would enter next, and what each rule changes; nothing where the run did not ask."""
    told = run.facts["selection"]
    made = [text("consequences.next", lang, villages=places(run, told["next"], lang))] if told.get("next") else []
    costs = told.get("rule_costs", ())
    made += [_rule(run, cost, lang, public) for cost in costs if cost["enters"] or cost["leaves"]]
    still = [choice.rule_text(run, c["rule"], lang) for c in costs if not (c["enters"] or c["leaves"] or _needed(c))]
    needed = [choice.rule_text(run, c["rule"], lang) for c in costs if _needed(c)]
    for key, rules in (("needed", needed), ("unchanged", still)):
        made += [text(f"consequences.{key}", lang, rules="; ".join(rules))] if rules else []
    return made


def next_text(run: Run, code: str, lang: str) -> str:
    """At which step a village outside the list would enter it; "" where it is not among the next."""
    coming = run.facts["selection"].get("next", [])
    return text("consequences.coming", lang, step=number(coming.index(code) + 1, lang)) if code in coming else ""


def turned(run: Run, lang: str) -> list[str]:
    """The scored indicators whose better side is not the catalogue's: a study may say so, and it is told."""
    known = indicators()
    told = [e for e in run.facts["indicators"] if e["scored"] and e["id"] in known]
    return [
        text(f"consequences.turned_{e['better']}", lang, label=label(e, lang))
        for e in told
        if e["better"] != known[e["id"]].better
    ]


def _needed(cost: Mapping[str, Any]) -> bool:
    """Whether the other rules cannot hold without this one."""
    return cost["objective"] is None


def _rule(run: Run, cost: Mapping[str, Any], lang: str, public: bool) -> str:
    said = {side: places(run, cost[side], lang) for side in ("enters", "leaves") if cost[side]}
    key = "swap" if len(said) == 2 else next(iter(said))
    rule = choice.rule_text(run, cost["rule"], lang)
    ends = sums.price(run, cost, public=public)
    reach = sums.expected(run, run.villages["selected"], public=public)
    if ends is None or reach is None or run.facts["selection"].get("children") is None:
        return text(f"consequences.{key}", lang, rule=rule, **said)
    low, high = (round(end) for end in ends)
    way = "same" if low * high <= 0 else "more" if low > 0 else "fewer"
    near, far = sorted((abs(low), abs(high)))
    by = sums.people_text(near, far, lang, public=public)
    # In tens, as the story tells it: among many banded villages the total is the true one.
    told = [float(round(end)) for end in reach]
    whole = sums.people_text(told[0], told[1], lang, step=sums.TENS if public else 1, public=public, brief=True)
    reached = text(f"consequences.{way}", lang, children=by, whole=whole)
    return text(f"consequences.{key}", lang, rule=rule, **said) + " " + reached
