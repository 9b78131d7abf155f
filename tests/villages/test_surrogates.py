"""Made codes: the same for the same names whatever the order, shaped as codes, and never an official one."""

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from villages.conftest import places_of

from lokus.villages import codes, crosswalk
from lokus.villages.matching import match
from lokus.villages.surrogates import MADE, made_codes

NAMES = st.sampled_from(["Ako", "AKO", "Kulu", "Sidodadi", "Sidodadi II", "Desa Ako", ""])
ROWS = st.lists(
    st.tuples(
        NAMES,
        st.sampled_from(["Lariang", "Pasangkayu", ""]),
        st.sampled_from(["Bogor", "Kota Bogor", "Kab. Bogor", ""]),
        st.sampled_from(["desa", "kelurahan", ""]),
    ),
    min_size=1,
    max_size=12,
)


def frame(rows):
    return pd.DataFrame(rows, columns=["village", "kecamatan", "kabupaten", "kind"], dtype="str")


@settings(deadline=None)
@given(ROWS, st.randoms(use_true_random=False))
def test_made_codes_keep_the_laws_of_codes(rows, chance):
    places = frame(rows)
    made = made_codes(places)
    nameless = (places["village"] == "") | (places["kecamatan"] == "")
    assert made.isna().tolist() == nameless.tolist()
    known = made.dropna()
    assert known.map(lambda c: bool(MADE.fullmatch(c))).all()
    for system in codes.PARTS:
        assert codes.parse_series(known, system).isna().all()
    # The parts of a code are its areas: one kecamatan code a kecamatan, one kabupaten code a kabupaten.
    kota = places["kabupaten"].str.startswith("Kota")
    kabupaten = codes.kabupaten_of(known)
    assert [codes.is_kota(k) for k in kabupaten] == kota[known.index].tolist()
    for part, areas in ((codes.kecamatan_of(known), places["kecamatan"]), (kabupaten, None)):
        told = part if areas is None else part + areas[known.index]
        assert told.nunique() == part.nunique()
    shuffled = places.sample(frac=1, random_state=chance.randrange(2**32))
    assert made_codes(shuffled).reindex(places.index).equals(made)


def test_a_country_of_kabupaten_has_room():
    many = frame(
        [
            ("Ako", "Lariang", f"{'Kota ' * (n % 6 == 0)}Kabupaten{chr(65 + n // 26)}{chr(65 + n % 26)}", "")
            for n in range(514)
        ]
    )
    made = made_codes(many)
    assert made.is_unique
    assert made.map(lambda c: bool(MADE.fullmatch(c))).all()


@pytest.mark.parametrize("written", ["00.01.01.0002", "00.01.01.0002 Kulu"])
def test_a_person_decides_with_made_codes_too(written):
    places = frame([("Ako", "Lariang", "Pasangkayu", ""), ("Kulu", "Lariang", "Pasangkayu", "")])
    villages = places.drop(columns="kind").set_axis(pd.Index(made_codes(places), name="village_code"))
    index = villages.index.to_series()
    villages = villages.assign(kecamatan_code=codes.kecamatan_of(index), kabupaten_code=codes.kabupaten_of(index))
    line = {"kecamatan": "Lariang", "village": "GODANG", "village_code": written}
    decided = pd.DataFrame([line], columns=list(crosswalk.COLUMNS), dtype="str").fillna("")
    assert crosswalk.problems(decided, villages.index, "kemendagri", "crosswalk.csv") == []
    rows = places_of(village=["GODANG", "AKO"], kecamatan=["Lariang", "Lariang"])
    found = match(rows, villages, code_system=None, village_system="kemendagri", crosswalk=decided)
    assert found["village_code"].tolist() == ["00.01.01.0002", "00.01.01.0001"]
