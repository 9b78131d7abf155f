"""An audit's other lists in words: gaps filled, chosen again in every draw, made with caution, or with kind weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from lokus import audits
from lokus.audits import Audit, Cautious
from lokus.messages import number, percent, text
from lokus.outputs import banding, consequences, words

if TYPE_CHECKING:
    from lokus.pipeline import Run

# Villages of one kind named on a screen; the tables have all.
SHOWN = 5
# How often a village is chosen to be called so nearly always.
NEARLY_ALWAYS = 0.9


def tables(run: Run, told: Audit, *, public: bool = True) -> dict[str, pd.DataFrame]:
    """The lists as tables, one a question; what was skipped is not among them."""
    filled = told.filled.reset_index()
    joined = {side: filled[side].map(" ".join) for side in ("entered", "left")}
    found = {
        "availability": told.availability.rename_axis("village").reset_index(),
        "absent": told.absent.reset_index(),
        "sizes": told.sizes,
        "filled": filled.assign(**joined),
    }
    if told.favourable is not None:
        found["favourable"] = told.favourable.rename_axis("village").reset_index()
    chosen = pd.DataFrame({"selected": run.villages["selected"]})
    if told.frequency is not None:
        chosen["frequency"] = told.frequency
    if told.cautious is not None:
        chosen = chosen.join(told.cautious.lists[["mean", "worst"]])
        children = told.cautious.children
        found["cautious"] = (children.mask(children.map(banding.is_few)) if public else children).reset_index()
    found["chosen"] = chosen.rename_axis("village").reset_index()
    return found


def data_lines(run: Run, told: Audit, lang: str) -> Iterator[str]:
    """What is missing where, and whether filling it would change the list."""
    gone = told.absent["missing"] - told.absent["no_target"]
    full = (told.availability["missing"] == told.availability["no_target"]).sum()
    yield text("audit.data.full", lang, full=number(full, lang), villages=number(len(told.availability), lang))
    for key, counts in (("lacking", gone), ("no_target", told.absent["no_target"])):
        for count in sorted(set(counts) - {0}, reverse=True):
            labels = [_label(run, str(name), lang) for name in counts.index[counts == count]]
            yield "  • " + text(f"audit.data.{key}", lang, count=number(count, lang), labels="; ".join(labels))
    if not gone.any():
        return
    for how, row in told.filled.iterrows():
        swapped = [
            text(f"audit.without.{side}", lang, villages=consequences.places(run, row[side], lang))
            for side in ("entered", "left")
            if row[side]
        ]
        changed = " ".join(swapped) or text("audit.without.same", lang)
        yield "  • " + text(f"audit.data.{how}", lang, ranked=number(row["ranked"], lang), changed=changed)
    yield text("audit.data.never", lang)


def size_lines(run: Run, told: Audit, lang: str) -> Iterator[str]:
    """The indicators that follow how many people live in a village."""
    for _, row in told.sizes.iterrows():
        label, by = (_label(run, row[c], lang) for c in ("indicator", "denominator"))
        r = number(row["correlation"], lang, 2)
        yield text("audit.drives.size", lang, label=label, group=by, correlation=r)


def choice_lines(run: Run, told: Audit, lang: str, *, public: bool = True) -> Iterator[str]:
    """The chosen list: who is next, what the rules change, how often each is chosen, and a more cautious list."""
    yield from (f"  • {line}" for line in consequences.lines(run, lang, public=public))
    chosen = run.villages["selected"]
    if told.frequency is not None:
        inside = told.frequency[chosen].sort_values(kind="stable")
        outside = told.frequency[~chosen & (told.frequency > 0)].sort_values(ascending=False, kind="stable")
        said = {"count": number(len(inside), lang), "sure": number(int((inside >= NEARLY_ALWAYS).sum()), lang)}
        yield text("audit.choice.again", lang, level=percent(NEARLY_ALWAYS, lang, 0), **said)
        yield text("audit.choice.chance", lang)
        for key, some in (("least", inside[inside < NEARLY_ALWAYS]), ("next", outside)):
            named = [f"{consequences.place(run, c)} {words.probability(p, lang)}" for c, p in some.head(SHOWN).items()]
            if named:
                yield "  • " + text(f"audit.choice.{key}", lang, villages="; ".join(named))
    if told.cautious is not None:
        yield from _cautious(run, told.cautious, lang, public)


def short_lines(run: Run, told: Audit, lang: str) -> Iterator[str]:
    """How many of the chosen are sure under the rules, and who stands at the edge on either side."""
    chosen = run.villages["selected"]
    if told.frequency is None:
        yield text("audit.short.no_chance", lang)
        return
    inside = told.frequency[chosen].sort_values(kind="stable")
    outside = told.frequency[~chosen & (told.frequency > 0)].sort_values(ascending=False, kind="stable")
    sure = number(int((inside >= NEARLY_ALWAYS).sum()), lang)
    level = percent(NEARLY_ALWAYS, lang, 0)
    yield text("audit.short.sure", lang, sure=sure, count=number(len(inside), lang), level=level)
    edges = {"inside": inside[inside < NEARLY_ALWAYS], "outside": outside}
    said = {side: consequences.places(run, list(some.index[:3]), lang) for side, some in edges.items() if len(some)}
    if len(said) == len(edges):
        yield text("audit.short.edge", lang, **said)


def _cautious(run: Run, told: Cautious, lang: str, public: bool) -> Iterator[str]:
    tail = percent(audits.TAIL, lang, 0)
    yield text("audit.choice.worlds", lang, worlds=number(audits.WORLDS, lang), tail=tail)
    for name, row in told.children.iterrows():
        said = {c: banding.count_text(row[c], lang, public=public) for c in ("mean", "worst")}
        yield "  • " + text(f"audit.choice.list_{name}", lang, tail=tail, in_worst=said["worst"], in_all=said["mean"])
    first, other = (told.lists[c] for c in ("mean", "worst"))
    enters, leaves = (list(other.index[a & ~b]) for a, b in ((other, first), (first, other)))
    if not enters and not leaves:
        yield text("audit.choice.same", lang)
        return
    said = {"enters": consequences.places(run, enters, lang), "leaves": consequences.places(run, leaves, lang)}
    yield text("audit.choice.differs", lang, **said)


def weight_lines(run: Run, told: Audit, lang: str) -> Iterator[str]:
    """Who would be on the list under weights as kind as can be, and who could never be."""
    some, top = told.favourable, told.made.top_n
    if some is None:
        yield text("audit.large", lang, most=number(audits.MOST_PROGRAMMES, lang))
        return
    own = run.villages["rank"].reindex(some.index)
    able = {"moderate": (some["rank_moderate"] <= top) | (own <= top)}
    able["any"] = able["moderate"] | (some["rank_any"] <= top)
    never, n = some["behind"] >= top, number(top, lang)
    counts = {"villages": number(len(some), lang), "top": n}
    for key in ("moderate", "any"):
        yield "  • " + text(f"audit.weights.{key}", lang, able=number(int(able[key].sum()), lang), **counts)
    if not never.any():
        yield "  • " + text("audit.weights.none_never", lang, top=n)
        return
    least = some.loc[never, "behind"].sort_values(ascending=False, kind="stable").index
    said = {"count": number(len(least), lang), "villages": consequences.places(run, least, lang, SHOWN)}
    yield "  • " + text("audit.weights.never", lang, top=n, **said)


def _label(run: Run, name: str, lang: str) -> str:
    entry = words.indicator(run, name)
    return words.short(entry, lang) if entry else name
