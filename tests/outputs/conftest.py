"""A believable made-up `Run`, for every polygon layer one may want to try the map on."""

from collections.abc import Callable
from types import MappingProxyType

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from lokus import pipeline, schema
from lokus.demo import write_study
from lokus.methods.scan import figures
from lokus.pipeline import Run
from lokus.study import open_study

HOSTILE_NAMES = {
    7: "<img src=x onerror=alert(1)>",
    8: "</script><script>alert(2)</script>",
    9: '=HYPERLINK("x")',
    10: "Suka " + "Maju" * 74,
    11: "دهكده 🌾 Sari",
}
KECAMATAN = ("Pasir Putih", "Lubuk Batang", "Muara", "Bukit <Raya>", "Sungai Dua", "Tanjung")
CERTAINTY = ("certain", "likely", "borderline", "unlikely")
SERVICES = {
    "air_minum": ("Rumah tangga dengan air minum layak", "Households with decent drinking water", 1.0),
    "sanitasi": ("Rumah tangga dengan sanitasi layak", "Households with decent sanitation", 0.9),
    "asi_eks": ("Bayi mendapat ASI eksklusif", "Infants exclusively breastfed", 0.8),
}
WEIGHTS = {"stunting": 0.35, "stunting_count": 0.15, "air_minum": 0.12, "sanitasi": 0.12, "asi_eks": 0.06, "krs": 0.2}
DIMENSION = {"stunting": "burden", "stunting_count": "burden", "krs": "risk", "measured": "quality"}


# What a made-up run would have been asked: by chance, since its scores come from no indicator.
STUDY = {
    "study": {"title": "Uji", "year": 2027},
    "boundaries": {"path": "desa.shp", "code_system": "kemendagri"},
    "table": [{"id": "gizi", "path": "gizi.xlsx", "place": {"village": "Desa"}}],
    "indicator": [{"id": "stunting", "table": "gizi", "numerator": "Stunting", "denominator": "Diukur"}],
    "selection": {"count": 10, "objective": "probability"},
}


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """The demo kabupaten, with few draws."""
    study = open_study(write_study(tmp_path_factory.mktemp("demo")))
    quick = {"uncertainty": study.uncertainty.model_copy(update={"draws": 100})}
    quick["space"] = study.space.model_copy(update={"permutations": 99})
    return pipeline.run(study.model_copy(update=quick))


@pytest.fixture(scope="session")
def run() -> Run:
    """62 villages in 6 kecamatan with every trouble a name can make, missing data and a village without polygon."""
    return made_up_run(*grid_villages())


@pytest.fixture(scope="session")
def made_up() -> Callable[..., Run]:
    """Numbers over villages of one's own: `made_up(places, geometry)`."""
    return made_up_run


def grid_villages(columns: int = 10, rows: int = 6) -> tuple[pd.DataFrame, gpd.GeoSeries]:
    """A jittered grid of villages, one kecamatan a row, with an island of two and twins in two kecamatan."""
    jitter = np.random.default_rng(3).uniform(-0.25, 0.25, (rows + 1, columns + 1, 2))
    corner = 0.06 * (np.stack(np.meshgrid(np.arange(columns + 1.0), np.arange(rows + 1.0)), -1) + jitter)
    shapes, places = [], []
    for r in range(rows):
        for c in range(columns):
            ring = [corner[r, c], corner[r, c + 1], corner[r + 1, c + 1], corner[r + 1, c]]
            shapes.append(shapely.Polygon(np.add(ring, (119.3, -1.4))))
            places.append((r, c, f"Desa {chr(65 + c)}{'aeiou'[r % 5]}ra {r + 1}"))
    for c in (0, 1):
        shapes.append(shapely.Point(119.15, -1.3 + 0.1 * c).buffer(0.03))
        places.append((rows - 1, columns + c, f"Pulau {'AB'[c]}"))
    names = [HOSTILE_NAMES.get(n, name) for n, (_, _, name) in enumerate(places)]
    names[20] = names[41] = "Sidodadi"
    table = pd.DataFrame(
        {
            "village": names,
            "kecamatan_code": [f"76.01.{r + 1:02d}" for r, _, _ in places],
            "kecamatan": [KECAMATAN[r] for r, _, _ in places],
        },
        index=pd.Index([f"76.01.{r + 1:02d}.{2001 + c}" for r, c, _ in places], name="village_code"),
    ).sort_index()
    geometry = gpd.GeoSeries(
        shapes, index=[f"76.01.{r + 1:02d}.{2001 + c}" for r, c, _ in places], crs="EPSG:4326"
    ).sort_index()
    geometry.iloc[30] = None
    return table, geometry


def made_up_run(places: pd.DataFrame, geometry: gpd.GeoSeries, top_n: int = 10, seed: int = 5, title: str = "") -> Run:
    """A run over any villages (index code; village, kecamatan_code, kecamatan) with numbers that hang together."""
    chance = np.random.default_rng(seed)
    villages = places.copy()
    villages["kabupaten_code"], villages["kabupaten"] = villages.index.str[:5], "Contoh"
    villages["village_kind"] = np.where(villages.index.str[-4] == "1", "kelurahan", "desa")
    villages["has_boundary"] = geometry.notna().to_numpy()
    villages["area_km2"] = np.where(villages.has_boundary, chance.uniform(5, 90, len(villages)), np.nan)
    villages["last_year"] = chance.random(len(villages)) < 0.12
    _join(villages, geometry, chance)
    _rates(villages)
    _score(villages, chance, top_n)
    _space_and_groups(villages, chance)
    _choose(villages, top_n)
    villages = _contract_types(villages)
    schema.check(villages, "selection")
    points = pd.DataFrame(
        {"name": ["Puskesmas <b>Muara</b>", "Puskesmas Tanjung"], "layer": "puskesmas",
         "longitude": [geometry.dropna().iloc[3].centroid.x, geometry.dropna().iloc[-4].centroid.x],
         "latitude": [geometry.dropna().iloc[3].centroid.y, geometry.dropna().iloc[-4].centroid.y]}
    )  # fmt: skip
    facts = MappingProxyType(_facts(villages, top_n, title))
    return Run(
        villages,
        geometry,
        villages[villages.selected],
        pd.DataFrame(),
        points,
        (),
        facts,
        MappingProxyType({"study": STUDY}),
    )


def _join(v: pd.DataFrame, geometry: gpd.GeoSeries, chance: np.random.Generator) -> None:
    n = len(v)
    centre = geometry.representative_point()
    wave = np.sin(9 * centre.x.fillna(0).to_numpy()) + np.cos(7 * centre.y.fillna(0).to_numpy())
    level = np.clip(0.21 + 0.06 * wave + chance.normal(0, 0.05, n), 0.02, 0.6)
    target = chance.integers(30, 420, n).astype(float)
    measured = np.floor(target * np.clip(chance.beta(7, 2, n), 0.2, 0.99))
    small = [2, 15] if n > 20 else []
    measured[small] = [29, 22][: len(small)]
    stunted = chance.binomial(measured.astype(int), level).astype(float)
    stunted[small] = [3, 0][: len(small)]
    measured[[5, 25]] = stunted[[5, 25]] = np.nan
    _counts(v, "stunting", stunted, measured)
    _counts(v, "measured", measured, target)
    v["value_stunting_count"] = stunted
    families = np.floor(target * 1.3)
    _counts(v, "krs", chance.binomial(families.astype(int), np.clip(level + 0.3, 0, 1)).astype(float), families)
    for k, name in enumerate(SERVICES):
        households = np.floor(target * (2.4 if name != "asi_eks" else 0.1))
        cover = np.clip(0.75 - (0.15 + 0.05 * k) * wave + chance.normal(0, 0.1, n), 0.03, 1)
        served = chance.binomial(households.astype(int), cover).astype(float)
        served[[5, 33 + k]] = households[[5, 33 + k]] = np.nan
        _counts(v, name, served, households)


def _counts(v: pd.DataFrame, name: str, numerator: np.ndarray, denominator: np.ndarray) -> None:
    v[f"numerator_{name}"], v[f"denominator_{name}"] = numerator, denominator
    v[f"value_{name}"] = numerator / np.where(denominator > 0, denominator, np.nan)


def _rates(v: pd.DataFrame) -> None:
    for name in ("stunting", "measured", "krs", *SERVICES):
        y, n = v[f"numerator_{name}"], v[f"denominator_{name}"]
        mean = y.sum() / n.sum()
        estimate = (y + 40 * mean) / (n + 40)
        spread = 1.645 * np.sqrt(estimate * (1 - estimate) / (n + 41))
        v[f"estimate_{name}"] = estimate
        v[f"low_{name}"], v[f"high_{name}"] = (estimate - spread).clip(0), (estimate + spread).clip(upper=1)
        v[f"shrinkage_{name}"] = 40 / (n + 40)
    v["estimate_stunting_count"] = v["value_stunting_count"]
    for name, (_, _, target) in SERVICES.items():
        v[f"gap_{name}"] = (target - v[f"value_{name}"]).clip(0)
        v[f"gap_people_{name}"] = (v[f"gap_{name}"] * v[f"denominator_{name}"]).round()


def _score(v: pd.DataFrame, chance: np.random.Generator, top_n: int) -> None:
    for name in WEIGHTS:
        x = v[f"estimate_{name}"] * (-1 if name in SERVICES else 1)
        v[f"need_{name}"] = (x - x.min()) / (x.max() - x.min())
    needs = v[[f"need_{name}" for name in WEIGHTS]].to_numpy()
    weights = np.array(list(WEIGHTS.values()))
    v["observed_weight"] = (~np.isnan(needs) @ weights).clip(0, 1)
    ranked = (v["observed_weight"] >= 0.6).to_numpy()
    v["status"] = np.where(ranked, "ranked", np.where(v["observed_weight"] > 0, "data_short", "no_data"))
    points = np.nan_to_num(needs) * weights * 100
    score = np.where(ranked, points.sum(1).round(4), np.nan)
    for k, name in enumerate(WEIGHTS):
        v[f"contribution_{name}"] = np.where(ranked & ~np.isnan(needs[:, k]), points[:, k], np.nan)
    for dimension in ("burden", "services", "risk"):
        mine = [k for k, name in enumerate(WEIGHTS) if DIMENSION.get(name, "services") == dimension]
        v[f"dimension_{dimension}"] = points[:, mine].sum(1) / weights[mine].sum()
    v["score"], v["score_units"] = score, pd.array((pd.Series(score) * 10_000).round(), dtype="Int64")
    v["rank"] = v["score"].rank(ascending=False, method="min")
    drawn = score[ranked][:, None] + chance.normal(0, 6, (ranked.sum(), 800))
    ranks = (-drawn).argsort(0).argsort(0) + 1
    for column, found in (
        ("rank_low", np.quantile(ranks, 0.05, axis=1).round()), ("rank_median", np.median(ranks, axis=1)),
        ("rank_high", np.quantile(ranks, 0.95, axis=1).round()), ("p_top", (ranks <= top_n).mean(1)),
    ):  # fmt: skip
        v[column] = np.nan
        v.loc[ranked, column] = found
    p = v["p_top"]
    v["reliability"] = np.where(v["denominator_stunting"] >= 30, "good", "weak")
    v["certainty"] = np.select([p >= 0.9, p >= 0.6, p >= 0.4, p >= 0], CERTAINTY, "")


def _space_and_groups(v: pd.DataFrame, chance: np.random.Generator) -> None:
    v["neighbours"], v["neighbour_evidence"] = chance.integers(1, 7, len(v)), "touch"
    v["moran_local"] = (v["estimate_stunting"] - v["estimate_stunting"].mean()) * 10
    v["moran_p"] = v["moran_q"] = (0.02 / (0.01 + v["moran_local"].abs())).clip(0, 1)
    high = v["moran_local"] > 0.9
    v["hotspot"] = np.where(high, "high-high", np.where(v["moran_local"] < -0.9, "low-low", "none"))
    v.loc[v["moran_local"].isna(), "hotspot"] = ""
    lacks = v[["need_sanitasi", "need_air_minum", "need_stunting"]].mean(axis=1)
    v["cluster"] = pd.cut(lacks, [-1, 0.3, 0.45, 0.6, 2], labels=False) + 1
    v["cluster_sure"] = (0.5 + lacks / 2).where(v["cluster"].notna())
    v["area"] = v.groupby("kecamatan_code").ngroup() // 2 + 1
    v["gi_star"] = v["moran_local"] * 2
    scanned = v["denominator_stunting"].notna() & v["has_boundary"]
    pocket = v["kecamatan_code"].map({v["kecamatan_code"].iloc[-1]: 1, v["kecamatan_code"].iloc[0]: 2}).fillna(0)
    v["scan_cluster"] = pocket.where(scanned)


def _choose(v: pd.DataFrame, top_n: int) -> None:
    order = v.sort_values("rank", kind="stable")
    order = order[order["rank"].notna()]
    within = order.groupby("kecamatan_code").cumcount() < 4
    chosen = order.index[within][:top_n]
    v["selected"] = v.index.isin(chosen)
    v["selected_by"] = np.where(v["selected"], "score", "")
    v["left_out_by"] = np.where(v["selected"], "", np.where(v["rank"].notna(), "score", "unranked"))
    v.loc[order.index[~within & (order["rank"] <= top_n)], "left_out_by"] = "rule"
    v["reason"] = ""
    v.loc[chosen[-1], ["selected_by", "reason"]] = ["add", "Usulan <rembuk> kecamatan"]


def _contract_types(v: pd.DataFrame) -> pd.DataFrame:
    return v.astype({name: schema.column(name).dtype for name in v.columns})


def _facts(v: pd.DataFrame, top_n: int, title: str) -> dict:
    def entry(name: str, label_id: str, label_en: str, **more: object) -> dict:
        kind = "count" if name == "stunting_count" else "share"
        y, n = v.get(f"numerator_{name}"), v.get(f"denominator_{name}")
        return {
            "id": name, "label_id": label_id, "label_en": label_en, "kind": kind, "better": "lower", "unit": "",
            "dimension": DIMENSION.get(name, "services"), "owner": "Dinas <PUPR>", "weight": WEIGHTS.get(name, 0.0),
            "scored": name in WEIGHTS, "target": None, "target_source": "", "target_verified": False, "table": "eppgbm",
            "source": "", "period": "", "interval": kind == "share", "prior": None, "bounds": {},
            "average": float(v[f"value_{name}"].mean()) if y is None else float(y.sum() / n.sum()),
            "total_numerator": None if y is None else float(y.sum()),
            "total_denominator": None if n is None else float(n.sum()),
            "villages": int(v[f"value_{name}"].notna().sum()), **more,
        }  # fmt: skip

    def group(number: int, kind: str, *themes: str, **more: object) -> dict:
        lacks = [
            {"indicator": name, "theme": name, "owner": "Dinas <PUPR>", "z": 1.0, "villages": 5, "known": 8,
             "value": 0.4, "average": 0.7, "people": 120.0}
            for name in themes if kind == "lack"
        ]  # fmt: skip
        owners = [{"owner": "Dinas <PUPR>", "indicators": list(themes), "villages": 5, "people": 120.0}]
        return {"cluster": number, "villages": int((v["cluster"] == number).sum()), "means": {}, "stability": 0.8,
                "name": {"kind": kind, "themes": list(themes)}, "lacks": lacks, "owners": owners if lacks else [],
                **more}  # fmt: skip

    def area(number: int) -> dict:
        told = group(number, "lack", "sanitasi")
        del told["means"], told["stability"], told["cluster"]
        return {**told, "group": number, "villages": int((v["area"] == number).sum())}

    return {
        "run_id": "a1b2c3d4e5f6", "lokus": "0.1.0", "title": title or "Desa lokus stunting 2027 <uji>", "year": 2027,
        "language": "id", "kabupaten": ["Contoh"], "has_prevalence": True, "top_n": top_n, "interval": 0.9,
        "draws": 800,
        "indicators": [
            entry("stunting", "Prevalensi balita stunting", "Stunted children under five", target=0.142,
                  target_source="RPJMN 2025–2029", target_verified=True),
            entry("stunting_count", "Jumlah balita stunting", "Number of stunted children", unit="balita"),
            entry("krs", "Keluarga berisiko stunting", "Families at risk of stunting"),
            *(entry(k, a, b, target=t, better="higher") for k, (a, b, t) in SERVICES.items()),
            entry("measured", "Balita diukur (D/S)", "Children measured", better="higher", target=0.9),
        ],
        "dimensions": [
            {"id": "burden", "label_id": "Beban stunting", "label_en": "Burden of stunting", "weight": 0.5},
            {"id": "services", "label_id": "Layanan", "label_en": "Services", "weight": 0.3},
            {"id": "risk", "label_id": "Risiko keluarga", "label_en": "Family risk", "weight": 0.2},
        ],
        "selection": {"count": top_n, "rules": [{"key": "selection.max_per_kecamatan", "value": 4}],
                      "last_chosen": v.index[v.selected][-1], "first_out": ""},
        "clusters": {"method": "kmeans", "k": 4, "evidence": [], "apart": [], "stable": True, "stable_from": 0.6,
                     "profiles": [
            group(1, "better", "stunting", "sanitasi", high=[], low=["stunting", "sanitasi"]),
            group(2, "even", high=[], low=[]),
            group(3, "lack", "air_minum", high=["air_minum"], low=[]),
            group(4, "lack", "sanitasi", "air_minum", high=["sanitasi", "air_minum"], low=["krs"])],
                     "areas": {"made": 3, "explained": 0.4, "explained_by_kecamatan": 0.3, "alone": [],
                               "profiles": [area(k) for k in sorted(set(v["area"].dropna()))]}},
        "space": {"of": "stunting", "moran_i": 0.31, "moran_p": 0.001, "islands": 2, "hot": 5, "cold": 4, "fdr": 0.05,
                  "permutations": 999, "neighbours": {"by": "queen", "pairs": 150, "touch": 150}, "scan": _scan(v)},
        "tables": [
            {"id": "eppgbm", "path": "data/eppgbm.xlsx", "sheet": "", "period": "17 Januari 2026",
             "source": "e-PPGBM, Dinas Kesehatan", "rows": 62, "matched": 61},
            {"id": "layanan", "path": "data/layanan.xlsx", "sheet": "", "period": "2025", "source": "Dinas PUPR"},
        ],
        "boundaries": {"path": "boundaries/x.shp", "source": "Batas desa © contoh", "schema": "BIG",
                       "villages": len(v)},
        "points": [{"id": "puskesmas", "label_id": "Puskesmas", "label_en": "Health centre", "source": "Dinkes",
                    "count": 2}],
        "problems": {"fatal": 0, "warning": 3},
    }  # fmt: skip


def _scan(v: pd.DataFrame) -> dict:
    """What the scan would tell of the clusters in the column."""
    seen = v[v["scan_cluster"].notna()]
    cases, people = (int(seen[f"{part}_stunting"].sum()) for part in ("numerator", "denominator"))
    clusters = []
    for number in (1, 2):
        inside = seen[seen["scan_cluster"] == number]
        if len(inside):
            counted, group = (int(inside[f"{part}_stunting"].sum()) for part in ("numerator", "denominator"))
            clusters.append({
                "number": number, "centre": inside.index[0], "radius_m": 5000.0, "villages": inside.index.tolist(),
                "llr": 9.0, "p": 0.001 * number, **figures(counted, group, cases, people),
            })  # fmt: skip
    return {"model": "betabinomial", "most": 0.5, "replicas": 999, "level": 0.05, "skipped": "", "least_p": 0.001,
            "villages": len(seen), "population": people, "cases": cases, "clusters": clusters}  # fmt: skip
