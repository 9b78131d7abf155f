"""A run told in six to eight steps, for a meeting: what was asked, where it is, who is chosen, how sure, what changed.

The map shows them one by one, the slides print them. A step that has no data falls away.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import pandas as pd

from lokus.catalog.loader import BURDEN
from lokus.messages import has, number, text
from lokus.outputs import banding, choice, comparison, meeting, sums, words
from lokus.outputs.story_need import children, patterns, question, score, services, where
from lokus.outputs.telling import NAMED, Step, Telling

if TYPE_CHECKING:
    from lokus.pipeline import Run

__all__ = ["Step", "steps"]

# A meeting follows so many steps; too few are filled up with what is told only then.
FEWEST, MOST = 6, 8
# Children are expected, not counted: they are told in tens.
STEP = 10
# A meeting writes its reasons at length; a hall reads so many letters of each.
LONGEST_REASON = 90
# What brings a village onto the list besides its score; by what people keep one out.
BROUGHT, HELD = ("rule", "keep", "add"), ("drop", "remove")

Builder = Callable[[Telling], Step | None]


def steps(
    run: Run, lang: str = "id", *, public: bool = True, before: Run | None = None, shown: Sequence[str] = ()
) -> tuple[Step, ...]:
    """The story of a run, at most eight steps.

    :param lang: "id" or "en".
    :param public: counts of 1–4 are banded, and totals told so coarsely that none comes out by subtraction.
    :param before: an earlier run of the same kabupaten, to say what changed.
    :param shown: the ids of the map's layers, where they are already made; else those of `layers.layers`.
    """
    telling = Telling(run, lang, public, before, tuple(shown))
    made = [(builder, builder(telling)) for builder in BUILDERS]
    told = [(builder, step) for builder, step in made if step]
    spare = sum(builder not in FILLERS for builder, _ in told)
    kept = [builder for builder in FILLERS if any(b is builder for b, _ in told)][: max(0, FEWEST - spare)]
    return tuple(step for builder, step in told if builder not in FILLERS or builder in kept)[:MOST]


def as_values(step: Step, villages: pd.Index) -> dict[str, Any]:
    """A step as a page carries it: its villages by their place among all, without the notes of its speaker."""
    told = {**asdict(step), "villages": villages.get_indexer(pd.Index(step.villages)).tolist()}
    return {name: value for name, value in told.items() if name != "notes"}


def chosen(t: Telling) -> Step | None:
    """Who is chosen, whom that reaches, and what most of them have in common."""
    v = t.run.villages
    chosen = v.index[v["selected"]]
    if not len(chosen):
        return None
    state = "agreed" if meeting.told(t.run, t.lang) else "plain"
    places = {"kecamatan": v.loc[chosen, "kecamatan_code"].nunique(), "all": v["kecamatan_code"].nunique()}
    mine, every = (sums.expected(t.run, among, public=t.public) for among in (v["selected"], v["selected"].notna()))
    if mine and every and min(every) > 0:
        figure = f"{number(100 * sum(mine) / sum(every), t.lang)} %"
        caption = t.say("chosen.caption")
        children = sums.people_text(*mine, t.lang, step=STEP, public=t.public)
        lines = [t.say("chosen.reach", children=children, **places)]
    else:
        figure, caption = number(len(chosen), t.lang), t.say(f"chosen.caption_{state}")
        lines = [t.say("chosen.spread", **places)]
    if common := _common(t, chosen):
        lines.append(t.say("chosen.reasons", reasons=", ".join(common)))
    heading = t.say(f"chosen.heading_{state}", count=len(chosen), year=str(t.run.facts["year"]))
    order = tuple(str(code) for code in v.loc[chosen].sort_values("rank", kind="stable").index)
    return Step("chosen", heading, tuple(lines), figure, "chosen", order, t.say("chosen.notes"), caption)


def _common(t: Telling, chosen: pd.Index) -> list[str]:
    """The indicators that stand worse than average in most of the chosen villages, and in how many."""
    v, told = t.run.villages, []
    rows = v.loc[chosen].to_dict("index")
    for entry in t.run.facts["indicators"]:
        need = v.get(f"need_{entry['id']}")
        if need is None or not entry["scored"]:
            continue
        worse = [code for code in chosen if need[code] > need.mean()]
        if t.public:
            worse = [code for code in worse if not banding.band(t.run, rows[code], entry)]
        told.append((len(worse), entry["weight"], entry))
    told.sort(key=lambda one: (-one[0], -one[1], one[2]["id"]))
    return [
        t.say("chosen.reason", label=words.in_sentence(t.run, entry["id"], t.lang), count=count)
        for count, _, entry in told[:NAMED] if count
    ]  # fmt: skip


def rules(t: Telling) -> Step | None:
    """Whom rules and people brought in and kept out, and what each rule costs."""
    v = t.run.villages.sort_values("rank", kind="stable")
    came = [str(code) for code in v.index[v["selected_by"].isin(BROUGHT)]]
    costs = [c for c in t.run.facts["selection"].get("rule_costs", ()) if c["enters"] or c["leaves"]]
    costs.sort(key=lambda c: (-len(c["leaves"]), c["rule"]))
    changes = {rule: said for rule in (*meeting.OUT, *meeting.IN) if (said := by_meeting(t, rule))}
    costs = [c for c in costs if c["rule"].rpartition(".")[2] not in changes]
    room = max(1, NAMED - 1 - len(changes))
    told, others = costs[:room], costs[room:]
    out = [*(code for cost in told for code in cost["enters"]), *map(str, v.index[v["left_out_by"].isin(HELD)])]
    lines = [*changes.values(), *(line for cost in told for line in _moved(t, cost))]
    named = {one["village"] for rule in changes for one in meeting.named(t.run, rule)}
    if rest := [code for code in came if code not in named and not any(code in cost["leaves"] for cost in told)]:
        lines.append(t.say("rules.together" if lines else "rules.brought_in", enters=t.names(rest)))
    if not lines:
        return None
    notes = [t.say("rules.notes")]
    if others:
        notes.append(t.say("rules.others", count=len(others)))
    heading = t.say("rules.heading_agreed" if changes else "rules.heading")
    caption = t.say("rules.caption")
    figure, marked = number(len(came), t.lang), tuple(dict.fromkeys([*came, *out]))
    return Step("rules", heading, tuple(lines), figure, "chosen", marked, " ".join(notes), caption)


def by_meeting(t: Telling, rule: str, *, priced: bool = True) -> str:
    """Whom the meeting named under a rule, each with its reason; `priced`: and what that does to those reached."""
    said = []
    for one in (named := meeting.named(t.run, rule))[:NAMED]:
        name, reason = t.names([one["village"]]), " ".join(one["reason"].split()).rstrip(".")
        reason = reason if len(reason) <= LONGEST_REASON else f"{reason[: LONGEST_REASON - 1].rstrip()}…"
        said.append(f"{name} ({reason})" if reason else name)
    if not said:
        return ""
    names = ", ".join(said)
    names = t.say("more", names=names, count=len(named) - NAMED) if len(named) > NAMED else names
    cost = next((c for c in t.run.facts["selection"].get("rule_costs", ()) if c["rule"] == f"selection.{rule}"), None)
    price = _price(t, cost, "meeting_") if cost and priced else ""
    return " ".join(filter(None, (t.say(f"rules.meeting_{rule}", names=names), price)))


def _moved(t: Telling, cost: words.Row) -> list[str]:
    """Whom one rule brought in and kept out, and at what price."""
    said = {"rule": _rule(t, cost["rule"]), "enters": t.names(cost["leaves"]), "leaves": t.names(cost["enters"])}
    key = "moved" if cost["leaves"] and cost["enters"] else "brought" if cost["leaves"] else "kept_out"
    return [line for line in (t.say(f"rules.{key}", **said), _price(t, cost)) if line]


def _rule(t: Telling, key: str) -> str:
    """A rule in words, with its limit."""
    name = key.rpartition(".")[2].partition("[")[0]
    value = choice.limits(t.run).get(name)
    if has(f"words.rule.{name}"):
        return text(f"words.rule.{name}", t.lang, value=number(value, t.lang) if isinstance(value, int | float) else "")
    return t.say(f"rule.{name}")


def _price(t: Telling, cost: words.Row, of: str = "") -> str:
    """How many expected children a rule costs or gains; "" where that is unknown or next to nothing."""
    ends = sums.price(t.run, cost, public=t.public)
    if ends is None:
        return ""
    if max(map(abs, ends)) < STEP or ends[0] * ends[1] < 0:
        return t.say(f"rules.{of}free")
    near, far = sorted(map(abs, ends))
    children = sums.people_text(near, far, t.lang, step=STEP, public=t.public)
    return t.say(f"rules.{of}costs" if ends[0] > 0 else f"rules.{of}gains", children=children)


def uncertain(t: Telling) -> Step | None:
    """How surely the list is the right one, and who stands on both sides of its end."""
    v = t.run.villages
    chosen = v[v["selected"]]
    if not words.uncertain(t.run) or not len(chosen):
        return None
    found = chosen["certainty"].value_counts()
    told = [
        t.say(f"uncertain.{kind}", count=int(found[kind]))
        for kind in ("likely", "borderline", "unlikely") if kind in found
    ]  # fmt: skip
    lines = [t.say("uncertain.others", kinds=", ".join(told))] if told else []
    inside = _weakest(chosen)
    coming = t.run.facts["selection"].get("next")
    held = v["left_out_by"].isin(HELD)
    outside = tuple(coming[:NAMED]) if coming else _strongest(v[~v["selected"] & ~held])
    if inside and outside:
        lines.append(t.say("uncertain.line", inside=t.names(inside), outside=t.names(outside)))
    likely = [str(code) for code in v.index[held & (v["p_top"] >= 0.5)]]
    agreed = "decided" if meeting.told(t.run, t.lang) else "meeting"
    lines.append(t.say("uncertain.held", names=t.names(likely)) if likely else t.say(f"uncertain.{agreed}"))
    sure, caption = int(found.get("certain", 0)), t.say("uncertain.caption", count=len(chosen))
    notes = t.say("uncertain.notes", draws=t.run.facts["draws"], top=t.run.facts["top_n"])
    heading, layer = t.say("uncertain.heading"), t.layer("p_top")
    return Step("uncertain", heading, tuple(lines), number(sure, t.lang), layer, (*inside, *outside), notes, caption)


def _weakest(chosen: pd.DataFrame) -> tuple[str, ...]:
    """The chosen villages nearest to the end of the list; those that rules or people brought in do not stand on it."""
    own = chosen[chosen["selected_by"] == "score"].sort_values("p_top", kind="stable")
    return tuple(str(code) for code in own.index[:NAMED])


def _strongest(others: pd.DataFrame) -> tuple[str, ...]:
    own = others[others["p_top"].notna()].sort_values("p_top", ascending=False, kind="stable")
    return tuple(str(code) for code in own.index[:NAMED])


def coming(t: Telling) -> Step | None:
    """Who would be next, were there more places."""
    codes = tuple(t.run.facts["selection"].get("next", ()))[: NAMED + 2]
    if not codes:
        return None
    told = [f"{t.names([code])} ({t.place(code)})" for code in codes[:NAMED]]
    line, notes = t.say("coming.line", names=", ".join(told)), t.say("coming.notes")
    return Step("coming", t.say("coming.heading"), (line,), "", "chosen", codes, notes)


def changed(t: Telling) -> Step | None:
    """Who stays, enters and leaves against last year's list, and with an earlier run what really changed."""
    v = t.run.villages
    moved = None if t.before is None else comparison.table_told(t.before, t.run, public=t.public)
    if v["last_year"].any():
        sides = {"stays": v["last_year"] & v["selected"], "enters": ~v["last_year"] & v["selected"],
                 "leaves": v["last_year"] & ~v["selected"]}  # fmt: skip
        codes = {name: [str(code) for code in v.index[side]] for name, side in sides.items()}
    elif moved is not None:
        codes = {name: [str(c) for c in moved.index[moved["move"] == name] if c in v.index]
                 for name in ("stays", "enters", "leaves")}  # fmt: skip
    else:
        return None
    counts = {name: len(own) for name, own in codes.items()}
    lines, notes = [t.say("changed.moves", **counts)], [t.say("changed.notes")]
    if moved is not None and (moved["verdict"] != "").any() and t.before is not None:
        lines += _rates(t, t.before, moved)
    else:
        notes.append(t.say("changed.unknown"))
    order = (*codes["enters"], *codes["leaves"])
    caption, layer = t.say("changed.caption", count=counts["enters"]), t.layer("last_year", "moved")
    figure = number(counts["enters"], t.lang)
    return Step("changed", t.say("changed.heading"), tuple(lines), figure, layer, order, " ".join(notes), caption)


def _rates(t: Telling, before: Run, moved: pd.DataFrame) -> list[str]:
    """The prevalence of the whole area in both runs, and in how many villages it really moved."""
    verdicts = {kind: int((moved["verdict"] == kind).sum()) for kind in ("fell", "rose", "unclear")}
    lines = [t.say("changed.rates", **verdicts)]
    sides = [Telling(run, t.lang, t.public, None) for run in (before, t.run)]
    was, now = (side.total(words.indicator(side.run, BURDEN)) for side in sides)
    if was and now and (verdict := comparison.whole_verdict(before, t.run)):
        told = dict(zip(("was", "now"), (sums.share_text(one, t.lang) for one in (was, now)), strict=True))
        verdict = text(f"compare.verdict.{verdict}", t.lang)
        lines.insert(0, text("compare.whole", t.lang, **told, verdict=verdict))
    return lines


BUILDERS: tuple[Builder, ...] = (
    question, where, score, children, services, patterns, chosen, rules, uncertain, coming, changed,
)  # fmt: skip
FILLERS: tuple[Builder, ...] = (score, coming, patterns)
