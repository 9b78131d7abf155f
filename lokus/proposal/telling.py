"""A proposal in lines for a person and in values for a program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lokus import messages
from lokus.errors import Problem
from lokus.proposal.records import Blank, Proposal, Question, Said, Sentence, TableProposal
from lokus.proposal.writing import choice, how_read, reading, sentence, unused


def question_lines(question: Question, lang: str) -> list[str]:
    """A question with its numbered choices, the proposed one marked."""
    lines = ["", sentence(question.said, lang)]
    for n, told in enumerate(question.choices):
        mark = messages.text("init.marked", lang) if n == question.proposal else ""
        lines.append(f"  {n + 1}. {choice(told, lang)}{mark}")
    return lines


def blank_line(blank: Blank, lang: str) -> str:
    """What a person is asked to write, with what Enter takes."""
    proposed = f" [{blank.proposal}]" if blank.proposal else ""
    return f"  {sentence(blank.said, lang)}{proposed}: "


def closing(proposal: Proposal, lang: str) -> list[str]:
    """What keeps the study from running or from being whole, before all else: rows to mend, indicators that are off."""
    mends = list(dict.fromkeys(sentence(row, lang) for _, m in proposal.indicators for row in m.mend))
    lines = [messages.text("init.mend", lang), *(f"  ✗ {row}" for row in mends)] if mends else []
    on = {m.id for _, m in proposal.indicators}
    gone = {m.id: t.off or m.off for t in proposal.tables for m in t.meanings if not m.of and m.id not in on}
    told = [f"  ✗ {id_}: {sentence(why, lang)}" for id_, why in gone.items() if why]
    return [*lines, messages.text("init.not_scored", lang), *told] if told else lines


def report(proposal: Proposal, lang: str) -> list[str]:
    """What was recognised, on what evidence, what a person must decide, and what is not used and why."""
    lines = [sentence(said, lang) for said in proposal.ground_evidence]
    lines += [f"  ? {sentence(doubt, lang)}" for doubt in proposal.ground_doubts]
    for table in proposal.tables:
        lines += _table(table, lang)
    for points in proposal.points:
        about = {"latitude": points.latitude, "longitude": points.longitude}
        lines += ["", points.look.name, f"  {messages.text('init.points_found', lang, **about)}"]
    if proposal.left:
        lines += ["", messages.text("init.left", lang)]
        lines += [f"  - {name}: {sentence(why, lang)}" for name, why in proposal.left]
    return lines


def _table(table: TableProposal, lang: str) -> Iterator[str]:
    yield ""
    yield f"{table.name} ({table.period.text or '–'})"
    for n in range(len(table.evidence)):
        yield f"  {reading(table, n, lang)}"
    for line in how_read(table, lang):
        yield f"  {line}"
    if table.off:
        yield f"  ✗ {sentence(table.off, lang)}"
    if table.use == "last_year" and not table.off:
        yield f"  ✓ {messages.text('init.is_last_year', lang)}"
    for meaning in table.meanings:
        if meaning.off or table.off:
            yield f"  – {meaning.id}: {sentence(meaning.off, lang) if meaning.off else ''}"
            continue
        used = messages.text("init.of", lang, of=meaning.of) if meaning.of else " / ".join(
            " + ".join(part) for part in (meaning.numerator, meaning.denominator) if part
        ) or meaning.percent or " + ".join(meaning.value)  # fmt: skip
        yield f"  ✓ {meaning.id} = {used}"
        for doubt in (*meaning.mend, *meaning.doubts):
            yield f"    ? {sentence(doubt, lang)}"
    for doubt in table.doubts:
        yield f"  ? {sentence(doubt, lang)}"
    if table.unused:
        yield f"  {unused(table, lang)}"


def as_values(proposal: Proposal, lang: str) -> dict[str, Any]:
    """The proposal and its evidence as JSON values."""
    ground = proposal.ground
    return {
        "boundaries": {
            "file": ground.path.name, "layer": ground.layer, "code_system": ground.system,
            "columns": dict(ground.columns), "names_only": ground.names_only,
            "villages": len(ground.boundaries.places), "schema": ground.boundaries.schema,
            "evidence": [_told(s, lang) for s in proposal.ground_evidence],
            "doubts": [_told(s, lang) for s in proposal.ground_doubts],
        },
        "tables": [_table_values(t, lang) for t in proposal.tables],
        "points": [{"id": p.id, "file": p.look.name, "latitude": p.latitude, "longitude": p.longitude, "name": p.name}
                   for p in proposal.points],
        "not_understood": [{"name": name, **_told(why, lang)} for name, why in proposal.left],
        "year": proposal.year, "count": proposal.count, "kabupaten": proposal.kabupaten, "runs": proposal.runs,
    }  # fmt: skip


def _table_values(table: TableProposal, lang: str) -> dict[str, Any]:
    return {
        "id": table.id, "file": table.look.path.name, "sheet": table.look.sheet.name, "use": table.use,
        "place": dict(table.place), "code_system": table.code_system, "villages": table.villages,
        "period": table.period.text, "period_column": table.period.column if table.period.several else "",
        "decimal": table.decimal, "repeated": table.repeated, "fill_down": table.fill_down, "only": dict(table.only),
        "source": table.source, "unused": list(table.unused),
        "evidence": [_told(s, lang) for s in (*table.evidence, *([table.period.said] if table.period.said else []))],
        "doubts": [_told(s, lang) for s in table.doubts], "off": _told(table.off, lang) if table.off else None,
        "indicators": [
            {"id": m.id, "numerator": list(m.numerator), "denominator": list(m.denominator), "percent": m.percent,
             "value": list(m.value), "of": m.of, "score": m.score, "evidence": [_told(s, lang) for s in m.evidence],
             "mend": [_told(p, lang) for p in m.mend], "doubts": [_told(s, lang) for s in m.doubts],
             "off": _told(m.off, lang) if m.off else None}
            for m in table.meanings
        ],
    }  # fmt: skip


def _told(said: Sentence, lang: str) -> dict[str, Any]:
    if isinstance(said, Question):
        choices = [choice(c, lang) for c in said.choices]
        return {"code": said.said.code, "text": sentence(said, lang), "choices": choices, "proposal": said.proposal}
    params = dict(said.params) if isinstance(said, Said | Problem) else {}
    return {"code": said.code, "text": sentence(said, lang), "params": params}
