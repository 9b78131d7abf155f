"""Laws of the texts: both languages say the same things, and every problem the code can raise has its words."""

import ast
import re
import string
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from conftest import ROOT

from lokus import messages

INDONESIAN, ENGLISH = messages.catalogue("id"), messages.catalogue("en")


class Raised(NamedTuple):
    """One place of the code that names a text; `given` = the fields it fills, None where they are not literal."""

    place: str
    code: str
    given: frozenset[str] | None


def fields(text: str) -> set[str]:
    return {field for _, field, _, _ in string.Formatter().parse(text) if field is not None}


@cache
def trees() -> list[tuple[str, ast.Module]]:
    modules = sorted((ROOT / "lokus").rglob("*.py"))
    return [(path.relative_to(ROOT).as_posix(), ast.parse(path.read_text("utf-8"))) for path in modules]


def constants(node: ast.expr | None) -> list[str]:
    """The texts an expression may be: a literal, or either side of a conditional."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return [node.value]
    return constants(node.body) + constants(node.orelse) if isinstance(node, ast.IfExp) else []


def literal_keys(node: ast.expr | None) -> frozenset[str] | None:
    """The keys of a dict display or `dict(a=…)` call, () where there is no params argument, None where unknown."""
    if node is None:
        return frozenset()
    if isinstance(node, ast.Dict) and all(isinstance(key, ast.Constant) for key in node.keys):
        return frozenset(key.value for key in node.keys)
    return None


def calls(*names: str) -> Iterator[tuple[str, ast.Call]]:
    for place, tree in trees():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and getattr(node.func, "id", getattr(node.func, "attr", "")) in names:
                yield f"{place}:{node.lineno}", node


def argument(call: ast.Call, position: int, name: str) -> ast.expr | None:
    named = {keyword.arg: keyword.value for keyword in call.keywords}
    return call.args[position] if len(call.args) > position else named.get(name)


def problems() -> Iterator[Raised]:
    """Every `Problem("code", …)` of the code, and every call of a function that hands its argument on to `Problem`."""
    for place, call in calls("Problem"):
        given = literal_keys(argument(call, 3, "params"))
        yield from (Raised(place, code, given) for code in constants(argument(call, 0, "code")))
    for _, tree in trees():
        for maker in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
            names = [parameter.arg for parameter in maker.args.args]
            inner = [node for node in ast.walk(maker) if isinstance(node, ast.Call)]
            told = [argument(node, 0, "code") for node in inner if getattr(node.func, "id", "") == "Problem"]
            for name in {node.id for node in told if isinstance(node, ast.Name) and node.id in names}:
                for place, call in calls(maker.name):
                    codes = constants(argument(call, names.index(name), name))
                    yield from (Raised(place, code, None) for code in codes)


def errors() -> Iterator[Raised]:
    """Every `LokusError("code", …)` of the code."""
    for place, call in calls("LokusError"):
        names = frozenset(keyword.arg for keyword in call.keywords)
        given = None if None in names else names - {"code", "problems"}
        yield from (Raised(place, code, given) for code in constants(argument(call, 0, "code")))


PROBLEMS, ERRORS = list(problems()), list(errors())


def test_both_languages_have_the_same_keys():
    assert INDONESIAN.keys() == ENGLISH.keys()


def test_both_languages_fill_the_same_simple_fields():
    both = INDONESIAN.keys() & ENGLISH.keys()
    assert not [key for key in both if fields(INDONESIAN[key]) != fields(ENGLISH[key])]
    assert not [key for key in both if not all(field.isidentifier() for field in fields(ENGLISH[key]))]


def test_the_scan_finds_what_the_code_raises():
    assert len(PROBLEMS) > 20


def unfilled(seen: Raised, key: str) -> set[str]:
    """The fields of a text that its place in the code is seen not to fill."""
    return fields(ENGLISH.get(key, "")) - seen.given if seen.given is not None else set()


def test_every_problem_has_its_text_and_its_remedy_and_fills_their_fields():
    keys = [(seen, f"problem.{seen.code}.{part}") for seen in PROBLEMS for part in ("text", "fix")]
    absent = [f"{seen.place} {key}" for seen, key in keys if key not in ENGLISH]
    empty = [f"{seen.place} {key} {unfilled(seen, key)}" for seen, key in keys if unfilled(seen, key)]
    assert not absent + empty, "\n".join(absent + empty)


def test_every_error_has_its_text_and_fills_its_fields():
    keys = [(seen, f"error.{seen.code}") for seen in ERRORS]
    absent = [f"{seen.place} {key}" for seen, key in keys if key not in ENGLISH]
    empty = [f"{seen.place} {key} {unfilled(seen, key)}" for seen, key in keys if unfilled(seen, key)]
    assert not absent + empty, "\n".join(absent + empty)


def test_no_problem_has_a_text_that_nothing_raises():
    nodes = [node for _, tree in trees() for node in ast.walk(tree)]
    written = {node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)}
    # A code made by an f-string: its fixed part must be a name's part, not a mere separator.
    made = [
        "".join(re.escape(part.value) if isinstance(part, ast.Constant) else "[a-z0-9_]+" for part in node.values)
        for node in nodes
        if isinstance(node, ast.JoinedStr)
        and isinstance(node.values[0], ast.Constant)
        and re.match("[a-z]+_", node.values[0].value)
    ]
    texts = {key.split(".")[1] for key in INDONESIAN if key.startswith("problem.")}
    assert not [code for code in texts - written if not any(re.fullmatch(pattern, code) for pattern in made)]
