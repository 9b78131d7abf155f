"""How far measured heights and ages can be trusted: what carelessness leaves behind in digits and distributions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def last_digits(cm: NDArray[np.float64]) -> NDArray[np.int64]:
    """How often each last digit 0–9 stands in heights read to the millimetre; NaN is not counted.

    >>> last_digits(np.array([84.5, 90.0, 71.2, np.nan])).tolist()
    [1, 0, 1, 0, 0, 1, 0, 0, 0, 0]
    """
    millimetres = np.rint(cm[np.isfinite(cm)] * 10).astype(np.int64)
    return np.bincount(millimetres % 10, minlength=10)


def digit_preference(counts: NDArray[np.int64]) -> float:
    """Digit preference score: 0 where every digit is as frequent as the others, 100 where there is but one.

    100 · √(χ² / (9 N)), χ² against N/10 of each digit. Up to 7 is excellent, to 12 good, to 20 acceptable.
    Parameters: `counts` of the ten digits. Returns: 0–100, NaN without heights.
    Source: SMART Methodology, Plausibility Check (2015); WHO & UNICEF, Recommendations for data collection (2019).

    >>> digit_preference(np.array([50] * 10)), digit_preference(np.array([500, 0, 0, 0, 0, 0, 0, 0, 0, 0]))
    (0.0, 100.0)
    """
    total = counts.sum()
    if not total:
        return float("nan")
    expected = total / 10
    return float(100 * np.sqrt(((counts - expected) ** 2 / expected).sum() / (9 * total)))


def share_ending_0_or_5(counts: NDArray[np.int64]) -> float:
    """Share of heights whose millimetre digit is 0 or 5; 0.2 where nobody rounds, NaN without heights."""
    total = counts.sum()
    return float((counts[0] + counts[5]) / total) if total else float("nan")


def age_heaping(months: NDArray[np.int32]) -> float:
    """How much more often children of 12–59 months are at a whole year of age than at other months; 1 where not.

    12 · share of ages 12, 24, 36, 48 (a Whipple index by months). Parameters: `months` completed, −1 unknown.
    Returns: 0–12, NaN without children of that age. Source: after Whipple; WHO & UNICEF (2019), age heaping.

    >>> age_heaping(np.array([12, 24, 36, 48, -1])), age_heaping(np.arange(12, 60))
    (12.0, 1.0)
    """
    grown = months[(months >= 12) & (months < 60)]
    return float(12 * (grown % 12 == 0).mean()) if len(grown) else float("nan")


def spread(z: NDArray[np.float64]) -> float:
    """Standard deviation of the scores that are neither missing nor flagged, NaN under two of them.

    About 1 is what careful measuring yields; above 1.3 WHO advises to look at how children were measured.
    Source: WHO & UNICEF, Recommendations for data collection, analysis and reporting on anthropometric indicators
    (2019), section 3.1.
    """
    sound = z[np.isfinite(z)]
    return float(sound.std(ddof=1)) if len(sound) > 1 else float("nan")


def sex_ratio(boys: int, girls: int) -> float:
    """Boys per girl; about 1.03–1.05 is expected under five years, NaN without girls."""
    return boys / girls if girls else float("nan")
