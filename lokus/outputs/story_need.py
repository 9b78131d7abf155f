"""The first half of the story: the question and its data, where it is worst, where the children are, what they lack."""

from __future__ import annotations

from pathlib import Path

from lokus.catalog.loader import BURDEN, MEASURED
from lokus.messages import number, percent, text
from lokus.outputs import banding, sums, words
from lokus.outputs.telling import LONGEST_NAME, NAMED, Step, Telling, plain_label, short_name

TABLES = 2


def question(t: Telling) -> Step:
    facts, v = t.run.facts, t.run.villages
    lines, notes = [], [t.say("question.notes")]
    stunting, measured = (words.indicator(t.run, name) for name in (BURDEN, MEASURED))
    found, asked = t.total(stunting), t.total(measured)
    if found and measured and asked and asked.whole:
        share = t.average(measured, asked, 0)
        lines.append(t.say("question.measured", count=t.group(found), share=share))
        notes.append(t.say("question.not_survey"))
    elif found:
        lines.append(t.say("question.counted", count=t.group(found)))
    elif not facts["has_prevalence"]:
        lines.append(text("map.note.no_prevalence", t.lang))
    told = list(dict.fromkeys(_table(table, t.lang) for table in facts["tables"]))
    more = len(told) - TABLES
    said = "; ".join(told[:TABLES])
    lines.append(t.say("question.sources", sources=said if more <= 0 else t.say("more", names=said, count=more)))
    if unranked := int((v["status"] != "ranked").sum()):
        notes.append(t.say("question.unranked", count=unranked))
    kabupaten = facts["kabupaten"]
    place = short_name(kabupaten[0]) if len(kabupaten) == 1 else t.say("question.several", count=len(kabupaten))
    heading = t.say("question.heading", year=str(facts["year"]))
    caption = t.say("question.caption", place=place)
    layer = t.layer(MEASURED)
    return Step("question", heading, tuple(lines), number(len(v), t.lang), layer, (), " ".join(notes), caption)


def _table(table: words.Indicator, lang: str) -> str:
    name = table["source"] or Path(table["path"]).name
    name = name if len(name) <= 2 * LONGEST_NAME else f"{name[: 2 * LONGEST_NAME - 1].rstrip()}…"
    return text("map.table", lang, name=name, period=table["period"] or text("map.period_unsaid", lang))


def where(t: Telling) -> Step | None:
    """Where the burden is heaviest; without one, where the indicator of the greatest weight is worst."""
    entry = words.indicator(t.run, BURDEN)
    if not (entry and t.run.facts["has_prevalence"]):
        scored = [e for e in t.run.facts["indicators"] if e["scored"] and e["id"] != BURDEN]
        entry = max(scored, key=lambda e: e["weight"], default=None)
    if entry is None or entry["average"] is None:
        return None
    found, burden = t.total(entry) if entry["kind"] == "share" else None, entry["id"] == BURDEN
    label = plain_label(entry, t.lang)
    figure = t.average(entry, found) if found and found.whole else words.value_text(entry, entry["average"], t.lang)
    lines = []
    if burden and found and found.whole:
        lines.append(t.say("where.counted", measured=t.group(found), stunted=t.people(found)))
    if entry["target"] is not None:
        lines.append(t.say("where.target", target=words.value_text(entry, entry["target"], t.lang)))
    worst = _kecamatan(t, entry)
    if len(worst) > 1:
        lines.append(t.say("where.worst", first=worst[0], second=worst[1]))
    column = f"estimate_{entry['id']}" if f"estimate_{entry['id']}" in t.run.villages else f"value_{entry['id']}"
    marked = t.top(column, entry) if entry["better"] == "lower" else t.top(f"need_{entry['id']}", entry)
    key = "where" if burden else "where_need"
    return Step(
        "where", t.say(f"{key}.heading"), tuple(lines), figure,
        t.layer(entry["id"], f"{entry['id']}_gap"), marked,
        " ".join([t.say(f"{key}.notes"), t.say("where.marked", names=t.names(marked))]),
        t.say("where.caption") if burden else t.say("where_need.caption", label=label),
    )  # fmt: skip


def _kecamatan(t: Telling, entry: words.Indicator) -> list[str]:
    """The two kecamatan where an indicator is worst, with its value there."""
    v, sign = t.run.villages, 1 if entry["better"] == "lower" else -1
    counted = sums.counts(t.run, entry, public=t.public) if entry["kind"] == "share" else None
    if counted is not None:
        by = counted.groupby(v["kecamatan_code"].reindex(counted.index), sort=True).sum()
        value = (by["low"] + by["high"]) / 2 / by["whole"].where(by["whole"] > 0)
    elif entry["interval"]:
        return []
    else:
        value = v[f"value_{entry['id']}"].groupby(v["kecamatan_code"], sort=True).mean()
    told = []
    for code in (sign * value).dropna().sort_values(ascending=False, kind="stable").index[:2]:
        own = v.index[v["kecamatan_code"] == code]
        if counted is None:
            said = words.value_text(entry, value[code], t.lang)
        else:
            said = sums.share_text(sums.of(counted.loc[counted.index.isin(own)]), t.lang, 0)
        told.append(f"{t.place(own[0])} ({said})")
    return told


def children(t: Telling) -> Step | None:
    """Where most of the children live: another map than that of the share."""
    entry, v = words.indicator(t.run, BURDEN), t.run.villages
    counted = next((e for e in t.run.facts["indicators"] if e["kind"] == "count" and e.get("of") == BURDEN), None)
    found = t.total(entry)
    if entry is None or counted is None or not found or not found.middle > 0:
        return None
    numbers = v[f"numerator_{BURDEN}"].dropna().sort_values(ascending=False, kind="stable")
    half = int((numbers.cumsum() < found.middle * found.whole / 2).sum()) + 1
    size = min(10, max(NAMED, len(numbers) // 4))
    rates = v[f"estimate_{BURDEN}"].dropna().sort_values(ascending=False, kind="stable")
    both = len(set(numbers.index[:size]) & set(rates.index[:size]))
    marked = t.top(f"numerator_{BURDEN}", entry)
    lines = [t.say("children.both", size=size, both=both)]
    if marked:
        first = marked[0]
        count = banding.count_text(numbers[first], t.lang, public=t.public)
        village = f"{short_name(v['village'][first])} ({t.place(first)})"
        lines.append(t.say("children.most", village=village, count=count))
    caption = t.say("children.caption", villages=number(len(numbers), t.lang))
    layer = t.layer(counted["id"], BURDEN)
    notes = t.say("children.notes", half=half, names=t.names(marked))
    return Step(
        "children", t.say("children.heading"), tuple(lines), number(half, t.lang), layer, marked, notes, caption
    )


def services(t: Telling) -> Step | None:
    """The services that most people still lack; where none is known, the risks that most families bear."""
    known = [
        e for e in t.run.facts["indicators"] if e["kind"] == "share" and e["dimension"] not in ("burden", "quality")
    ]
    entries = [e for e in known if e["dimension"] == "services"] or known
    lacking = [(e, found if e["better"] == "lower" else found.rest) for e in entries if (found := t.total(e))]
    lacking = [pair for pair in lacking if pair[1].high > 0]
    if not lacking:
        return None
    # What is at its target has arrived, however many people are left.
    lacking = [pair for pair in lacking if _short(*pair) > 0] or lacking
    lacking.sort(key=lambda pair: -_short(*pair))
    lines = []
    for entry, found in lacking[:NAMED]:
        share = t.average(entry, found if entry["better"] == "lower" else found.rest, 0)
        target = "" if entry["target"] is None else t.say("services.target", target=percent(entry["target"], t.lang, 0))
        said = {"label": plain_label(entry, t.lang), "share": share, "people": t.people(found), "target": target}
        lines.append(t.say(f"services.{entry['better']}", **said))
    first, found = lacking[0]
    marked = t.top(f"gap_people_{first['id']}", first)
    caption = t.say(f"services.caption_{first['better']}", label=plain_label(first, t.lang))
    layer = t.layer(f"{first['id']}_gap", first["id"])
    kind = "services" if first["dimension"] == "services" else "risks"
    notes = t.say(f"{kind}.notes")
    return Step(
        "services", t.say(f"{kind}.heading"), tuple(lines), t.people(found, brief=True), layer, marked, notes, caption
    )


def _short(entry: words.Indicator, found: sums.Total) -> float:
    """How many of those who lack a service, or bear a risk, would have to be reached for its target; all without one.

    0 where the whole per cent, as it is told, is at the target.
    """
    if entry["target"] is None:
        return (found.low + found.high) / 2
    allowed: float = entry["target"] if entry["better"] == "lower" else 1 - entry["target"]
    if round(100 * found.middle) <= round(100 * allowed):
        return 0.0
    return (found.middle - allowed) * found.whole


def score(t: Telling) -> Step | None:
    """What the score is made of."""
    top = [d for d in t.run.facts["dimensions"] if not d.get("inside")]
    parts = top if len(top) > 1 else [e for e in t.run.facts["indicators"] if e["scored"]]
    parts = sorted((p for p in parts if p["weight"] > 0), key=lambda p: -p["weight"])
    if not parts or "score" not in t.shown:
        return None
    told = [f"{plain_label(p, t.lang)} {percent(p['weight'], t.lang, 0)}" for p in parts]
    line = t.say("score.parts", parts=t.list(told))
    marked = t.top("score")
    count = sum(1 for e in t.run.facts["indicators"] if e["scored"])
    caption, notes = t.say("score.caption"), t.say("score.notes", names=t.names(marked))
    return Step("score", t.say("score.heading"), (line,), number(count, t.lang), "score", marked, notes, caption)


def patterns(t: Telling) -> Step | None:
    """Which villages have like problems."""
    profiles, v = t.run.facts["clusters"]["profiles"], t.run.villages
    if "cluster" not in t.shown or not profiles:
        return None
    sizes = {p["cluster"]: int((v["cluster"] == p["cluster"]).sum()) for p in profiles}
    largest = sorted(sizes, key=lambda k: (-sizes[k], k))[:NAMED]
    lines = [
        t.say("patterns.group", count=sizes[k], profile=words.group_short(t.run, k, t.lang))
        for k in largest
        if sizes[k]
    ]
    heading, notes = t.say("patterns.heading"), t.say("patterns.notes")
    figure, caption = number(len(profiles), t.lang), t.say("patterns.caption")
    return Step("patterns", heading, tuple(lines), figure, "cluster", (), notes, caption)
