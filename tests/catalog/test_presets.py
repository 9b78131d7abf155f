"""Laws and oracle: a preset says where it is from, invents nothing, and leaves a sound study."""

import copy
import re
import tomllib
from pathlib import Path

import pytest
from conftest import ROOT

from lokus.catalog import indicators
from lokus.catalog.presets import Preset, presets
from lokus.study import Study, make_study

IDS = ("burden_only", "gunungkidul", "pemalang", "seimbang", "tanah_bumbu", "tnp2k_desa")
EVERY = pytest.mark.parametrize("preset", presets().values(), ids=lambda p: p.id)
PARTS = ("indicator", "dimension", "method", "selection")


@pytest.fixture(scope="module")
def raw() -> dict:
    """The demo's study with tables for all that presets ask for."""
    study = tomllib.loads((ROOT / "lokus/demo/data/lokus.toml").read_text("utf-8"))
    people = {"table": "cakupan", "numerator": ["P"], "denominator": ["Penduduk"]}
    study["indicator"] += [
        {"id": "miskin", **people},
        {"id": "miskin_ekstrem", **people},
        {"id": "gibur_tata", "table": "cakupan", "numerator": "T", "denominator": "Gizi buruk"},
        {"id": "rawan_pangan", "table": "cakupan", "value": "FSVA"},
    ]
    return study


def as_study(raw: dict, sections: dict) -> Study:
    """The sections laid over the study, without the rules of choice that the study file does not know yet."""
    whole = {**raw, **sections}
    known = Study.model_fields["selection"].annotation.model_fields
    whole["selection"] = {key: value for key, value in whole["selection"].items() if key in known}
    return make_study(whole, Path())


def test_the_six_ways_are_there() -> None:
    assert tuple(presets()) == IDS


@EVERY
def test_a_preset_is_whole_in_both_languages(preset: Preset) -> None:
    for name in ("label", "told", "reading", "warning"):
        both = getattr(preset, f"{name}_id"), getattr(preset, f"{name}_en")
        assert all(both) and both[0] != both[1]
    assert "contoh" in preset.warning_id and "example" in preset.warning_en
    asked = [*(u.id for u in preset.indicator), *(u.of or u.denominator_of or u.id for u in preset.indicator)]
    assert {*asked, *(t.indicator for t in preset.threshold)} <= indicators().keys()
    assert all(indicators()[u.id].kind == "count" for u in preset.indicator if u.of or u.denominator_of)


@EVERY
def test_its_source_and_numbers_stand_in_the_papers_of_the_field(preset: Preset, shared_data: Path) -> None:
    """Oracle: DOMAIN section 2, its table of districts and its list of sources."""
    domain = (shared_data.parent / "DOMAIN.md").read_text("utf-8")
    places = re.findall(r"[\w.]+\.(?:com|id|co\.id)\b(?:/[\w/-]+)?", preset.source)
    assert places or preset.id in ("seimbang",)
    assert all(place in domain for place in places), places
    row = next((line for line in domain.splitlines() if line.startswith(f"| **{preset.label_id.split(' 20')[0]}")), "")
    for threshold in preset.threshold:
        assert f"> {threshold.above:.0%}".replace("%", " %") in row
    if preset.least_under:
        assert f"< {preset.least_under.share:.0%}".replace("%", " %") in row and "all kecamatan" in row


@EVERY
def test_its_sections_make_a_sound_study_and_change_nothing_else(preset: Preset, raw: dict) -> None:
    before = copy.deepcopy(raw)
    made = preset.apply(raw)
    assert raw == before
    assert made.runnable and not made.left_out and tuple(made.sections) == PARTS
    study = as_study(raw, made.sections)
    scored = [m.id for m in study.measures if m.score]
    assert scored[: len(preset.indicator)] == [u.id for u in preset.indicator]
    assert len(scored) == len(preset.indicator) or preset.every
    assert {m.id for m in study.measures} >= {u["id"] for u in raw["indicator"]}
    assert study.selection.count == raw["selection"]["count"]
    assert made.sections["selection"].get("least_kecamatan") is None  # the study's own rules give way
    again = preset.apply({**raw, **made.sections})
    assert again.sections["selection"] == made.sections["selection"]
    assert again.sections["indicator"][: len(scored)] == made.sections["indicator"][: len(scored)]


@EVERY
def test_a_stored_study_is_changed_alike(preset: Preset, raw: dict) -> None:
    """`run.json` keeps the study with every default written out."""
    stored = make_study(raw, Path()).resolved()
    one, other = (as_study(r, preset.apply(r).sections) for r in (raw, stored))
    assert one.measures == other.measures and one.method == other.method and one.dimension == other.dimension


@EVERY
def test_what_is_not_there_is_said_and_never_made_up(preset: Preset, raw: dict) -> None:
    had = {u["id"] for u in raw["indicator"]}
    for use in preset.indicator:
        source = use.of or use.denominator_of
        made = preset.apply(raw, had - {use.id, source})
        assert use.id in made.missing and not made.runnable and not made.sections
        if source:
            entry = next(u for u in preset.apply(raw, had - {use.id}).sections["indicator"] if u["id"] == use.id)
            parent = next(u for u in raw["indicator"] if u["id"] == source)
            assert entry.get("of") == source or entry["value"] == parent["denominator"]
    assert preset.apply(raw, ()).missing


def test_a_preset_runs_without_an_optional_part_and_says_so(raw: dict) -> None:
    had = {u["id"] for u in raw["indicator"]} - {"asi_eks", "idl", "air_minum", "sanitasi", "bumil_ttd90"}
    made = presets()["tanah_bumbu"].apply(raw, had)
    assert made.runnable and made.left_out == ("services",)
    assert "least_under" not in made.sections["selection"]
    assert presets()["tanah_bumbu"].apply(raw).sections["selection"] == {
        "count": 24, "last_year": "lokus_2025", "min_per_kecamatan": 1,
        "threshold": [{"indicator": "stunting", "above": 0.07}], "least_under": {"share": 0.75, "count": 3},
    }  # fmt: skip


def test_a_share_without_counts_gives_no_number_of_people(raw: dict) -> None:
    percent = {"id": "krs", "table": "krs", "percent": "KRS %"}
    changed = {**raw, "indicator": [percent if u["id"] == "krs" else u for u in raw["indicator"]]}
    assert presets()["tanah_bumbu"].apply(changed).missing == ("krs_count",)
