"""The invented truth of every village and the counts that offices would have made of it."""

from __future__ import annotations

import numpy as np
import pandas as pd

from lokus.demo.borders import KECAMATAN
from lokus.demo.land import Floats, Ints, fractal, stream

PREVALENCE = 0.20
# A year ago (logits): more stunting everywhere, far more or less in some villages, fewer children seen and reached.
TREND, IMPROVED, WORSENED, UNSEEN, UNREACHED = 0.08, 0.6, 0.5, 0.2, 0.2
TROUBLED_COAST, TROUBLED_HILLS = "Karang Senja", (45.0, 11.0)
CHILDREN = {"town": 300.0, "coast": 130.0, "plain": 130.0, "river": 100.0, "hills": 65.0, "island": 95.0}
# What is wanting where (logits): salt in the wells of the coast, latrines over the river, mothers at work in the town.
LACKS = {
    "coast": {"water": 1.9},
    "island": {"water": 1.9, "idl": 0.9},
    "river": {"sanitation": 1.7},
    "hills": {"ttd": 0.9, "idl": 1.1, "sanitation": 0.5},
    "town": {"asi": 1.5, "idl": 0.5},
}


def count(villages: pd.DataFrame, ago: int = 0) -> pd.DataFrame:
    """All counts of all tables, one row a village, on the index of `villages`; `ago` = 1: those of the year before."""
    flavour = villages["kecamatan"].map(lambda k: KECAMATAN[k].flavour).replace("town", "plain")
    flavour = flavour.where(~villages["kelurahan"], "town")
    points = villages[["x", "y"]].to_numpy(float)
    away = _spread("remote", len(villages), 0.45) + 1.3 * villages["height"].to_numpy() + _bias(villages, 0.35)
    children = np.maximum(
        np.round(flavour.map(CHILDREN) * np.exp(_spread("children", len(villages), 0.6))), 7
    ).to_numpy()
    if ago:
        children = np.maximum(np.round(children * np.exp(_spread("children before", len(villages), 0.04))), 7)
    lacks = pd.DataFrame(LACKS).T.reindex(flavour).fillna(0.0)
    nutrition = _nutrition(villages, children, away, points, ago)
    tables = [nutrition, _services(children, away, lacks, ago), _families(children, away, lacks, points, ago)]
    counts = pd.concat([pd.DataFrame({"children": children}), *tables], axis=1).astype(int)
    return counts.set_index(villages.index)


def _chance(step: str, ago: int) -> np.random.Generator:
    """What is drawn anew each year."""
    return stream(f"{step} before" if ago else step)


def turned(size: int) -> Floats:
    """By how much more children were stunted a year before (logits): everywhere a little; one village in six has since
    truly improved, one in twelve truly worsened.
    """
    lot = stream("turned").random(size)
    return np.asarray(TREND + np.select([lot < 1 / 6, lot > 11 / 12], [IMPROVED, -WORSENED], 0.0))


def _spread(step: str, size: int, width: float) -> Floats:
    return np.asarray(stream(step).standard_normal(size) * width)


def _bias(villages: pd.DataFrame, width: float) -> Floats:
    """What the villages of one kecamatan have in common: its puskesmas."""
    return np.asarray(_spread("puskesmas", len(KECAMATAN), width)[villages["kecamatan"]])


def _share(logit: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-logit)))


def _nutrition(villages: pd.DataFrame, children: Floats, away: Floats, points: Floats, ago: int) -> pd.DataFrame:
    """Weighed and measured children by status, as e-PPGBM counts them; the parts add up to their sums."""
    rng, n = _chance("nutrition", ago), len(children)
    seen = 1.75 - 0.75 * away - 0.7 * villages["kelurahan"] + _spread("seen", n, 0.55) - UNSEEN * ago
    seen = np.clip(_share(seen), 0.35, 0.99)
    hills = np.exp(-((np.hypot(*(points - TROUBLED_HILLS).T) / 7.0) ** 2))
    logit = (
        1.3 * villages["height"]
        + 1.1 * hills
        + 0.4 * fractal(points, "stunting", 18.0, 2)
        + _spread("stunting", n, 0.15)
    )
    logit = logit + 1.15 * (villages["kecamatan_name"] == TROUBLED_COAST) - 0.25 * villages["kelurahan"]
    truth = _share(logit.to_numpy() + _level(logit.to_numpy(), children) + ago * turned(n))
    measured = np.clip(rng.binomial(children.astype(int), seen), np.ceil(0.35 * children), children).astype(int)
    weighed = measured + rng.binomial(children.astype(int) - measured, 0.35)
    likeness = 150.0  # the beta-binomial's strength: children of one village are alike, more than chance explains
    stunted = rng.binomial(measured, rng.beta(truth * likeness, (1 - truth) * likeness))
    thin, light = rng.binomial(measured, 0.05 + 0.12 * truth), rng.binomial(weighed, 0.07 + 0.45 * truth)
    table = {"weighed": weighed, "measured": measured, "stunted": stunted, "wasted": thin, "underweight": light}
    table["bbu"], table["tbu"] = _split(rng, light, (0.18, 0.82)), _split(rng, stunted, (0.25, 0.75))
    table["bbu_rest"] = _split(rng, weighed - light, (0.95, 0.05))
    table["tbu_rest"] = _split(rng, measured - stunted, (0.993, 0.007))
    table["bbtb"] = _split(rng, thin, (0.12, 0.88))
    table["bbtb_rest"] = _split(rng, measured - thin, (0.91, 0.065, 0.018, 0.007))
    flat = {k: v for k, v in table.items() if v.ndim == 1}
    flat |= {f"{k}{i}": column for k, v in table.items() if v.ndim == 2 for i, column in enumerate(v.T)}
    return pd.DataFrame(flat)


def _level(logit: Floats, children: Floats) -> float:
    """The constant that brings the mean over all children to `PREVALENCE` (bisection)."""
    low, high = -8.0, 8.0
    for _ in range(60):
        middle = (low + high) / 2
        below = np.average(_share(logit + middle), weights=children) < PREVALENCE
        low, high = (middle, high) if below else (low, middle)
    return low


def _split(rng: np.random.Generator, total: Ints, shares: tuple[float, ...]) -> Ints:
    return np.asarray(rng.multinomial(total, shares))


def _services(children: Floats, away: Floats, lacks: pd.DataFrame, ago: int) -> pd.DataFrame:
    """Target groups and how many of them were reached."""
    rng, n = _chance("services", ago), len(children)
    mothers = np.maximum(rng.poisson(children * 0.22), 1)
    infants, toddlers = np.maximum(rng.poisson(children * 0.1), 1), np.maximum(rng.poisson(children * 0.2), 1)
    thin_mothers, households = rng.binomial(mothers, 0.09), np.round(children * (2.3 + rng.random(n) * 0.7)).astype(int)
    if ago:  # who is pregnant or an infant changes with the year, households hardly
        households = np.round(0.98 * _services(children, away, lacks, 0)["water_target"]).astype(int)
    groups = {
        "ttd": (mothers, 1.9, 0.7), "kek": (thin_mothers, 1.5, 0.7), "asi": (infants, 1.3, 0.1),
        "idl": (toddlers, 2.2, 0.6), "water": (households, 2.9, 0.7), "sanitation": (households, 2.5, 0.8),
    }  # fmt: skip
    out = {}
    for name, (group, level, slope) in groups.items():
        lack = lacks[name].to_numpy() if name in lacks else 0.0
        reached = _share(level - slope * away - lack + _spread(f"service {name}", n, 0.4) - UNREACHED * ago)
        out[f"{name}_target"], out[f"{name}_served"] = group, rng.binomial(group, reached)
    return pd.DataFrame(out)


def _families(children: Floats, away: Floats, lacks: pd.DataFrame, points: Floats, ago: int) -> pd.DataFrame:
    """Families and those at risk of stunting (KRS), as the family-planning office verified them."""
    rng, n = _chance("families", ago), len(children)
    families = np.round(children * (2.5 + rng.random(n) * 0.8)).astype(int)
    target = rng.binomial(families, 0.64)
    if ago:
        later = _families(children, away, lacks, points, 0)
        families, target = (np.round(0.98 * later[c]).astype(int) for c in ("families", "families_target"))
    risk = _share(-1.15 + 0.75 * away + 0.3 * fractal(points, "krs", 13.0, 3) + _spread("krs", n, 0.3))
    water, latrine = lacks["water"].to_numpy(), lacks["sanitation"].to_numpy()
    out = {"families": families, "families_target": target, "families_risk": rng.binomial(target, risk)}
    out["unsafe_water"] = rng.binomial(
        target, _share(-2.7 + 0.7 * away + 0.8 * water + _spread("unsafe water", n, 0.4))
    )
    out["unfit_latrine"] = rng.binomial(
        target, _share(-2.3 + 0.7 * away + 0.8 * latrine + _spread("unfit latrine", n, 0.4))
    )
    out["young_children"] = rng.binomial(target, 0.3)
    return pd.DataFrame(out)
