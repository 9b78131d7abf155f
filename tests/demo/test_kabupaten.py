"""Laws of the fictional kabupaten: it is a sound coverage, it looks like one, and its dirt is where it was planted."""

from collections.abc import Iterator
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from lokus import messages
from lokus.demo import LAST_YEAR, coverage, names, people, tables, write_study
from lokus.demo.borders import ENCLAVE_IN, ENCLAVE_OF, KECAMATAN
from lokus.errors import LokusError
from lokus.sources.boundaries import Boundaries, read_boundaries
from lokus.sources.indicators import TableData, read_table
from lokus.study import Study, open_study
from lokus.villages import codes, crosswalk
from lokus.villages.matching import match


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    return open_study(write_study(tmp_path_factory.mktemp("demo") / "study"))


@pytest.fixture(scope="module")
def villages(study: Study) -> gpd.GeoDataFrame:
    return gpd.read_file(study.path(study.boundaries.path)).set_index("KDEPUM")


@pytest.fixture(scope="module")
def boundaries(study: Study) -> Boundaries:
    return read_boundaries(
        study.path(study.boundaries.path), code_system=study.boundaries.code_system, kabupaten=study.study.kabupaten
    )


@pytest.fixture(scope="module")
def read(study: Study) -> dict[str, TableData]:
    return dict(_read(study))


def _read(study: Study) -> Iterator[tuple[str, TableData]]:
    for spec in study.table:
        place = {key: header for key, header in spec.place.model_dump().items() if header}
        columns = {f"{m.id}.{role}": h for m in study.measures if m.table == spec.id for role, h in m.columns.items()}
        yield spec.id, read_table(
            study.path(spec.path), table_id=spec.id, sheet=spec.sheet, place=place, columns=columns,
            decimal=spec.decimal, name=spec.path,
        )  # fmt: skip


def test_villages_are_a_valid_coverage_without_gaps_or_slivers(villages: gpd.GeoDataFrame) -> None:
    shapes = villages.geometry.to_numpy()
    assert len(shapes) == 240
    assert shapely.is_valid(shapes).all()
    assert shapely.coverage_is_valid(shapes)
    whole = shapely.union_all(shapes)
    assert whole.area == pytest.approx(shapely.area(shapes).sum(), rel=1e-9)
    assert not any(len(part.interiors) for part in whole.geoms)
    parts = shapely.get_parts(shapes)
    roundness = 4 * np.pi * shapely.area(parts) / shapely.length(parts) ** 2
    assert roundness.min() > 0.1


def test_kecamatan_hang_together_but_for_islands_and_the_exclave(villages: gpd.GeoDataFrame) -> None:
    parts = villages.explode()
    whole = sorted(shapely.union_all(parts.geometry.to_numpy()).geoms, key=lambda part: -part.area)
    mainland = parts[parts.geometry.representative_point().within(whole[0])]
    pieces = {k: shapely.get_num_geometries(shapely.coverage_union_all(m.geometry.to_numpy()))
              for k, m in mainland.groupby("WADMKC")}  # fmt: skip
    assert pieces.pop(ENCLAVE_OF) == 2
    assert set(pieces.values()) == {1}
    assert villages["WADMKC"].nunique() == len(KECAMATAN) == 18
    assert len(pieces) == 16
    for island in whole[1:3]:
        its = parts[parts.geometry.representative_point().within(island)]
        assert set(its["WADMKC"]) == {KECAMATAN[-1].name}
        assert len(its) >= 3


def test_the_enclave_lies_wholly_inside_one_village_of_another_kecamatan(villages: gpd.GeoDataFrame) -> None:
    enclave = villages[villages["NAMOBJ"] == names.ENCLAVE_NAME].iloc[0]
    around = villages[villages.geometry.intersects(enclave.geometry) & (villages["NAMOBJ"] != names.ENCLAVE_NAME)]
    assert list(around["WADMKC"]) == [ENCLAVE_IN]
    host = around.geometry.iloc[0]
    assert shapely.Polygon(host.interiors[0]).equals(enclave.geometry)


def test_the_bay_is_water_between_two_coasts(villages: gpd.GeoDataFrame) -> None:
    land = shapely.union_all(villages.geometry.to_numpy())
    west, middle, east = shapely.points(coverage.degrees(np.array([(15.0, 36.0), (29.0, 33.0), (42.0, 34.0)])))
    assert land.contains(west)
    assert land.contains(east)
    assert not land.intersects(middle.buffer(0.03))


def test_town_villages_are_small_and_kelurahan(villages: gpd.GeoDataFrame) -> None:
    town = villages[villages["WADMKC"] == "Kota Kirana"]
    assert len(town) >= 10
    assert (town["TIPADM"] == 2).all()
    assert town["LUASWH"].median() * 5 < villages["LUASWH"].median()


def test_codes_name_kind_and_kecamatan(villages: gpd.GeoDataFrame) -> None:
    index = pd.Series(villages.index, index=villages.index)
    assert index.is_unique
    assert (codes.parse_series(index, "kemendagri") == index).all()
    assert (codes.kecamatan_of(index) == villages["KDCPUM"]).all()
    assert (codes.kind_of(index) == villages["TIPADM"].map({1: "desa", 2: "kelurahan"})).all()


def test_names_have_twins_siblings_series_and_seats_but_none_twice_in_a_kecamatan(villages: gpd.GeoDataFrame) -> None:
    assert not villages.duplicated(["WADMKC", "NAMOBJ"]).any()
    homes = villages.groupby("NAMOBJ")["WADMKC"].nunique()
    assert homes["Tanjung Harapan"] == homes["Mekar Jaya"] == 3
    assert (homes > 1).sum() >= 5
    listed = set(villages["NAMOBJ"])
    assert {"Sumber Mulya I", "Sumber Mulya IV", "Pandan Ulu", "Pandan Ilir", "Talang Ba'a"} <= listed
    assert len(listed & {k.name for k in KECAMATAN}) >= 10


def test_no_real_place_is_meant(shared_data: Path) -> None:
    columns = ["kode_prov", "provinsi", "kabupaten"]
    real = pd.read_parquet(shared_data / "boundaries" / "national_simplified.parquet", columns=columns)
    assert names.PROVINCE_CODE not in set(real["kode_prov"])
    assert names.PROVINCE not in set(real["provinsi"])
    assert not real["kabupaten"].str.contains(names.KABUPATEN).any()


def test_boundaries_are_read_without_a_problem(boundaries: Boundaries, villages: gpd.GeoDataFrame) -> None:
    assert boundaries.problems == ()
    assert boundaries.schema == "big"
    hectares = villages["LUASWH"].reindex(boundaries.places.index)
    assert np.allclose(boundaries.places["area_km2"] * 100, hectares, rtol=2e-3)


def test_tables_are_read_without_a_problem_and_totals_equal_sums(read: dict[str, TableData]) -> None:
    for table in read.values():
        assert table.problems == ()
    assert len(read["status_gizi"].places) == len(read["krs"].places) == len(read["cakupan"].places) == 240
    assert len(read["lokus_2025"].places) == tables.LAST_YEAR
    for name in ("status_gizi", "cakupan"):
        assert (read[name].account["kind"] == "total").sum() == 1


def test_planted_dirt_is_found(study: Study, boundaries: Boundaries, read: dict[str, TableData]) -> None:
    decided = crosswalk.read(study.path(study.crosswalk))
    found = {}
    for spec in study.table:
        matches = match(
            read[spec.id].places, boundaries.places, code_system=spec.code_system, village_system="kemendagri",
            crosswalk=decided, table_id=spec.id,
        )  # fmt: skip
        found[spec.id] = read[spec.id].places.join(matches)
    new = tables.NEW_VILLAGE.upper()
    status = found["status_gizi"].set_index("village")
    assert status.loc["BT. KERANJI", "rung"] == "crosswalk"
    assert status.loc["TEBING JELUTONG", "rung"] == "fuzzy"
    assert dict(status.loc[status["status"] != "matched", "status"]) == {"PD. MANGGIS": "candidate", new: "unmatched"}
    assert list(found["krs"].loc[found["krs"]["status"] != "matched", "village"]) == [new]
    assert dict(found["cakupan"]["status"].value_counts()) == {"matched": 239, "new": 1}
    assert (found["lokus_2025"]["status"] == "matched").all()
    silent = boundaries.places.index[
        (boundaries.places["kecamatan"] == tables.SILENT[0]) & (boundaries.places["village"] == tables.SILENT[1])
    ]
    assert len(silent) == 1
    assert not any(silent[0] in set(rows["village_code"]) for rows in found.values())


def test_numbers_are_believable(read: dict[str, TableData]) -> None:
    status, services = read["status_gizi"].values, read["cakupan"].values
    assert status["stunting.numerator"].sum() / status["stunting.denominator"].sum() == pytest.approx(0.21, abs=0.015)
    measured = status["measured.numerator"] / status["measured.denominator"]
    assert measured.min() >= 0.35
    assert measured.max() <= 0.99
    mothers = services["bumil_kek_pmt.denominator"]
    assert (mothers == 0).sum() >= 20
    assert (services["bumil_kek_pmt.numerator"].isna() == (mothers == 0)).all()
    prevalence = status["stunting.numerator"] / status["stunting.denominator"]
    by_kecamatan = prevalence.groupby(read["status_gizi"].places["kecamatan"]).mean()
    assert {"ULU RAMBAI", "KARANG SENJA"} == set(by_kecamatan.nlargest(2).index)


def test_puskesmas_stand_in_their_kecamatan(study: Study, villages: gpd.GeoDataFrame) -> None:
    listed = pd.read_csv(study.path(study.points[0].path))
    at = gpd.GeoSeries.from_xy(listed["LONGITUDE"], listed["LATITUDE"], crs=villages.crs)
    home = gpd.sjoin(gpd.GeoDataFrame(listed, geometry=at), villages[["WADMKC", "geometry"]], predicate="within")
    assert len(home) == len(listed) == 20
    assert (home["WADMKC"].str.upper() == home["KECAMATAN"]).all()


@pytest.fixture(scope="module")
def past(study: Study) -> Study:
    return open_study(study.folder / LAST_YEAR)


def test_last_year_is_the_same_kabupaten_judged_the_same_way(study: Study, past: Study) -> None:
    """Law: only the year, the data and the rules of choice are others; no story hangs on a hidden change of method."""
    one, two = study.resolved(), past.resolved()
    # Roads and puskesmas are of this year alone, and judge nobody.
    ways = [use for use in one["indicator"] if use["table"] in {a.id for a in study.access}]
    assert ways and not any(use["score"] for use in ways)
    one["indicator"] = [use for use in one["indicator"] if use not in ways]
    for part in ("indicator", "dimension", "method"):
        assert one[part] == two[part]
    assert past.study.year == study.study.year - 1
    assert past.selection.count == tables.LAST_YEAR
    assert [t.id for t in past.table] == [t.id for t in study.table if t.id != study.selection.last_year]
    for spec in past.table:
        assert spec.period != next(t.period for t in study.table if t.id == spec.id)


def test_last_year_is_read_without_a_problem_and_without_the_new_village(past: Study) -> None:
    for name, table in _read(past):
        assert table.problems == (), name
        assert len(table.places) == 239
        assert tables.NEW_VILLAGE.upper() not in set(table.places["village"].str.upper())


def test_what_truly_changed_since_last_year_shows_in_the_counts(
    study: Study, past: Study, read: dict[str, TableData]
) -> None:
    """Law: where the invented truth improved, more villages fell than rose; and the other way round."""
    rates = {}
    for name, table in (("now", read["status_gizi"]), ("then", dict(_read(past))["status_gizi"])):
        v = table.values
        key = table.places["kecamatan"] + table.places["village"]
        rates[name] = (v["stunting.numerator"] / v["stunting.denominator"]).set_axis(key)
    change = rates["now"].reindex(rates["then"].index) - rates["then"]
    rows = read["status_gizi"].places
    turn = pd.Series(people.turned(len(rows)), rows["kecamatan"] + rows["village"]).reindex(change.index)
    assert (change[turn > people.TREND] < 0).mean() > 0.8
    assert (change[turn < people.TREND] > 0).mean() > 0.6
    assert study.study.seed != past.study.seed


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "laporan.docx").write_text("x")
    with pytest.raises(LokusError) as told:
        write_study(tmp_path)
    assert told.value.code == "demo_folder_in_use"
    assert all(str(tmp_path) in messages.error(told.value, lang) for lang in messages.LANGS)
    assert [p.name for p in tmp_path.iterdir()] == ["laporan.docx"]


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("x")
    with pytest.raises(LokusError) as told:
        write_study(tmp_path / "demo")
    assert told.value.code == "demo_folder_in_use"


def test_an_earlier_demo_keeps_what_somebody_decided(tmp_path: Path) -> None:
    home = write_study(tmp_path)
    decided = home / "crosswalk.csv"
    decided.write_bytes(decided.read_bytes() + b"krs;;LAIN;;;;;;;;;-;\r\n")
    changed = decided.read_bytes()
    (home / "data" / "krs.csv").unlink()
    assert write_study(tmp_path) == home
    assert decided.read_bytes() == changed
    assert (home / "data" / "krs.csv").is_file()
