"""Which boundary file, which code system and which kabupaten: each hypothesis is held against the tables' places."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lokus.errors import DataError, Problem
from lokus.proposal import attributes, looking, places
from lokus.proposal.looking import Left
from lokus.proposal.records import Ask, Ground, Look, Question, Said, Sentence, settle

# From this share of the tables' rows on, a kabupaten is the one they are of.
MOST_OF_ROWS = 0.8
MOST_CHOICES = 8
OTHER_SYSTEM = ("boundary_system_contradicted", "boundary_codes_of_other_system")


def ground(
    files: Sequence[Path], looks: Sequence[Look], ask: Ask, left: list[Left], **given: str
) -> tuple[Ground, list[Said], list[Sentence]]:
    """The boundary file under the hypothesis that most rows of the tables fit, with the evidence and the doubts.

    Errors: `DataError` with every fault, when no file can be read under any hypothesis.
    """
    grounds: list[Ground] = []
    evidence: list[Said] = []
    faults: list[Problem] = []
    doubts: list[Sentence] = []
    for path in files:
        read, told, wrong = looking.grounds(path, **given)
        if attributes.unanswered(read, wrong):
            by_values, found = attributes.grounds(path, looks, bool(read), ask, doubts, **given)
            read, told = (by_values, [*found, *map(looking.reads, by_values)]) if by_values else (read, told)
        grounds, evidence, faults = grounds + read, evidence + told, faults + wrong
        if not read and wrong:
            left.append((path.name, wrong[0]))
    if not grounds:
        raise DataError(_distinct(faults))
    fit = [_fitting(one, looks) if len(grounds) > 1 else (0, 0) for one in grounds]
    order = sorted(range(len(grounds)), key=lambda n: (fit[n], len(grounds[n].boundaries.places), -n), reverse=True)
    best = order[0]
    if len(grounds) > 1:
        evidence += [Said("boundary_fits", {**_named(g), "named": n, "by_code": c})
                     for g, (n, c) in zip(grounds, fit, strict=True)]  # fmt: skip
        known = tuple(Said("ground", _named(grounds[n])) for n in order)
        if not _clear(fit[best], fit[order[1]]):
            best = order[settle(ask, Question(Said("which_ground"), known), doubts)]
    chosen = grounds[best]
    left += [(p.name, Said("boundary_unused", {"used": chosen.path.name})) for p in files if p != chosen.path
             and not any(p.name == name for name, _ in left)]  # fmt: skip
    return _of_kabupaten(chosen, looks, ask, doubts), evidence, doubts


def _of_kabupaten(ground: Ground, looks: Sequence[Look], ask: Ask, doubts: list[Sentence]) -> Ground:
    """The ground narrowed to the kabupaten the tables are of, where its file holds several and none was named."""
    villages = ground.boundaries.places
    names = villages.drop_duplicates("kabupaten_code").set_index("kabupaten_code")["kabupaten"]
    if ground.kabupaten or len(names) < 2:
        return ground
    votes = places.voted(looks, ground)
    there = [code for code, _ in votes[: MOST_CHOICES - 1]] or list(names.index[: MOST_CHOICES - 1])
    total = sum(n for _, n in votes)
    sure = bool(votes) and votes[0][1] >= MOST_OF_ROWS * total
    choices: tuple[str | Said, ...] = (
        Said("all_kabupaten", {"count": len(names)}),
        *(f"{names[code]} ({code})" for code in there),
    )
    question = Question(Said("which_kabupaten", {"file": ground.path.name}), choices, 1 if sure else 0)
    chosen = settle(ask, question, doubts)
    if not chosen:
        return ground
    code = there[chosen - 1]
    return looking.again(ground, names[code] if ground.names_only else code) or ground


def _fitting(ground: Ground, looks: Sequence[Look]) -> tuple[int, int]:
    """How many villages the tables name under this hypothesis, and how many rows do so by code, all together."""
    found = [places.best(places.readings(look, ground, look.sheet.rows.index)) for look in looks]
    return sum(r.villages for r in found if r), sum(r.by_code for r in found if r)


def _clear(first: tuple[int, int], second: tuple[int, int]) -> bool:
    """Whether the tables speak for the first hypothesis: twice the villages, or codes where the other has none."""
    return first[0] > 0 and (2 * second[0] <= first[0] or first[1] > 0 == second[1])


def _named(ground: Ground) -> dict[str, object]:
    layer = f" › {ground.layer}" if ground.layer else ""
    return {"file": ground.path.name + layer, "system": ground.system, "villages": len(ground.boundaries.places)}


def _distinct(faults: Sequence[Problem]) -> list[Problem]:
    """Faults told once: both hypotheses meet most of them. That one does not fit is none where the other has faults."""
    told = {(p.code, p.where.file): p for p in faults}
    real = [p for p in told.values() if p.code not in OTHER_SYSTEM]
    return real or list(told.values())
