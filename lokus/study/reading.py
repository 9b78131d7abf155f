"""Reads a study file and tells all of its faults at once, each with its key path and what would be right."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from difflib import get_close_matches
from pathlib import Path, PurePosixPath, PureWindowsPath
from typing import Any, get_args

from pydantic import BaseModel, ValidationError

from lokus.catalog import indicators
from lokus.errors import Problem, StudyError, Where
from lokus.sources.points import COUNT
from lokus.study.access import access_faults, access_use_faults
from lokus.study.judging import Fault, method_faults, selection_faults
from lokus.study.model import IndicatorUse, Study
from lokus.study.surfaces import raster_faults, raster_use_faults


def open_study(path: str | Path) -> Study:
    """Reads a study file (or the folder that holds `lokus.toml`).

    :param path: `lokus.toml`, or its folder.
    :return: the study, frozen; its paths are relative to the file's folder.
    :raises StudyError: with every fault of the file at once, each with its key path.
    """
    file = Path(path)
    try:
        if file.is_dir():
            file = file / "lokus.toml"
        raw = tomllib.loads(file.read_text("utf-8-sig"))
    except OSError:
        raise StudyError([Problem("study_missing", True, Where(file=str(path)))]) from None
    except UnicodeDecodeError:
        raise StudyError([Problem("study_not_utf8", True, Where(file=file.name))]) from None
    except (ValueError, RecursionError) as fault:  # a number of thousands of digits and endless brackets among them
        raise StudyError([Problem("study_syntax", True, Where(file=file.name), {"fault": str(fault)})]) from None
    return make_study(raw, file.parent, file.name)


def make_study(raw: Mapping[str, Any], folder: Path, name: str = "lokus.toml") -> Study:
    """Builds a study from the values of a study file.

    :param raw: the values, as TOML or `run.json` give them.
    :param folder: where its relative paths start.
    :raises StudyError: with every fault at once.
    """
    try:
        study = Study.model_validate({**raw, "folder": folder})
    except ValidationError as fault:
        told = [dict(e) for e in fault.errors(include_url=False)]
        # pydantic counts only the sound entries of a list: one with a faulty entry is not also too short.
        told = [e for e in told if not (e["type"] == "too_short" and e["input"])]
        raise StudyError(_shape_fault(e, name) for e in told) from None
    faults = [Problem(code, True, Where(file=name, key=key), params) for code, key, params in _cross_faults(study)]
    if "folder" in raw:  # the reader's word, not the file's
        faults.append(
            Problem("key_unknown", True, Where(file=name, key="folder"), {"nearest": sorted(_known_keys(()))})
        )
    if faults:
        raise StudyError(faults)
    return study


def _shape_fault(e: Mapping[str, Any], name: str) -> Problem:
    loc, kind, context = tuple(e["loc"]), str(e["type"]), e.get("ctx") or {}
    key, given = _key_path(loc), e.get("input")
    shown = "" if isinstance(given, dict | list | tuple) else str(given)
    if kind == "extra_forbidden":
        known = _known_keys(loc[:-1])
        near = get_close_matches(str(loc[-1]), known, 1, 0.5) or sorted(known)
        return Problem("key_unknown", True, Where(file=name, key=key), {"nearest": near})
    if kind == "missing":
        return Problem("key_missing", True, Where(file=name, key=key))
    if kind == "literal_error":
        choices = str(context["expected"]).replace(" or ", ", ")
        return Problem("key_choice", True, Where(file=name, key=key), {"given": shown, "choices": choices})
    bound = {"greater_than_equal": "≥", "less_than_equal": "≤", "greater_than": ">", "less_than": "<"}.get(kind)
    if bound:
        limit = f"{bound} {next(iter(context.values()))}"
        return Problem("key_range", True, Where(file=name, key=key), {"given": shown, "limit": limit})
    if kind in ("string_too_short", "too_short"):
        return Problem("key_empty", True, Where(file=name, key=key))
    if kind == "string_pattern_mismatch":
        return Problem("key_name", True, Where(file=name, key=key), {"given": shown})
    wanted = AS_WRITTEN.get(kind.split("_")[0], "{ … }")
    return Problem("key_type", True, Where(file=name, key=key), {"given": shown or "…", "wanted": wanted})


# How a value of each of pydantic's types looks in a study file, in any language.
AS_WRITTEN = {
    "int": "24", "float": "0.5", "number": "24", "finite": "0.5", "string": '"…"', "bool": "true, false",
    "tuple": "[…, …]", "too": "[…, …]",
}  # fmt: skip


def _key_path(loc: Sequence[Any]) -> str:
    path = ""
    for part in (p for p in loc if p != "[key]"):
        path += f"[{part + 1}]" if isinstance(part, int) else f".{part}" if path else str(part)
    return path


def _known_keys(loc: Sequence[Any]) -> list[str]:
    model: Any = Study
    for part in loc:
        if isinstance(part, str):
            fields = {f.alias or n: f for n, f in model.model_fields.items()}
            found = fields.get(part)
            model = next(_models_in(found.annotation), None) if found else None
            if model is None:
                return []
    return [f.alias or n for n, f in model.model_fields.items() if not f.exclude]


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models_in(inner)


def _cross_faults(study: Study) -> Iterator[Fault]:
    tables = [t.id for t in study.table]
    uses = [u.id for u in study.indicator]
    layers, dimensions = [p.id for p in study.points], [d.id for d in study.dimension]
    named = [("table", tables), ("points", [*dict.fromkeys(tables), *layers])]
    named.append(("raster", [*dict.fromkeys([*tables, *layers]), *(r.id for r in study.raster)]))
    given = dict.fromkeys([*tables, *layers, *(r.id for r in study.raster)])
    named.append(("access", [*given, *(a.id for a in study.access)]))
    for key, ids in (*named, ("indicator", uses), ("dimension", dimensions)):
        for twice in (i for i, n in Counter(ids).items() if n > 1):
            yield "id_twice", key, {"id": twice}
    for n, use in enumerate(study.indicator, 1):
        yield from _use_faults(use, f"indicator[{n}]", study)
    yield from _path_faults(study)
    yield from raster_faults(study)
    yield from access_faults(study)
    yield from selection_faults(study, tables)
    yield from method_faults(study)
    yield from _weight_faults(study)
    if study.space.of and study.space.of not in uses:
        yield "of_unknown", "space.of", {"of": study.space.of}
    if study.clusters.k_min > study.clusters.k_max:
        yield "bounds_crossed", "clusters.k_min", {"low": study.clusters.k_min, "high": study.clusters.k_max}
    for n, table in enumerate(study.table, 1):
        place = table.place
        if not (place.code or place.village or place.last4):
            yield "place_missing", f"table[{n}].place", {}
        if (place.code or place.last4) and table.code_system is None:
            yield "code_system_missing", f"table[{n}].code_system", {}
        if table.edition and table.code_system != "kemendagri":
            yield "edition_of_bps", f"table[{n}].edition", {}
        if place.last4 and not place.kecamatan:
            yield "last4_alone", f"table[{n}].place.last4", {}


def _use_faults(use: IndicatorUse, key: str, study: Study) -> Iterator[Fault]:
    ids = {u.id: u for u in study.indicator}
    known = indicators().get(use.id)
    if use.id.removeprefix("people_") in ids.keys() - {use.id}:
        yield "id_reserved", f"{key}.id", {"id": use.id}
    if known is None and not (use.label_id and use.kind and use.better):
        yield "indicator_unknown", f"{key}.id", {"id": use.id, "nearest": get_close_matches(use.id, indicators(), 3)}
    yield from _goalpost_faults(use, key, study)
    if use.of:
        parent = ids.get(use.of)
        if parent is None or parent.of or not (parent.numerator and parent.denominator):
            yield "of_unknown", f"{key}.of", {"of": use.of}
        if use.table or use.numerator or use.denominator or use.percent or use.value or use.complement:
            yield "of_with_columns", f"{key}.of", {}
        if (use.kind or (known and known.kind) or "count") != "count":
            yield "of_not_count", f"{key}.kind", {"id": use.id}
        return
    tables, layers = [t.id for t in study.table], [p.id for p in study.points]
    rasters = [*(r.id for r in study.raster), *(a.id for a in study.access)]
    if use.table not in (*tables, *layers, *rasters):
        yield "table_unknown", f"{key}.table", {"table": use.table, "known": tables + layers + rasters}
    yield from raster_use_faults(use, key, study)
    yield from access_use_faults(use, key, study)
    if use.table in layers and use.value != (COUNT,):
        yield "points_value", f"{key}.value", {"points": use.table}
    kind = use.kind or (known.kind if known else "share")
    share = bool(use.numerator and use.denominator)
    right = {"share": share != bool(use.percent) and not use.value, "count": bool(use.value), "value": bool(use.value)}
    if not right[kind]:
        yield f"columns_of_{kind}", key, {"id": use.id}
    if twice := sorted({h for h, n in Counter([*use.numerator, *use.denominator, *use.value]).items() if n > 1}):
        yield "header_twice", key, {"headers": twice}
    if use.complement and not share:
        yield "complement_without_counts", f"{key}.complement", {}
    dimensions = [d.id for d in study.dimension]
    dimension = use.dimension or (known.dimension if known else "services")
    if dimensions and use.score and dimension not in dimensions:
        yield "dimension_unknown", f"{key}.dimension", {"dimension": dimension, "known": dimensions}


def _goalpost_faults(use: IndicatorUse, key: str, study: Study) -> Iterator[Fault]:
    known = indicators().get(use.id)
    kind, better = use.kind or (known and known.kind), use.better or (known and known.better)
    # Only a coverage has bounds of its own: from nobody reached to the target.
    if (
        study.method.normalise == "goalposts"
        and use.score
        and not use.goalposts
        and (kind, better) != ("share", "higher")
    ):
        yield "goalposts_missing", f"{key}.goalposts", {"id": use.id}
    if use.goalposts and use.goalposts[0] >= use.goalposts[1]:
        yield "bounds_crossed", f"{key}.goalposts", {"low": use.goalposts[0], "high": use.goalposts[1]}


def _path_faults(study: Study) -> Iterator[Fault]:
    named = [("boundaries.path", study.boundaries.path), ("crosswalk", study.crosswalk)]
    named += [(f"table[{n}].path", t.path) for n, t in enumerate(study.table, 1)]
    named += [(f"points[{n}].path", p.path) for n, p in enumerate(study.points, 1)]
    named += [(f"raster[{n}].path", r.path) for n, r in enumerate(study.raster, 1)]
    for key, path in named:
        if not path.isprintable():
            yield "path_unreadable", key, {}
        posix, windows = PurePosixPath(path), PureWindowsPath(path)
        if not posix.parts:  # the study's own folder, results and all
            yield "key_empty", key, {}
        outside = (
            posix.is_absolute() or windows.is_absolute() or windows.drive or ".." in {*posix.parts, *windows.parts}
        )
        if outside and not (study.outside_paths and key != "crosswalk"):
            yield "path_outside", key, {"path": path}
    if study.crosswalk in {"lokus.toml", *(path for key, path in named if key != "crosswalk")}:
        yield "crosswalk_is_input", "crosswalk", {"path": study.crosswalk}


def _weight_faults(study: Study) -> Iterator[Fault]:
    try:
        used = {m.dimension for m in study.measures if m.score and m.weight > 0}
    except (KeyError, ValidationError):  # an indicator whose own faults are told already
        return
    yield from _dimension_faults(study, used)


def _dimension_faults(study: Study, used: set[str]) -> Iterator[Fault]:
    """Dimensions that lie in each other or in none, that hold nothing, or whose weights leave nothing to score."""
    inside = {d.id: d.inside for d in study.dimension}
    above = {d: _way_up(d, inside) for d in inside}
    holding = {up for d in used for up in above.get(d, [d])}
    if not used:
        yield "weights_zero", "indicator", {}
    elif inside and not any(d.weight > 0 for d in study.dimension if d.id in holding and not d.inside):
        yield "weights_zero", "dimension", {}
    for n, dimension in enumerate(study.dimension, 1):
        if dimension.inside and dimension.inside not in inside:
            told = {"dimension": dimension.inside, "known": list(inside)}
            yield "dimension_unknown", f"dimension[{n}].inside", told
        elif len(above[dimension.id]) > len(inside):
            yield "dimension_circle", f"dimension[{n}].inside", {"dimension": dimension.id}
        if used and dimension.weight > 0 and dimension.id not in holding:
            yield "dimension_unused", f"dimension[{n}]", {"dimension": dimension.id}


def _way_up(dimension: str, inside: Mapping[str, str]) -> list[str]:
    """A dimension and those it lies in; longer than there are dimensions where they lie in each other."""
    way = [dimension]
    while len(way) <= len(inside) and inside.get(way[-1]):
        way.append(inside[way[-1]])
    return way
