"""Where new service points would bring the most people within reach: a study's candidates, greedily and proven."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import geopandas as gpd
import numpy as np
import pandas as pd
from pyproj import Transformer
from scipy import sparse

from lokus import access, intake, located
from lokus.errors import Problem, StudyError, Where
from lokus.methods import access as ways
from lokus.methods import siting, spatial
from lokus.sources.friction import lands
from lokus.sources.rasters import Floats, Raster
from lokus.study import Study
from lokus.study.access import Access


@dataclass(frozen=True, slots=True)
class Places:
    """Who lives where, and what would reach them. `people`: by place, shape (n,), those who are not within reach yet;
    `reach`: bool, shape (n, m); `sites`: m rows of village_code, longitude, latitude; `total`, `before`: people in all,
    and those within reach already."""

    people: Floats
    reach: sparse.csr_array
    sites: pd.DataFrame
    total: float
    before: float


@dataclass(frozen=True, slots=True)
class Plan:
    """New sites. `chosen`: proven the best, index from 1 in the order of what each adds, with village_code, village,
    kecamatan, longitude, latitude, `brought` (people it adds to those before it). `greedy`: people brought by taking
    one after another, `greedy_codes` their villages. `limit`: minutes, or kilometres where `straight`. `counted`: the
    raster, or the indicator, by which people are counted; "" = every village as one."""

    access: str
    limit: float
    straight: bool
    counted: str
    total: float
    before: float
    chosen: pd.DataFrame
    greedy: float
    greedy_codes: tuple[str, ...]

    @property
    def brought(self) -> float:
        """People brought within reach."""
        return float(self.chosen["brought"].sum())


def plan(study: Study, *, count: int = 3, minutes: float = 60.0, km: float = 5.0, which: str = "") -> Plan:
    """The villages in which `count` new service points would bring the most people within reach.

    A candidate is each village's most populous cell, or its inner point where the study has no ground to travel over.

    :param count: ≥ 1. :param minutes: of travel, where the access is over ground. :param km: straight, where it is not.
    :param which: id of the `[[access]]`; empty = the first.
    :raises StudyError: when the study has no such access. :raises DataError: as `intake.read`.
    """
    spec = _chosen(study, which)
    found = intake.read(study)
    spots = found.points[found.points["layer"].isin(spec.to)]
    children, counted = _children(study, found.villages)
    if spec.over_ground:
        rasters = located.read(study, []).rasters
        places = _over_ground(spec, spots, rasters, found.geometry, children, minutes)
    else:
        places = _straight(spots, found.geometry, children, km)
    greedy = proven = siting.Sites((), 0.0)
    if len(places.sites):
        greedy = siting.greedy_cover(places.people, places.reach, count)
        proven = siting.exact_cover(places.people, places.reach, count)
    return Plan(
        spec.id, minutes if spec.over_ground else km, not spec.over_ground,
        spec.population if spec.over_ground and spec.population else counted, places.total, places.before,
        _listed(places, proven, found.villages), greedy.total,
        tuple(places.sites["village_code"].iloc[list(greedy.chosen)]),
    )  # fmt: skip


def _chosen(study: Study, which: str) -> Access:
    known = {one.id: one for one in study.access}
    if not known or (which and which not in known):
        told = {"access": which or "…", "known": list(known) or ["–"]}
        raise StudyError([Problem("sites_no_access", True, Where(file="lokus.toml", key="access"), told)])
    return known[which] if which else study.access[0]


def _children(study: Study, villages: pd.DataFrame) -> tuple[pd.Series, str]:
    """The target group of the study's first share of the burden, by village, and its indicator; else one a village."""
    counted = [m.id for m in study.measures if f"denominator_{m.id}" in villages]
    burden = [m.id for m in study.measures if m.dimension == "burden" and m.id in counted]
    if not counted:
        return pd.Series(1.0, villages.index), ""
    of = (burden or counted)[0]
    return villages[f"denominator_{of}"].fillna(0.0).clip(lower=0.0), of


def _over_ground(
    spec: Access, spots: pd.DataFrame, rasters: Mapping[str, Raster], geometry: gpd.GeoSeries, children: pd.Series,
    minutes: float,
) -> Places:  # fmt: skip
    way, _ = access.travel(spec, spots, rasters, geometry)
    made, passable = way.surface, np.isfinite(way.surface.cost)
    village = lands(made.grid, geometry)
    people = np.where(village >= 0, way.people, 0.0)
    if not spec.population:
        people = _spread(people, village, children)
    there, land = ways.ashore(passable, people, made.cell, spec.nearest_m)
    total = float(people.sum())
    np.add.at(people.reshape(-1), land, people.flat[there])
    people[~passable] = 0.0
    # Those who live where no land is near are nobody's to bring, but they are counted in the total.
    within = way.minutes <= minutes
    before, left = float(people[within].sum()), np.where(within, 0.0, people)
    cells, codes = _busiest(people, village, passable, geometry)
    sources = [(int(c // passable.shape[1]), int(c % passable.shape[1])) for c in cells]
    columns = [near for near, _ in ways.each_within(made.cost, made.cell, sources, minutes)]
    inhabited = np.flatnonzero(left)
    place = np.full(left.size, -1, dtype=np.intp)
    place[inhabited] = np.arange(len(inhabited))
    rows = [place[near][place[near] >= 0] for near in columns]
    ends = (
        np.concatenate(rows) if rows else np.zeros(0, dtype=np.intp),
        np.repeat(np.arange(len(rows)), [*map(len, rows)]),
    )
    reach = sparse.csr_array((np.ones(len(ends[0]), dtype=bool), ends), shape=(len(inhabited), len(rows)))
    x = made.grid.west + (cells % passable.shape[1] + 0.5) * made.grid.width
    y = made.grid.north - (cells // passable.shape[1] + 0.5) * made.grid.height
    longitude, latitude = Transformer.from_crs(made.grid.crs, "EPSG:4326", always_xy=True).transform(x, y)
    sites = pd.DataFrame({"village_code": codes, "longitude": longitude, "latitude": latitude})
    return Places(left.flat[inhabited], reach, sites, total, before)


def _spread(land: Floats, village: np.ndarray, children: pd.Series) -> Floats:
    """Each village's children, shared out evenly over its land."""
    cells = np.bincount(village[village >= 0], land[village >= 0], minlength=len(children))
    share = np.divide(children.to_numpy(float), cells, out=np.zeros(len(cells)), where=cells > 0)
    return np.where(village >= 0, land * share[village.clip(0)], 0.0)


def _busiest(
    people: Floats, village: np.ndarray, passable: np.ndarray, geometry: gpd.GeoSeries
) -> tuple[np.ndarray, list[str]]:
    """The passable cell of each village in which the most people live, the first of equals, and the villages' codes."""
    cells = np.flatnonzero((village >= 0) & passable)
    table = pd.DataFrame({"cell": cells, "village": village.flat[cells], "people": people.flat[cells]})
    first = table.sort_values(["village", "people", "cell"], ascending=[True, False, True]).groupby("village").first()
    return first["cell"].to_numpy(dtype=np.intp), list(geometry.index[first.index.to_numpy()])


def _straight(spots: pd.DataFrame, geometry: gpd.GeoSeries, children: pd.Series, km: float) -> Places:
    """Villages at their inner points, within so many kilometres of each other."""
    there = geometry[geometry.notna()]
    points, people = spatial.inner_points(there.to_numpy()), children.reindex(there.index).to_numpy(dtype="float64")
    now = ways.nearest_km(points, spots[["longitude", "latitude"]].to_numpy(dtype="float64"))[0]
    left = np.where(now <= km, 0.0, people)
    near = np.stack([ways.nearest_km(points, site[None])[0] <= km for site in points], axis=1)
    sites = pd.DataFrame({"village_code": there.index, "longitude": points[:, 0], "latitude": points[:, 1]})
    return Places(left, sparse.csr_array(near), sites, float(children.sum()), float(people[now <= km].sum()))


def _listed(places: Places, proven: siting.Sites, villages: pd.DataFrame) -> pd.DataFrame:
    """The proven sites, the one that brings the most first, each with what it adds to those before it."""
    taken = np.array(proven.chosen, dtype=np.intp)
    if not len(taken):
        return places.sites.iloc[:0].assign(village="", kecamatan="", brought=0.0)
    among = sparse.csr_array(places.reach[:, taken])
    order, sums, before = siting.greedy_cover(places.people, among, len(taken)).chosen, [], 0.0
    for k in range(1, len(order) + 1):
        reached = siting.greedy_cover(places.people, sparse.csr_array(among[:, list(order[:k])]), k).total
        sums.append(reached - before)
        before = reached
    sites = places.sites.iloc[taken[list(order)]].assign(brought=sums)
    named = villages.loc[sites["village_code"], ["village", "kecamatan"]].set_axis(sites.index)
    return sites.join(named).set_axis(range(1, len(sites) + 1))
