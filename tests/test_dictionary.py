"""The data dictionary: every column has its words in both languages, and the right indicator."""

from __future__ import annotations

import pytest

from lokus import messages, schema
from lokus.dictionary import FIELDS, INDEX, column_label, column_unit, dictionary, entry

KEYS = {c.name.removesuffix("_{id}"): c for c in (INDEX, *schema.COLUMNS)}
FACTS = {
    "lokus": "1", "interval": 0.9, "top_n": 10, "boundaries": {"path": "desa.shp"},
    "dimensions": [{"id": "burden", "label_id": "Beban", "label_en": "Burden"}],
    "indicators": [
        {"id": name, "label_id": f"L {name} (def.)", "label_en": "", "kind": kind, "unit": unit, "source": source,
         "period": "2025", "table": "gizi"}
        for name, kind, unit, source in (
            ("x", "share", "", "Dinas"), ("people_x", "share", "", ""), ("sum", "count", "balita", "Dinas"),
            ("idm", "value", "indeks 0–1", "Kemendes"))
    ],
}  # fmt: skip


@pytest.mark.parametrize("lang", messages.LANGS)
def test_every_column_of_the_contract_has_words_and_no_other_has(lang: str) -> None:
    told = {k.split(".")[1] for k in messages.catalogue(lang) if k.startswith("columns.")} - {"unit"}
    assert told == set(KEYS)
    for key, c in KEYS.items():
        assert messages.has(f"columns.{key}.label")
        assert messages.has(f"columns.{key}.meaning")
        assert messages.has(f"columns.{key}.missing") == bool(c.missing), key


def test_a_column_belongs_to_the_family_that_the_run_knows() -> None:
    families = {
        name: (entry(name, FACTS).contract.name, entry(name, FACTS).of["id"])
        for name in ("gap_x", "gap_people_x", "all_low_x", "low_x", "value_people_x", "dimension_burden")
    }
    assert families == {
        "gap_x": ("gap_{id}", "x"),
        "gap_people_x": ("gap_people_{id}", "x"),
        "all_low_x": ("all_low_{id}", "x"),
        "low_x": ("low_{id}", "x"),
        "value_people_x": ("value_{id}", "people_x"),
        "dimension_burden": ("dimension_{id}", "burden"),
    }
    with pytest.raises(KeyError):
        entry("value_nobody", FACTS)


def test_units_follow_the_kind_of_indicator() -> None:
    told = {name: column_unit(entry(f"value_{name}", FACTS), "en") for name in ("x", "sum", "idm")}
    assert told == {"x": "share (0–1)", "sum": messages.text("words.unit.balita", "en"), "idm": "indeks 0–1"}
    assert column_unit(entry("village", FACTS), "id") == ""
    assert column_label(entry("estimate_x", FACTS), FACTS, "id") == "L x: perkiraan"


def test_the_dictionary_tells_what_was_read_from_what_was_computed() -> None:
    made = dictionary(["village", "value_x", "value_people_x", "score", "last_year"], FACTS).set_index("column")
    assert list(made.reset_index().columns) == list(FIELDS)
    assert made["source"].to_dict() == {
        "village_code": "desa.shp", "village": "desa.shp", "value_x": "Dinas (2025)", "value_people_x": "gizi (2025)",
        "score": "lokus 1", "last_year": "",
    }  # fmt: skip
    assert (made.loc["score", "low"], made.loc["score", "high"]) == ("0", "100")
