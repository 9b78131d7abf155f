"""Height for age by the WHO 2006 growth standards, as WHO's own R package anthro 1.1.0 computes it, bit for bit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

DAYS_PER_MONTH = 30.4375
OLDEST = 1826
LYING_UNTIL = 731
STANDS_FROM_MONTHS = 9
POSTURE_CM = 0.7
FLAG_BEYOND = 6.0

BOY, GIRL, UNKNOWN = 0, 1, -1
UNTOLD, LYING, STANDING = 0, 1, 2
SEVERE, STUNTED, NORMAL, TALL = 0, 1, 2, 3

# First completed month of each age band, as the standard report forms have them: 0–5, 6–11, 12–23, …, 48–59.
BAND_STARTS = (0, 6, 12, 24, 36, 48)
BANDS = ("0_5", "6_11", "12_23", "24_35", "36_47", "48_59")

# Rows at a time: the work arrays of one chunk stay in the processor's cache.
_CHUNK = 16_384


@dataclass(frozen=True, slots=True)
class LengthForAge:
    """The standard by day: `median` in cm and `spread` (coefficient of variation), each [boy or girl, day 0–1826].

    The power L is 1 at every age, so the score is linear in height.
    """

    median: NDArray[np.float64]
    spread: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.median.shape != (2, OLDEST + 1) or self.spread.shape != self.median.shape:
            raise ValueError(f"the standard has 2 × {OLDEST + 1} medians and spreads, not {self.median.shape}")


def height_for_age(
    days: ArrayLike, cm: ArrayLike, sex: ArrayLike, posture: ArrayLike, standard: LengthForAge, *, decimals: bool = True
) -> NDArray[np.float64]:
    """z-score of length or height for age.

    z = (h / M − 1) / S at the child's sex and day, rounded to 2 decimals as R rounds, h in the posture of the age:
    standing under 731 days + 0.7 cm, lying from 731 days − 0.7 cm. Standing below 9 months (days / 30.4375) is not
    believed, and nothing is added.

    Parameters, arrays of one length: `days` whole days of age (`whole_days`), −1 unknown; `cm` centimetres as measured,
    NaN unknown; `sex` BOY, GIRL or UNKNOWN; `posture` UNTOLD, LYING or STANDING; `decimals` False leaves z unrounded.
    Returns: float64, in the order given; NaN where age, sex or height is unknown or the age is beyond 1826 days.
    |z| > 6 is returned as it is: see `flagged`. Source: WHO Multicentre Growth Reference Study Group (2006), Acta
    Paediatrica Suppl. 450; WHO anthro 1.1.0.
    """
    age = np.asarray(days, dtype=np.int32)
    height = np.asarray(cm, dtype=np.float64)
    who, how = np.asarray(sex, dtype=np.int8), np.asarray(posture, dtype=np.int8)
    tables = standard.median.ravel(), standard.spread.ravel(), _corrections()
    z = np.empty(len(age))
    for start in range(0, len(age), _CHUNK):
        part = slice(start, start + _CHUNK)
        z[part] = _scores(age[part], height[part], who[part], how[part], tables)
        if decimals:
            z[part] = _two_decimals(z[part])
    return z


def flagged(z: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Whether a score is biologically implausible: |z| > 6 (WHO 2006). NaN is not."""
    return np.abs(z) > FLAG_BEYOND


def classes(z: NDArray[np.float64]) -> NDArray[np.int8]:
    """SEVERE z < −3, STUNTED z < −2, NORMAL up to 3, TALL above; UNKNOWN where z is NaN or flagged.

    The cut-offs of Permenkes 2/2020; z is rounded before it is held against them.

    >>> classes(np.array([-3.01, -3.0, -2.0, 3.01, 6.01])).tolist()
    [0, 1, 2, 3, -1]
    """
    found = (z >= -3).astype(np.int8) + (z >= -2) + (z > 3)
    return np.where(np.isnan(z) | flagged(z), np.int8(UNKNOWN), found)


def whole_days(months: ArrayLike) -> NDArray[np.int32]:
    """Months of age → days, × 30.4375, rounded half up; −1 where NaN.

    >>> whole_days([27.0, float("nan")]).tolist()
    [822, -1]
    """
    days = np.floor(np.asarray(months, dtype=np.float64) * DAYS_PER_MONTH + 0.5)
    return np.where(np.isnan(days), -1, days).astype(np.int32)


def completed_months(days: ArrayLike) -> NDArray[np.int32]:
    """Completed months of age, ⌊days / 30.4375⌋; −1 for an unknown age. 1826 days are 59 months."""
    return np.floor_divide(np.asarray(days, dtype=np.int32), DAYS_PER_MONTH).astype(np.int32)


def bands(days: ArrayLike) -> NDArray[np.int8]:
    """The place in `BANDS` of each age in whole days; −1 for an unknown age.

    >>> bands([-1, 0, 182, 183, 1826]).tolist()
    [-1, 0, 0, 1, 5]
    """
    return (np.searchsorted(BAND_STARTS, completed_months(days), side="right") - 1).astype(np.int8)


def _corrections() -> NDArray[np.float64]:
    """Centimetres to add, by posture and day, flattened."""
    day = np.arange(OLDEST + 1)
    added = np.zeros((3, OLDEST + 1))
    added[LYING, day >= LYING_UNTIL] = -POSTURE_CM
    added[STANDING, (day < LYING_UNTIL) & (day / DAYS_PER_MONTH >= STANDS_FROM_MONTHS)] = POSTURE_CM
    return added.ravel()


def _scores(
    age: NDArray[np.int32],
    height: NDArray[np.float64],
    sex: NDArray[np.int8],
    posture: NDArray[np.int8],
    tables: tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]],
) -> NDArray[np.float64]:
    median, spread, added = tables
    known = (age >= 0) & (age <= OLDEST) & (sex >= 0)
    day = np.where(known, age, 0)
    place = day + np.where(known, sex, 0) * np.int32(OLDEST + 1)
    h = height + added.take(day + posture * np.int32(OLDEST + 1))
    z: NDArray[np.float64] = (h / median.take(place) - 1) / spread.take(place)
    z[~known | ~np.isfinite(height)] = np.nan
    return z


def _two_decimals(z: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rounds to 2 decimals as R ≥ 4.0: to the nearer of the two neighbours as they are stored, an even tie down."""
    hundred = z * 100
    rounded = np.rint(hundred) / 100
    down = np.floor(hundred)
    halves = np.flatnonzero(np.abs(hundred - down - 0.5) < 1e-9)
    if len(halves):
        value, below = z[halves], down[halves]
        left, right = value - below / 100, (below + 1) / 100 - value
        rounded[halves] = np.where((left < right) | ((left == right) & (below % 2 == 0)), below, below + 1) / 100
    return rounded
