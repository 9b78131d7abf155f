"""Real and broken boundary files end as villages and problems: nothing lost, nothing guessed, nothing written."""

import json
import tomllib
import warnings
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pyarrow.parquet as pq
import pytest
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from lokus import messages, schema
from lokus.errors import DataError, Problem
from lokus.sources.boundaries import Boundaries, read_boundaries
from lokus.sources.evidence import names_no_village
from lokus.sources.schemas import shown_name

# What only the study can say: that a file without codes is to be read by its names.
ASKED = {"93_names_only": {"names_only": True}}
# Their rows cannot all become villages of the baseline: codes lost in the file, made up, or of a second kabupaten.
OTHER_CODES = {"61_null_nested_properties", "93_names_only", "103_unknown_codes", "107_two_kabupaten"}


def outcome(path: Path, **asked) -> tuple[str, Boundaries | None, tuple[Problem, ...]]:
    try:
        got = read_boundaries(path, **({"code_system": "kemendagri"} | asked))
    except DataError as fault:
        return "error", None, fault.problems
    return ("warn" if got.problems else "ok"), got, got.problems


def codes(problems) -> list[str]:
    return [problem.code.removeprefix("boundary_") for problem in problems]


def manifest() -> list[dict]:
    path = Path(__file__).resolve().parents[3] / "shared" / "data" / "hostile" / "manifest.json"
    return json.loads(path.read_text("utf-8")) if path.exists() else []


@pytest.fixture(scope="module")
def baseline(shared_data) -> Boundaries:
    return read_boundaries(shared_data / "hostile" / "00_baseline" / "kaur.shp", code_system="kemendagri")


@pytest.mark.parametrize("case", manifest(), ids=lambda case: case["id"])
def test_hostile_files_lead_where_they_must(case, shared_data, baseline):
    folder = shared_data / "hostile"
    before = sorted(folder.rglob("*"))
    said, got, problems = outcome(folder / case["path"], **ASKED.get(case["id"], {}))
    assert sorted(folder.rglob("*")) == before
    assert said == case["expect"]
    for problem in problems:
        assert messages.problem(problem, "id") != messages.problem(problem, "en")
    if got is not None:
        schema.check(got.places, "places")
        assert got.geometry.index.equals(got.places.index)
        assert shapely.is_valid(got.geometry.dropna().to_numpy()).all()
        if case["id"] not in OTHER_CODES:
            assert got.places.index.equals(baseline.places.index)
        affected = {code for code in case["affected"] if code in got.places.index}
        untouched = got.places.index.intersection(baseline.places.index).difference(list(affected))
        if case["category"] == "attribute" and case["id"] not in OTHER_CODES:
            names = ["village", "kecamatan", "kabupaten", "village_kind", "kecamatan_code", "kabupaten_code"]
            kept = names if case["id"] != "111_clashing_field_names" else ["village", "village_kind"]
            pd.testing.assert_frame_equal(got.places.loc[untouched, kept], baseline.places.loc[untouched, kept])
        if case["category"] in ("crs", "file", "container"):
            area = got.places["area_km2"].loc[untouched]
            np.testing.assert_allclose(area, baseline.places["area_km2"].loc[untouched], rtol=1e-3)


@pytest.mark.parametrize(
    ("name", "count", "desa", "kelurahan"),
    [("kaur", 195, 192, 3), ("muara_enim", 254, 244, 10), ("kota_bengkulu", 67, 0, 67), ("pasangkayu", 63, 59, 4)],
)
def test_real_shapefiles_are_read_without_a_word(name, count, desa, kelurahan, shared_data):
    path = shared_data / "boundaries" / name / f"{name}.shp"
    got = read_boundaries(path, code_system="kemendagri")
    assert (got.problems, got.schema, got.crs, got.rows) == ((), "big", "EPSG:4326", count)
    assert len(got.places) == count
    kinds = got.places["village_kind"].value_counts()
    assert (kinds.get("desa", 0), kinds.get("kelurahan", 0)) == (desa, kelurahan)
    source = gpd.read_file(path).set_index("KDEPUM").loc[got.places.index]
    # LUASWH of these files is km² computed by their maker.
    np.testing.assert_allclose(got.places["area_km2"], source["LUASWH"], rtol=0.003)
    assert (got.places["village"] == source["NAMOBJ"]).all()


def test_two_provinces_are_read_and_one_kabupaten_taken_out(shared_data):
    path = shared_data / "boundaries" / "provinces_16_17.parquet"
    whole = read_boundaries(path, code_system="kemendagri")
    assert (len(whole.places), whole.rows) == (4752, 4752)
    # 16.04.22.2010 is called Danau, and is one of the few villages that bear the name of a water.
    assert codes(whole.problems) == ["several_kabupaten", "ring_crossing", "no_village_names"]
    assert len(whole.problems[-1].params["rows"]) == 1
    for wanted in ("KAB. MUARA ENIM", "1603"):
        one = read_boundaries(path, code_system="kemendagri", kabupaten=wanted)
        assert len(one.places) == 254
        assert codes(one.problems) == ["other_kabupaten"]
        assert len(one.problems[0].params["rows"]) == 4752 - 254
    said, _, problems = outcome(path, kabupaten="Sleman")
    assert said == "error"
    assert "kabupaten_unknown" in codes(problems)


def test_a_kabupaten_is_taken_out_of_the_whole_country(shared_data):
    path = shared_data / "boundaries" / "national_simplified.parquet"
    got = read_boundaries(path, code_system="kemendagri", kabupaten="Pasangkayu")
    assert (len(got.places), got.rows) == (63, 83_402)
    assert [len(problem.params["rows"]) for problem in got.problems] == [83_402 - 63]


def kabupaten(count: int = 8, **columns) -> gpd.GeoDataFrame:
    """Villages in a row inside Kaur's province, in BIG's schema unless said otherwise."""
    numbers = range(count)
    shapes = [shapely.box(103 + n / 50, -4.9, 103 + (n + 1) / 50, -4.88) for n in numbers]
    named = {
        "KDEPUM": [f"17.04.{n // 4 + 1:02}.20{n + 1:02}" for n in numbers],
        "WADMKD": [f"Desa-{'ABCDEFGHIJKLMNOP'[n]}" for n in numbers],
        "WADMKC": [f"Kecamatan {n // 4 + 1}" for n in numbers],
        "WADMKK": ["Kaur"] * count,
    }
    return gpd.GeoDataFrame(columns or named, geometry=shapes, crs=4326)


def written(frame: gpd.GeoDataFrame, folder: Path, name: str = "desa.gpkg") -> Path:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_file(folder / name)
    return folder / name


BPS_CODES = [f"170401{n // 4}{n + 1:03}" for n in range(8)]
SCHEMAS = {
    "bps": {
        "kdprov": ["17"] * 8, "nmprov": ["BENGKULU"] * 8, "kdkab": ["04"] * 8, "nmkab": ["KAUR"] * 8,
        "kdkec": [code[4:7] for code in BPS_CODES], "nmkec": ["KINAL"] * 8,
        "kddesa": [code[7:] for code in BPS_CODES], "nmdesa": [f"DESA {n}" for n in "ABCDEFGH"],
    },
    "hdx": {
        "ADM4_EN": list("ABCDEFGH"), "ADM4_PCODE": [f"ID{code}" for code in BPS_CODES], "ADM3_EN": ["Kinal"] * 8,
        "ADM3_PCODE": [f"ID{code[:7]}" for code in BPS_CODES], "ADM2_EN": ["Kaur"] * 8, "ADM2_PCODE": ["ID1704"] * 8,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", ["bps", "hdx"])
def test_schemas_of_bps_codes_are_recognised_and_refused_as_kemendagri(name, tmp_path):
    path = written(kabupaten(**SCHEMAS[name]), tmp_path)
    got = read_boundaries(path, code_system="bps")
    assert (got.schema, got.problems) == (name, ())
    assert got.places.index.tolist() == sorted(BPS_CODES)
    assert got.places["kecamatan_code"].unique().tolist() == ["1704010", "1704011"]
    assert got.places["village"].tolist() == list("ABCDEFGH")
    said, _, problems = outcome(path)
    assert (said, codes(problems)) == ("error", ["system_contradicted"])
    assert problems[0].params["other"] == "bps"


@pytest.mark.parametrize("repeating", [False, True])
def test_a_bps_code_is_built_from_its_parts(repeating, tmp_path):
    parts = dict(SCHEMAS["bps"])
    if repeating:
        parts["kdkab"] = ["1704"] * 8
        parts["kdkec"] = [code[:7] for code in BPS_CODES]
    else:
        parts |= {name: [int(part) for part in parts[name]] for name in ("kdprov", "kdkab", "kdkec", "kddesa")}
    assert read_boundaries(written(kabupaten(**parts), tmp_path), code_system="bps").places.index.tolist() == BPS_CODES


def test_big_files_give_either_system(tmp_path):
    frame = kabupaten().assign(KDEBPS=BPS_CODES)
    assert read_boundaries(written(frame, tmp_path), code_system="bps").places.index.tolist() == BPS_CODES
    assert read_boundaries(tmp_path / "desa.gpkg", code_system="kemendagri").places.index.tolist() == list(
        frame["KDEPUM"]
    )
    said, _, problems = outcome(written(kabupaten().assign(KDEBPS=None), tmp_path, "blank.gpkg"), code_system="bps")
    assert (said, codes(problems)) == ("error", ["codes_empty"])


def test_dukcapil_files_are_recognised(tmp_path):
    big = kabupaten()
    frame = kabupaten(KODE_KD=big["KDEPUM"].str.replace(".", ""), KEL_DESA=big["WADMKD"].str.upper(),
                      KECAMATAN=["KINAL"] * 8, KAB_KOTA=["KAB. KAUR"] * 8)  # fmt: skip
    got = read_boundaries(written(frame, tmp_path), code_system="kemendagri")
    assert (got.schema, got.places["kabupaten"].iloc[0]) == ("dukcapil", "Kaur")
    assert got.places.index.tolist() == big["KDEPUM"].tolist()


def test_gadm_needs_codes_of_ones_own(tmp_path):
    names = {"GID_4": [f"IDN.5.{n}_1" for n in range(8)], "NAME_4": list("ABCDEFGH"), "NAME_3": ["Kinal"] * 8,
             "NAME_2": ["Kaur"] * 8, "CC_4": ["NA"] * 8}  # fmt: skip
    frame = kabupaten(**names)
    said, _, problems = outcome(written(frame, tmp_path))
    assert (said, codes(problems)) == ("error", ["gadm"])
    frame["KODEKU"] = kabupaten()["KDEPUM"]
    got = read_boundaries(written(frame, tmp_path, "own.gpkg"), code_system="kemendagri", columns={"code": "kodeku"})
    assert (got.schema, got.places["kecamatan"].iloc[0], len(got.places)) == ("gadm", "Kinal", 8)


def test_columns_may_be_named_and_a_wrong_name_is_told_with_the_nearest(tmp_path):
    path = written(kabupaten().rename(columns={"KDEPUM": "NOMOR", "WADMKD": "SEBUTAN"}), tmp_path)
    got = read_boundaries(path, code_system="kemendagri", columns={"code": "NOMOR", "village": "SEBUTAN"})
    assert got.places["village"].iloc[0] == "Desa-A"
    said, _, problems = outcome(path, columns={"code": "NOMER", "village": "SEBUTANN"})
    assert (said, codes(problems)) == ("error", ["column_unknown", "column_unknown"])
    assert problems[0].params["near"][0] == "NOMOR"


@pytest.mark.parametrize(
    ("given", "declared"),
    [
        ([f"17.04.01.20{n:02}" for n in range(1, 9)], "bps"),
        ([f"17040120{n:02}" for n in range(1, 9)], "bps"),
        (BPS_CODES, "kemendagri"),
    ],
)
def test_codes_whose_shape_is_of_the_other_system_are_refused(given, declared, tmp_path):
    path = written(kabupaten(kode=given, desa=list("ABCDEFGH")), tmp_path)
    said, _, problems = outcome(path, code_system=declared)
    assert (said, codes(problems)) == ("error", ["codes_of_other_system"])
    other = problems[0].params["other"]
    assert read_boundaries(path, code_system=other).places.shape[0] == 8


def test_codes_that_lost_their_digits_are_refused(tmp_path):
    path = written(kabupaten(kode=["1,70401E+09"] * 8, desa=list("ABCDEFGH")), tmp_path)
    said, _, problems = outcome(path)
    assert (said, codes(problems)) == ("error", ["codes_unreadable"])
    assert problems[0].params["rows"] == tuple(range(1, 9))


def followed(told: Problem) -> dict:
    """What a person writes into [boundaries] who does what a message says."""
    return tomllib.loads("\n".join(told.params["way"]))


@pytest.mark.parametrize("declared", ["kemendagri", "bps"])
@pytest.mark.parametrize("names_only", [False, True])
def test_the_advice_about_codes_ends(declared, names_only, shared_data):
    """Hostile 91: BPS codes in Kemendagri's column. Who follows a message, from wherever, is through after one step."""
    path = shared_data / "hostile" / "91_bps_codes_in_kdepum" / "kaur.shp"
    asked = {"code_system": declared, "names_only": names_only}
    said, got, problems = outcome(path, **asked)
    if not names_only:
        assert said == "error"
        (told,) = problems
        fits = (told.params["fits"], told.params["agree"], told.params["fits_other"], told.params["agree_other"])
        assert fits == ((195, 195, 0, 0) if declared == "bps" else (0, 0, 195, 195))
        said, got, problems = outcome(path, **(asked | followed(told)))
    assert (said, len(got.places)) == (("warn" if names_only else "ok"), 195)


@settings(max_examples=25, deadline=None)
@given(
    codes=st.lists(st.integers(10**9, 10**10 - 1), min_size=8, max_size=8),
    field=st.sampled_from(["KDEPUM", "KDEBPS", "KODE", "KODE_KD", "IDDESA"]),
    declared=st.sampled_from(["kemendagri", "bps"]),
)
def test_the_advice_about_any_codes_in_any_column_ends(codes, field, declared, tmp_path_factory):
    frame = kabupaten().rename(columns={"KDEPUM": field}).assign(**{field: [str(code) for code in codes]})
    path = written(frame, tmp_path_factory.mktemp("codes"))
    asked, seen = {"code_system": declared}, []
    while True:
        _, _, problems = outcome(path, **asked)
        told = [problem for problem in problems if "way" in problem.params]
        if not told:
            break
        assert asked not in seen
        seen.append(dict(asked))
        asked |= followed(told[0])


@pytest.mark.parametrize("epsg", [32748, 32749, 32750, 3857, 4755, 23833, 9470])
def test_any_declared_crs_is_read(epsg, tmp_path):
    got = read_boundaries(written(kabupaten().to_crs(epsg), tmp_path), code_system="kemendagri")
    plain = read_boundaries(written(kabupaten(), tmp_path, "plain.gpkg"), code_system="kemendagri")
    assert got.problems == ()
    assert got.geometry.crs.to_epsg() == 4326
    np.testing.assert_allclose(got.geometry.bounds, plain.geometry.bounds, atol=1e-5)


@pytest.mark.parametrize(
    ("true", "said", "cause"),
    [
        (32748, 32749, "coordinates_other_province"),
        (32748, 32747, "coordinates_other_province"),
        (32748, 32648, "coordinates_hemisphere"),
        (32748, 4326, "coordinates_metres"),
        (3857, 4326, "coordinates_metres"),
        (4326, 32748, "coordinates_degrees"),
        (32748, None, "crs_missing"),
    ],
)
def test_a_wrong_crs_is_refused_with_its_cause_and_mended_by_the_study(true, said, cause, tmp_path):
    frame = kabupaten().to_crs(true).set_crs(said, allow_override=True)
    path = written(frame, tmp_path, "desa.shp")
    outcome_, _, problems = outcome(path)
    assert (outcome_, codes(problems)) == ("error", [cause])
    if true != 4326:
        assert problems[0].params["likely"] == f"EPSG:{true}"
    mended = read_boundaries(path, code_system="kemendagri", crs=f"EPSG:{true}")
    assert codes(mended.problems) == (["crs_overridden"] if said else [])
    np.testing.assert_allclose(mended.geometry.bounds, kabupaten().bounds, atol=1e-6)


def test_an_unknown_crs_is_refused(tmp_path):
    path = written(kabupaten(), tmp_path)
    assert codes(outcome(path, crs="EPSG:999999")[2]) == ["crs_unknown"]
    local = 'LOCAL_CS["Lokal",UNIT["metre",1]]'
    assert codes(outcome(path, crs=local)[2])[-1] == "crs_unknown"


def test_stray_villages_lose_only_their_polygon(tmp_path):
    frame = kabupaten()
    frame.loc[2, "geometry"] = shapely.box(10, 50, 11, 51)
    got = read_boundaries(written(frame, tmp_path), code_system="kemendagri")
    assert codes(got.problems) == ["polygon_off_map"]
    assert got.places["has_boundary"].tolist() == [True, True, False] + [True] * 5
    assert np.isnan(got.places["area_km2"].iloc[2])
    assert got.geometry.iloc[2] is None


def test_a_layer_is_chosen_by_its_codes_or_asked_for(tmp_path):
    path = tmp_path / "rbi.gpkg"
    # BIG's kecamatan layer bears all the columns of the village layer, with no village codes in them.
    kabupaten().assign(KDEPUM=None).to_file(path, layer="ADMINISTRASIKECAMATAN_AR")
    kabupaten().to_file(path, layer="ADMINISTRASIDESA_AR")
    got = read_boundaries(path, code_system="kemendagri")
    assert codes(got.problems) == ["layer_chosen"]
    assert got.problems[0].params["layer"] == "ADMINISTRASIDESA_AR"
    kabupaten(3).to_file(path, layer="LAMA")
    assert codes(outcome(path)[2]) == ["layer_unclear"]
    assert len(read_boundaries(path, code_system="kemendagri", layer="lama").places) == 3
    assert codes(outcome(path, layer="BARU")[2]) == ["layer_unknown"]


def test_names_are_shown_as_people_read_them(tmp_path):
    frame = kabupaten(5)
    frame["WADMKD"] = [
        "DESA SUKOHARJO III",
        "KELURAHAN PASAR JUM'AT",
        "Desa  Bandar-Jaya",
        "KEL. T. JAMBO AYE",
        "Desa Baru",
    ]
    frame["WADMKC"] = ["KEC. KAUR", "Kecamatan Kaur", "KOTA MANNA", "Kec.Kaur", "Kecamatan Kaur"]
    frame["WADMKK"] = ["KAB. KAUR", "Kabupaten Kaur", "KABUPATEN ADM. KAUR", "Kota Kaur", "KAUR"]
    places = read_boundaries(written(frame, tmp_path), code_system="kemendagri").places
    assert places["village"].tolist() == ["Sukoharjo III", "Pasar Jum'at", "Bandar-Jaya", "T. Jambo Aye", "Baru"]
    assert places["kecamatan"].tolist() == ["Kaur", "Kaur", "Kota Manna", "Kaur", "Kaur"]
    assert places["kabupaten"].tolist() == ["Kaur", "Kaur", "Kaur", "Kota Kaur", "Kaur"]


def test_desa_in_front_stays_where_it_is_part_of_few_names(tmp_path):
    frame = kabupaten(4).assign(WADMKD=["Desa Baru", "Muara Desa", "Manggar", "Lalang"])
    got = read_boundaries(written(frame, tmp_path), code_system="kemendagri")
    assert got.places["village"].tolist() == ["Desa Baru", "Muara Desa", "Manggar", "Lalang"]


@given(st.text(alphabet=st.characters(categories=["Lu", "Ll", "Nd", "Zs", "Po", "Pd"]), max_size=30))
def test_a_shown_name_keeps_its_letters_and_is_shown_once(name):
    shown = shown_name(name)
    assert shown.casefold() == name.casefold() or not name.isascii()
    assert shown_name(shown) == shown or shown.isupper()


@st.composite
def dirty(draw: st.DrawFn) -> gpd.GeoDataFrame:
    """A kabupaten with rows broken in any of the ways a row can be."""
    frame = kabupaten(8)
    extra = [frame]
    for n in range(8):
        fault = draw(
            st.sampled_from(["", "", "code", "blank", "null", "empty", "line", "far", "twice", "parts", "kab"])
        )
        if fault in ("code", "blank", "kab"):
            frame.loc[n, "KDEPUM"] = {"code": "17.04", "blank": None, "kab": f"17.01.01.20{n + 1:02}"}[fault]
            frame.loc[n, "WADMKK"] = "Bengkulu Selatan" if fault == "kab" else "Kaur"
        if fault in ("null", "empty", "line", "far"):
            line = shapely.LineString([(103, -4), (104, -4)])
            shape = {"null": None, "empty": shapely.Polygon(), "line": line, "far": shapely.box(0, 0, 1, 1)}[fault]
            frame.loc[n, "geometry"] = shape
        if fault in ("twice", "parts"):
            copy = frame.iloc[[n]].copy()
            if fault == "parts":
                copy["geometry"] = copy.geometry.translate(0, 0.1)
            extra.append(copy)
    return gpd.GeoDataFrame(pd.concat(extra, ignore_index=True), crs=4326)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(frame=dirty(), seed=st.integers(0, 99))
def test_every_row_ends_as_a_village_or_in_a_problem_in_any_order(frame, seed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("dirty")
    results = []
    for name, rows in (("a", frame), ("b", frame.sample(frac=1, random_state=seed))):
        rows = rows.reset_index(drop=True)
        (folder / f"{name}.geojson").write_text(rows.to_json(drop_id=True), "utf-8")
        said, got, problems = outcome(folder / f"{name}.geojson", kabupaten="Kaur")
        numbered = {number for problem in problems for number in problem.params.get("rows", ())}
        if got is None:
            assert any(problem.fatal for problem in problems)
        else:
            villages = rows.index[rows["KDEPUM"].isin(got.places.index)] + 1
            assert set(range(1, len(rows) + 1)) == set(villages) | numbered
            drawn = got.places.index[got.places["has_boundary"]]
            silent = rows["KDEPUM"][[number not in numbered for number in range(1, len(rows) + 1)]]
            assert set(silent) <= set(drawn)
        results.append((said, sorted(codes(problems)), got))
    (said, told, one), (said_too, told_too, other) = results
    assert (said, told) == (said_too, told_too)
    if one is not None:
        pd.testing.assert_frame_equal(one.places, other.places)
        assert shapely.equals(one.geometry.dropna().to_numpy(), other.geometry.dropna().to_numpy()).all()


AREAS = {
    "kode": lambda kec: {"kode": kec["KDCPUM"], "kecamatan": kec["WADMKC"], "kabupaten": "KAUR"},
    "kode without points": lambda kec: {"kode": kec["KDCPUM"].str.replace(".", ""), "nama": kec["WADMKC"]},
    "a number": lambda kec: {"kode": kec["KDCPUM"].str.replace(".", "").astype(int), "kecamatan": kec["WADMKC"]},
    "closed with zeros": lambda kec: {"kode": kec["KDCPUM"].str.replace(".", "") + "0000", "nama": kec["WADMKC"]},
    "BPS": lambda kec: {"iddesa": [f"1704{n:02}0" for n in range(1, 16)], "nmkec": kec["WADMKC"]},
    "BPS in parts": lambda kec: {"kdprov": "17", "kdkab": "04", "kdkec": [f"{n:03}" for n in range(10, 160, 10)],
                                 "nmkec": kec["WADMKC"], "nmkab": "KAUR"},
    "HDX": lambda kec: {"ADM3_EN": kec["WADMKC"], "ADM3_PCODE": [f"ID1704{n:02}0" for n in range(1, 16)],
                        "ADM2_EN": "Kaur", "ADM2_PCODE": "ID1704"},
    "GADM": lambda kec: {"GID_3": [f"IDN.5.{n}_1" for n in range(15)], "NAME_3": kec["WADMKC"], "NAME_2": "Kaur"},
    "BIG": lambda kec: {"NAMOBJ": kec["WADMKC"], "WADMKC": kec["WADMKC"], "WADMKK": kec["WADMKK"], "KDEPUM": None,
                        "KDCPUM": kec["KDCPUM"]},
    "names": lambda kec: {"KECAMATAN": kec["WADMKC"], "KABUPATEN": "KAUR"},
    "names beside a code": lambda kec: {"kode_kec": kec["KDCPUM"], "nama": kec["WADMKC"]},
}  # fmt: skip


@pytest.fixture(scope="module")
def dissolved(shared_data) -> dict[str, gpd.GeoDataFrame]:
    """Kaur's 15 kecamatan and the kabupaten itself, each made of its villages."""
    villages = gpd.read_file(shared_data / "hostile" / "00_baseline" / "kaur.shp")
    return {column: villages.dissolve(column, as_index=False) for column in ("KDCPUM", "KDPKAB")}


@pytest.mark.parametrize("asked", [{}, {"code_system": "bps"}, {"names_only": True}], ids=str)
@pytest.mark.parametrize("name", AREAS)
def test_kecamatan_are_told_to_be_kecamatan(name, asked, dissolved, tmp_path):
    kecamatan = dissolved["KDCPUM"]
    frame = gpd.GeoDataFrame(AREAS[name](kecamatan), geometry=kecamatan.geometry, crs=4326)
    said, _, problems = outcome(written(frame, tmp_path), **asked)
    fatal = [problem for problem in problems if problem.fatal]
    assert (said, codes(fatal)) == ("error", ["larger_areas"])
    assert (fatal[0].params["level"], fatal[0].params["count"]) == ("kecamatan", 15)


@pytest.mark.parametrize("columns", [["KDPKAB"], ["WADMKK"], ["KDPKAB", "WADMKK", "WADMPR"]])
def test_a_kabupaten_is_told_to_be_one(columns, dissolved, tmp_path):
    kabupaten_ = dissolved["KDPKAB"][[*columns, "geometry"]].rename(columns={"KDPKAB": "kode", "WADMKK": "kabupaten"})
    said, _, problems = outcome(written(kabupaten_, tmp_path))
    assert (said, codes(problems), problems[0].params["level"]) == ("error", ["larger_areas"], "kabupaten/kota")
    hdx = gpd.GeoDataFrame({"ADM2_EN": ["Kaur"], "ADM2_PCODE": ["ID1704"]}, geometry=kabupaten_.geometry, crs=4326)
    assert codes(outcome(written(hdx, tmp_path, "hdx.gpkg"), code_system="bps")[2]) == ["larger_areas"]


def test_kecamatan_that_kept_the_code_of_a_village_are_doubted(dissolved, tmp_path):
    got = read_boundaries(written(dissolved["KDCPUM"], tmp_path), code_system="kemendagri")
    assert (codes(got.problems), len(got.places)) == (["one_village_each"], 15)


def test_a_column_of_kecamatan_codes_is_no_layer_of_kecamatan(shared_data):
    path = shared_data / "hostile" / "00_baseline" / "kaur.shp"
    said, _, problems = outcome(path, columns={"code": "KDCPUM"})
    assert (said, codes(problems)) == ("error", ["codes_of_areas"])
    assert (problems[0].params["level"], problems[0].params["distinct"]) == ("kecamatan", 15)


def test_forests_and_waters_with_a_code_are_told_and_stay(tmp_path):
    named = ["HUTAN LINDUNG", "Kawasan Hutan Bukit Daun", "DANAU", "Tubuh Air", "Danau Indah", "Hutan Ayu", "Bendungan"]
    got = read_boundaries(written(kabupaten(7).assign(WADMKD=named), tmp_path), code_system="kemendagri")
    assert codes(got.problems) == ["no_village_names"]
    assert (got.problems[0].params["rows"], len(got.places)) == ((1, 2, 3, 4), 7)


def test_hardly_a_village_of_the_country_bears_a_name_that_is_none(shared_data):
    names = pq.read_table(shared_data / "boundaries" / "national_simplified.parquet", columns=["desa"])["desa"]
    found = [name for name in names.to_pylist() if names_no_village(name)]
    assert sorted(found) == ["Danau"] * 5 + ["Waduk"]


def test_two_villages_with_one_code_are_all_named(tmp_path):
    frame = kabupaten()
    frame.loc[[1, 5], "KDEPUM"] = frame.loc[[0, 4], "KDEPUM"].to_numpy()
    said, _, problems = outcome(written(frame, tmp_path))
    assert (said, codes(problems)) == ("error", ["duplicate_code", "duplicate_code"])
    assert [problem.params["rows"] for problem in problems] == [(1, 2), (5, 6)]


def test_bogor_is_the_kabupaten_where_there_is_a_kota_of_that_name(tmp_path):
    frame = kabupaten(4).assign(
        KDEPUM=["17.04.01.2001", "17.04.01.2002", "17.71.01.1001", "17.71.01.1002"],
        WADMKK=["Kabupaten Bogor", "Kabupaten Bogor", "Kota Bogor", "Kota Bogor"],
    )
    path = written(frame, tmp_path)
    for wanted, code in {"Bogor": "17.04", "Kab. Bogor": "17.04", "KOTA BOGOR": "17.71", "17.71": "17.71"}.items():
        places = read_boundaries(path, code_system="kemendagri", kabupaten=wanted).places
        assert places["kabupaten_code"].unique().tolist() == [code]
