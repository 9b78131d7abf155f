"""A proposal in lines for a person and in values for a program."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lokus import messages
from lokus.errors import Problem
from lokus.proposal.records import Proposal, Question, Said, Sentence, TableProposal
from lokus.proposal.writing import choice, sentence


def question_lines(question: Question, lang: str) -> list[str]:
    """A question with its numbered choices, the proposed one marked."""
    lines = ["", sentence(question.said, lang)]
    for n, told in enumerate(question.choices):
        mark = messages.text("init.marked", lang) if n == question.proposal else ""
        lines.append(f"  {n + 1}. {choice(told, lang)}{mark}")
    return lines


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
    yield f"{table.look.name} ({table.period.text or '–'})"
    for said in table.evidence:
        yield f"  {sentence(said, lang)}"
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
        for doubt in meaning.doubts:
            yield f"    ? {sentence(doubt, lang)}"
    for doubt in table.doubts:
        yield f"  ? {sentence(doubt, lang)}"
    if table.unused:
        yield f"  {messages.text('init.unused', lang, columns=table.unused)}"


def as_values(proposal: Proposal, lang: str) -> dict[str, Any]:
    """The proposal and its evidence as JSON values."""
    ground = proposal.ground
    return {
        "boundaries": {
            "file": ground.path.name, "layer": ground.layer, "code_system": ground.system,
            "villages": len(ground.boundaries.places), "schema": ground.boundaries.schema,
            "evidence": [_told(s, lang) for s in proposal.ground_evidence],
            "doubts": [_told(s, lang) for s in proposal.ground_doubts],
        },
        "tables": [_table_values(t, lang) for t in proposal.tables],
        "points": [{"id": p.id, "file": p.look.name, "latitude": p.latitude, "longitude": p.longitude, "name": p.name}
                   for p in proposal.points],
        "not_understood": [{"name": name, **_told(why, lang)} for name, why in proposal.left],
        "year": proposal.year, "kabupaten": proposal.kabupaten, "runs": proposal.runs,
    }  # fmt: skip


def _table_values(table: TableProposal, lang: str) -> dict[str, Any]:
    return {
        "id": table.id, "file": table.look.path.name, "sheet": table.look.sheet.name, "use": table.use,
        "place": dict(table.place), "code_system": table.code_system, "villages": table.villages,
        "period": table.period.text, "period_column": table.period.column if table.period.several else "",
        "decimal": table.decimal, "repeated": table.repeated, "unused": list(table.unused),
        "evidence": [_told(s, lang) for s in (*table.evidence, *([table.period.said] if table.period.said else []))],
        "doubts": [_told(s, lang) for s in table.doubts], "off": _told(table.off, lang) if table.off else None,
        "indicators": [
            {"id": m.id, "numerator": list(m.numerator), "denominator": list(m.denominator), "percent": m.percent,
             "value": list(m.value), "of": m.of, "score": m.score, "evidence": [_told(s, lang) for s in m.evidence],
             "doubts": [_told(s, lang) for s in m.doubts], "off": _told(m.off, lang) if m.off else None}
            for m in table.meanings
        ],
    }  # fmt: skip


def _told(said: Sentence, lang: str) -> dict[str, Any]:
    if isinstance(said, Question):
        choices = [choice(c, lang) for c in said.choices]
        return {"code": said.said.code, "text": sentence(said, lang), "choices": choices, "proposal": said.proposal}
    params = dict(said.params) if isinstance(said, Said | Problem) else {}
    return {"code": said.code, "text": sentence(said, lang), "params": params}
