"""What the columns of a table measure: counts, target groups, per cents, and which catalogue indicator each is."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import pandas as pd

from lokus.catalog.headings import fits, is_percent, lists, words
from lokus.proposal.records import Ask, Look, Meaning, Question, Said, Sentence, settle
from lokus.sources.headers import JOIN
from lokus.sources.numbers import parse_numbers

# A share of rows that must hold for a relation between columns to be believed, and for it to be told as firm.
MOSTLY, FIRM = 0.5, 0.98
# How far a per cent may stand from its counts to agree with them: half of its last digit, for whole per cents.
AGREES = 0.6


@dataclass(frozen=True, slots=True)
class Column:
    """A numeric column: its words, those of its last header row, the group above, its place, and its numbers."""

    name: str
    said: frozenset[str]
    leaf: frozenset[str]
    group: str
    at: int
    values: pd.Series
    percent: bool
    decimal: str

    @property
    def whole(self) -> bool:
        """Whether every number is whole and none is negative: as counts are."""
        known = self.values.dropna()
        return not self.percent and bool((known % 1 == 0).all() and (known >= 0).all())


def numeric(look: Look, but: Collection[str], kept: pd.Index) -> list[Column]:
    """The numeric columns of a table but those that name places; in the rows that are `kept`."""
    found = []
    for at, name in enumerate(look.sheet.columns):
        if name in but or fits(lists()["place"]["code"], words(name)):
            continue
        read = parse_numbers(look.sheet.rows[name])
        decimal = ""
        if read.ambiguous:
            # Counts are whole: "1.204" of them can only be thousands.
            marked = any("." in str(c) for c in look.sheet.rows[name] if isinstance(c, str))
            decimal = "," if marked else "."
            read = parse_numbers(look.sheet.rows[name], "," if marked else ".")
        values = read.values.loc[kept]
        if values.notna().sum() <= len(read.bad) or _numbers_rows(values):
            continue
        group, _, leaf = name.rpartition(JOIN)
        percent = read.percent or is_percent(name)
        found.append(Column(name, words(name), words(leaf), group, at, values, percent, decimal))
    return found


def meanings(
    columns: Sequence[Column], look: Look, ask: Ask, service: str = ""
) -> tuple[list[Meaning], list[tuple[str, Sentence]]]:
    """The indicators in the columns of one table, and the columns that almost are one, each with what it lacks.

    `service`: what the rows are of, where a column says so.
    """
    found: list[Meaning] = []
    lacking: list[tuple[str, Sentence]] = []
    taken: set[str] = set()
    for id_, rules in lists()["indicator"].items():
        seen = _Seen(id_, columns, ask, taken)
        meaning = seen.meaning(rules)
        lacking += seen.lacking
        if meaning is not None:
            taken |= {*meaning.numerator, *meaning.value, meaning.percent}
            found.append(meaning)
    if not found:
        found = _served(columns, look, ask, service)
    used = {c for m in found for c in m.columns}
    return found, [(column, why) for column, why in lacking if column not in used]


class _Seen:
    """One indicator sought in the columns of a table."""

    def __init__(self, id_: str, columns: Sequence[Column], ask: Ask, taken: set[str]) -> None:
        self.id, self.columns, self.ask, self.taken = id_, columns, ask, taken
        self.doubts: list[Sentence] = []
        self.lacking: list[tuple[str, Sentence]] = []

    def meaning(self, rules: Mapping[str, list[str]]) -> Meaning | None:
        """The indicator with the columns of its roles; None where they are not there, or cannot be what they seem."""
        for rule in rules.get("value", ()):
            if column := self._one(rule, [c for c in self.columns if not c.percent]):
                return Meaning(self.id, value=(column.name,), doubts=tuple(self.doubts))
        counts = self._numerator(rules)
        if counts:
            denominator = self._denominator(rules, counts)
            if denominator and (evidence := _holds(counts, denominator, self.columns)) is not None:
                headers = tuple(c.name for c in counts)
                return Meaning(self.id, headers, (denominator.name,), evidence=evidence, doubts=tuple(self.doubts))
        if percent := self._percent(rules):
            return Meaning(self.id, percent=percent.name, evidence=(_alone(percent),), doubts=tuple(self.doubts))
        for column in counts[:1]:
            self.lacking.append((column.name, Said("denominator_missing", {"id": self.id})))
        return None

    def _numerator(self, rules: Mapping[str, list[str]]) -> list[Column]:
        whole = [c for c in self.columns if c.whole and c.name not in self.taken and "sasaran" not in c.said]
        for parts in rules.get("numerator", ()):
            found: list[Column] = []
            for rule in parts:
                near = found[0] if found else None
                if column := self._one(rule, [c for c in whole if c not in found], near):
                    found.append(column)
            if len(found) == len(parts):
                return found
        return []

    def _denominator(self, rules: Mapping[str, list[str]], counts: list[Column]) -> Column | None:
        whole = [c for c in self.columns if c.whole and c not in counts]
        for rule in rules.get("denominator", ()):
            if column := self._one(rule, whole, counts[0]):
                return column
        for rule in rules.get("doubtful", ()):
            if column := self._one(rule, whole, counts[0]):
                self.doubts.append(_doubted(counts, column))
                return column
        target = lists()["general"]["target"]
        before = [c for c in whole if c.at < counts[0].at and c.group == counts[0].group and fits(target, c.said)]
        if before and counts[0].group:
            self.doubts.append(_doubted(counts, before[-1]))
            return before[-1]
        return None

    def _percent(self, rules: Mapping[str, list[str]]) -> Column | None:
        """A column that gives the share alone: by its header or its cells, or by fractions between 0 and 100."""
        sought = [parts[0] for parts in rules.get("numerator", ()) if len(parts) == 1]
        free = [c for c in self.columns if c.name not in self.taken and "sasaran" not in c.said]
        told = [c for c in free if c.percent]
        likely = [c for c in free if not c.percent and not c.whole and _low(c) >= 0 and 1 < _high(c) <= 100]
        for rule in sought:
            if column := self._one(rule, told):
                if _high(column) > 1:
                    return column
                self.lacking.append((column.name, Said("share_not_percent")))
            elif column := self._one(rule, likely):
                self.doubts.append(Said("percent_assumed", {"column": column.name}))
                return column
        return None

    def _one(self, rule: str, among: Iterable[Column], near: Column | None = None) -> Column | None:
        """The column a rule means; of several the one in the same group, then the plainest, then a person's choice."""
        fit = [c for c in among if fits(rule, c.said)]
        fit = [c for c in fit if fits(rule, c.leaf)] or fit
        if near and (beside := [c for c in fit if c.group == near.group]):
            fit = beside
        plainest = [c for c in fit if all(c.said <= other.said for other in fit)]
        if len(fit) > 1 and len(plainest) != 1:
            fit.sort(key=lambda c: (len(c.said), c.at))
            question = Question(Said("which_column", {"id": self.id}), tuple(c.name for c in fit))
            return fit[settle(self.ask, question, self.doubts)]
        return (plainest or [None])[0] if len(fit) > 1 else (fit or [None])[0]  # type: ignore[list-item]


def _doubted(counts: Sequence[Column], column: Column) -> Said:
    return Said("denominator_doubtful", {"numerator": [c.name for c in counts], "denominator": column.name})


def _holds(counts: Sequence[Column], denominator: Column, columns: Sequence[Column]) -> tuple[Said, ...] | None:
    """What the numbers say of a share: counts within their target group, and a per cent column that agrees.

    None where most rows count more than their target group has: then the columns are something else.
    """
    counted = sum((c.values for c in counts[1:]), counts[0].values)
    both = counted.notna() & denominator.values.notna() & (denominator.values > 0)
    if not both.any():
        return None
    within = int((counted[both] <= denominator.values[both]).sum())
    if within < MOSTLY * both.sum():
        return None
    told = [Said("within", {"within": within, "rows": int(both.sum())})]
    share = (100 * counted / denominator.values.where(denominator.values > 0))[both]
    for column in columns:
        given = column.values[both].dropna()
        agree = int(((given - share[given.index]).abs() < AGREES).sum())
        if column.percent and len(given) > 1 and agree >= FIRM * len(given):
            told.append(Said("percent_agrees", {"column": column.name, "agree": agree, "rows": len(given)}))
            break
    return tuple(told)


def _served(columns: Sequence[Column], look: Look, ask: Ask, service: str) -> list[Meaning]:
    """A table of one service with general headings (sasaran, terlayani): what it is stands in it or around it."""
    meaning = _general(columns, percent=bool(service))
    if meaning is None:
        return []
    around = words(service or " ".join([*look.titles, look.sheet.name, look.path.stem]))
    fit = [i for i, rules in lists()["indicator"].items() for p in rules.get("numerator", ()) if fits(p[0], around)]
    if not fit:
        label = " ".join((service or look.path.stem.replace("_", " ")).split())
        own = {"label_id": label, "kind": "share", "better": "higher"}
        return [replace(meaning, own=own, doubts=(Said("own_indicator", {"label": label}),))]
    doubts: list[Sentence] = []
    choices = list(dict.fromkeys(fit))
    chosen = 0
    if len(choices) > 1:
        chosen = settle(ask, Question(Said("which_indicator", {"file": look.name}), tuple(choices)), doubts)
    else:
        about = {"file": look.name, "id": choices[0], "service": service}
        doubts.append(Said("service_assumed" if service else "indicator_assumed", about))
    return [replace(meaning, id=choices[chosen], doubts=tuple(doubts))]


def _general(columns: Sequence[Column], *, percent: bool) -> Meaning | None:
    """The people reached of a target group; with `percent`, the only share there is."""
    general = lists()["general"]
    served = [c for c in columns if c.whole and fits(general["served"], c.said) and "sasaran" not in c.said]
    target = [c for c in columns if c.whole and fits("sasaran|target", c.said)]
    if len(served) == 1 and len(target) == 1 and (evidence := _holds(served, target[0], columns)) is not None:
        return Meaning("", (served[0].name,), (target[0].name,), evidence=evidence)
    shares = [c for c in columns if percent and c.percent and _high(c) > 1]
    return Meaning("", percent=shares[0].name, evidence=(_alone(shares[0]),)) if len(shares) == 1 else None


def _numbers_rows(values: pd.Series) -> bool:
    """Whether a column only numbers the rows: 1, 2, 3 … or 0, 1, 2 …"""
    steps = values.dropna().diff().dropna()
    return len(steps) > 1 and bool((steps == 1).mean() > MOSTLY) and bool(values.dropna().is_unique)


def _alone(percent: Column) -> Said:
    return Said("percent_alone", {"column": percent.name, "low": _low(percent), "high": _high(percent)})


def _low(column: Column) -> float:
    return float(column.values.min())


def _high(column: Column) -> float:
    return float(column.values.max())
