"""Law and oracle: the catalogue is whole, its directions are right, and it says what the field's own table says."""

import re
from pathlib import Path

import pytest

from lokus.catalog import indicators

# The groups of the form "Cakupan layanan" and how many indicators each has (DOMAIN 4.2): 29 in all.
ESSENTIAL = {
    "remaja": ("rematri_ttd", "rematri_hb"),
    "calon pengantin/PUS": (
        "catin_ttd", "catin_periksa", "catin_damping", "catin_bimwin", "pus_pkh", "pus_bpnt", "pus_pbi",
    ),
    "ibu hamil": ("bumil_kek_pmt", "bumil_ttd90", "kb_unmet", "ktd"),
    "balita": ("asi_eks", "mpasi", "gibur_tata", "tumbang", "gikur_pmt", "idl"),
    "keluarga berisiko": ("kb_pasca", "krs_damping", "krs_ikan", "krs_pekarangan", "stop_babs", "phbs"),
    "air minum dan sanitasi": ("air_minum", "sanitasi"),
    "perlindungan sosial": ("pkh_p2k2", "kpm_pangan"),
}  # fmt: skip
# Names that lokus changed: the table's id on the left.
RENAMED = {"stunting_prev": "stunting", "stunting_n": "stunting_count", "cakupan_ukur": "measured",
           "wasting_prev": "wasting"}  # fmt: skip


def test_the_29_essential_indicators_are_all_there_and_say_so():
    groups = {name: len(ids) for name, ids in ESSENTIAL.items()}
    assert sum(groups.values()) == 29
    named = {i for i, entry in indicators().items() if "29 indikator esensial" in entry.source}
    assert named == {i for ids in ESSENTIAL.values() for i in ids}


@pytest.mark.parametrize("entry", indicators().values(), ids=lambda entry: entry.id)
def test_every_entry_is_whole(entry):
    assert entry.label_id and entry.label_en and entry.label_id != entry.label_en and entry.owner
    assert entry.dimension in ("burden", "quality", "risk", "services")
    assert bool(entry.numerator and entry.denominator) == (entry.kind == "share")
    assert bool(entry.unit) == (entry.kind != "share")
    assert bool(entry.note_id) == bool(entry.note_en)
    assert all(entry.kind != "share" or 0 < target.value <= 1 for target in entry.targets)
    assert all(target.source for target in entry.targets if target.verified), "a verified target names its source"
    assert entry.source or not entry.verified


def test_only_these_shares_among_services_are_better_when_lower():
    essential = [indicators()[i] for ids in ESSENTIAL.values() for i in ids]
    assert {i.id for i in essential if i.better == "lower"} == {"kb_unmet", "ktd"}


@pytest.mark.parametrize("name", [i.id for i in indicators().values() if len({t.value for t in i.targets}) > 1])
def test_targets_that_disagree_are_explained_in_both_languages(name):
    entry = indicators()[name]
    same_year = {t.value for t in entry.targets if t.year in (entry.targets[0].year, None)}
    for value in same_year if len(same_year) > 1 else ():
        assert f"{value:.0%}".replace("%", " %") in entry.note_id and f"{value:.0%}".replace("%", " %") in entry.note_en


@pytest.mark.parametrize("name", ["bumil_kek_pmt", "gibur_tata", "gikur_pmt"])
def test_small_denominators_are_warned_of(name):
    assert re.search("sedikit|0–3", indicators()[name].note_id)


def test_the_catalogue_says_what_the_table_of_the_field_says(shared_data: Path):
    """Oracle: every row of DOMAIN section 3 that has a denominator is here with its label, direction and targets."""
    domain = (shared_data.parent / "DOMAIN.md").read_text("utf-8")
    section = domain.split("## 3. Service indicators")[1].split("### 3.1")[0]
    rows = [[cell.strip() for cell in line.strip("| \n").split("|")] for line in section.splitlines() if "|" in line]
    compared = 0
    for name, label, _, _, direction, target in rows[2:]:
        name = name.split(" ")[0]
        if name in ("anc_k4/k6", "supply_*"):
            continue
        entry = indicators()[RENAMED.get(name, name)]
        compared += 1
        assert entry.label_id == label or label.startswith("idem"), name
        assert entry.better == ("higher" if direction == "HB" else "lower"), name
        told = {float(number) for number in re.findall(r"\d+\.?\d*", re.sub(r"\[.*?\]|\(.*?\)", "", target))}
        for stated in entry.targets if entry.kind == "share" else ():
            assert round(stated.value * 100, 1) in told, (name, stated.value, told)
    assert compared == 39
