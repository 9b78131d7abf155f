"""Published multi-criteria methods that add or multiply worths: one small function each.

Everywhere: `matrix` (n alternatives × k criteria) without missing values, every column varying, and > 0 where a method
divides or takes logs; `weights` (k,) > 0; `types` (k,) 1 where more is better, −1 where less is. Returns (n,), larger =
better; a distance or loss comes with its sign turned. `mcdm.panel` sees to the conditions. "Keeps": more of a gain in
one alternative never costs it a place; "keeps, as tried": no exception was found in 230,000 random matrices, nor a
proof; "can reverse": it may cost a place, because the scale moves under the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from lokus.methods.mcdm_scales import log_shares, normalise

Floats = NDArray[np.float64]


def wsm(matrix: Floats, weights: Floats, types: Floats) -> Floats:
    """Weighted sum of shares: Σ w r, r = x / Σx (gain), x⁻¹ / Σx⁻¹ (loss). Keeps. Source: Fishburn 1967."""
    return normalise(matrix, types, "sum") @ weights


def wpm(matrix: Floats, weights: Floats, types: Floats) -> Floats:
    """Weighted product of shares: Π r^w. Keeps. Source: Bridgman 1922."""
    out: Floats = (normalise(matrix, types, "sum") ** weights).prod(axis=1)
    return out


def waspas(matrix: Floats, weights: Floats, types: Floats, sums: float = 0.5) -> Floats:
    """Sum and product at once: λ Σ w r + (1 − λ) Π r^w, r = x / max (gain), min / x (loss); `sums` = λ. Keeps.

    Source: Chakraborty, Zavadskas & Antucheviciene 2015.
    """
    r = normalise(matrix, types, "linear")
    out: Floats = sums * (r @ weights) + (1 - sums) * (r**weights).prod(axis=1)
    return out


def aras(matrix: Floats, weights: Floats, types: Floats, ideal: Floats | None = None) -> Floats:
    """Additive ratio to an ideal alternative: S / S(ideal) of shares; `ideal` (k,), else the best seen. Keeps.

    Source: Zavadskas & Turskis 2010; Stanujkic et al. 2015.
    """
    best = np.where(types > 0, matrix.max(axis=0), matrix.min(axis=0)) if ideal is None else ideal
    s = wsm(np.vstack([best, matrix]), weights, types)
    out: Floats = s[1:] / s[0]
    return out


def copras(matrix: Floats, weights: Floats, types: Floats) -> Floats:
    """Complex proportional assessment: Q / max Q, Q = S⁺ + ΣS⁻ / (S⁻ Σ 1/S⁻), of shares x/Σx; without losses Q = S⁺.

    Keeps. Source: Zavadskas et al. 2007.
    """
    v = matrix / matrix.sum(axis=0) * weights
    gain, loss = v[:, types > 0].sum(axis=1), v[:, types < 0].sum(axis=1)
    q = gain + (loss.sum() / (loss * (1 / loss).sum()) if loss.any() else 0.0)
    out: Floats = q / q.max()
    return out


def moora(matrix: Floats, weights: Floats, types: Floats) -> Floats:
    """Ratio system: Σ ± w x / √Σx². Keeps. Source: Brauers & Zavadskas 2006; Siregar et al. 2021."""
    out: Floats = normalise(matrix, np.ones(len(types)), "vector") @ (weights * types)
    return out


def ocra(matrix: Floats, weights: Floats, types: Floats) -> Floats:
    """Operational competitiveness: gains Σ w (x − min)/min and losses Σ w (max − x)/min, each from its worst, the sum
    from its worst. Keeps.

    Source: Parkan 1994; Işık & Adalı 2016.
    """
    r = normalise(matrix, types, "ocra") * weights
    parts = [r[:, side].sum(axis=1) for side in (types > 0, types < 0)]
    p = sum(part - part.min() for part in parts)
    out: Floats = p - np.min(p)
    return out


def cocoso(matrix: Floats, weights: Floats, types: Floats, sums: float = 0.5) -> Floats:
    """Combined compromise: (a b c)^⅓ + (a + b + c)/3 of S = Σ w r, P = Σ r^w on min-max; a = (P + S)/Σ(P + S),
    b = S/min S + P/min P, c = (λS + (1 − λ)P)/(λ max S + (1 − λ) max P). Can reverse.

    Returns: NaN for all where one alternative is worst in every criterion: then S/min S has no value.
    Source: Yazdani et al. 2019.
    """
    r = normalise(matrix, types, "minmax")
    s, p = r @ weights, (r**weights).sum(axis=1)
    if s.min() <= 0:
        return np.full(len(s), np.nan)
    a = (p + s) / (p + s).sum()
    b = s / s.min() + p / p.min()
    c = (sums * s + (1 - sums) * p) / (sums * s.max() + (1 - sums) * p.max())
    out: Floats = np.cbrt(a * b * c) + (a + b + c) / 3
    return out


def marcos(matrix: Floats, weights: Floats, types: Floats) -> Floats:
    """Compromise of the ratios K⁺ to the ideal and K⁻ to the anti-ideal: (K⁺ + K⁻) / (1 + (1−f⁺)/f⁺ + (1−f⁻)/f⁻),
    f⁺ = K⁻/(K⁺ + K⁻), f⁻ = K⁺/(K⁺ + K⁻). Keeps, as tried. Source: Stević et al. 2020; Ulutaş et al. 2020.
    """
    ends = np.where(types > 0, [matrix.max(0), matrix.min(0)], [matrix.min(0), matrix.max(0)])
    every = np.vstack([matrix, ends])
    s = np.where(types > 0, every / ends[0], ends[0] / every) @ weights
    plus, minus = s[:-2] / s[-2], s[:-2] / s[-1]
    out: Floats = (plus + minus) / (1 + plus / minus + minus / plus)
    return out


def mabac(matrix: Floats, weights: Floats, types: Floats) -> Floats:
    """Distance from the border: Σ (v − g), v = w (r + 1) on min-max, g the geometric mean of v's column. Keeps.

    Source: Pamučar & Ćirović 2015. On one matrix it ranks as the min-max sum does, and as MAIRCA.
    """
    v = (normalise(matrix, types, "minmax") + 1) * weights
    out: Floats = (v - np.exp(np.log(v).mean(axis=0))).sum(axis=1)
    return out


def mairca(matrix: Floats, weights: Floats, types: Floats) -> Floats:
    """Gap between ideal and real worth, its sign turned: −Σ w (1 − r) / n on min-max. Keeps. Source: Aksoy 2021."""
    out: Floats = (normalise(matrix, types, "minmax") - 1) @ weights / len(matrix)
    return out


def edas(matrix: Floats, weights: Floats, types: Floats) -> Floats:
    """Distance from the average: (SP/max SP + 1 − SN/max SN)/2, SP = Σ w max(0, ±(x − x̄))/x̄, SN the same below.
    Keeps, as tried. Source: Keshavarz Ghorabaee et al. 2015; Yazdani et al. 2020.
    """
    mean = matrix.mean(axis=0)
    off = (matrix - mean) / mean * types
    up, down = np.maximum(off, 0) @ weights, np.maximum(-off, 0) @ weights
    out: Floats = (up / up.max() + 1 - down / down.max()) / 2
    return out


def lmaw(matrix: Floats, weights: Floats, types: Floats) -> Floats:
    """Logarithms of additive weights: Σ 2φ^w / ((2 − φ)^w + φ^w), φ = ln ϑ / ln Πϑ, ϑ = (x + max)/max (gain),
    (x + min)/x (loss). Keeps, as tried. Source: Pamučar et al. 2021.
    """
    worth = np.where(types > 0, 1 + matrix / matrix.max(axis=0), 1 + matrix.min(axis=0) / matrix)
    phi = log_shares(worth)
    out: Floats = (2 * phi**weights / ((2 - phi) ** weights + phi**weights)).sum(axis=1)
    return out


def aroman(matrix: Floats, weights: Floats, types: Floats, linear: float = 0.5, power: float = 0.5) -> Floats:
    """Two scales in one: L^λ + A^(1−λ), L and A the weighted sums over losses and gains of (β·minmax + (1−β)·vector)/2;
    `linear` = β, `power` = λ. Keeps, as tried.

    Source: Bošković et al. 2023, whose formula lets more of a loss raise the value: for needs, which are all gains,
    that does not matter.
    """
    bare = np.ones(len(types))
    both = linear * normalise(matrix, bare, "minmax") + (1 - linear) * normalise(matrix, bare, "vector")
    v = both / 2 * weights
    out: Floats = v[:, types < 0].sum(axis=1) ** power + v[:, types > 0].sum(axis=1) ** (1 - power)
    return out


def ram(matrix: Floats, weights: Floats, types: Floats) -> Floats:
    """Root assessment: (2 + S⁺)^(1/(2 + S⁻)) of shares x/Σx. Keeps. Source: Sotoudeh-Anvari 2023."""
    v = matrix / matrix.sum(axis=0) * weights
    out: Floats = (2 + v[:, types > 0].sum(axis=1)) ** (1 / (2 + v[:, types < 0].sum(axis=1)))
    return out


def lopm(matrix: Floats, weights: Floats, types: Floats, limits: Floats) -> Floats:
    """Limits on properties, its sign turned: −(Σ w y/x over lower limits + Σ w x/y over upper + Σ w |x/y − 1|).

    Parameters: `limits` y (k,); `types` 1 = lower limit, −1 = upper, 0 = a target to be met. Keeps.
    Source: Farag 2020.
    """
    ratio = matrix / limits
    merit = np.where(types > 0, 1 / ratio, np.where(types < 0, ratio, np.abs(ratio - 1)))
    return -(merit @ weights)


def rafsi(
    matrix: Floats, weights: Floats, types: Floats, ideal: Floats, anti: Floats, ends: tuple[float, float] = (1, 6)
) -> Floats:
    """Functional mapping between fixed ends, so that no alternative moves another: Σ w s/(2A) over gains + Σ w H/(2s)
    over losses, s the place of x on `ends` (n₁, n₂), A and H the ends' arithmetic and harmonic mean. Keeps.

    Parameters: `ideal`, `anti` (k,) the ends of each criterion, in its unit. Source: Žižović et al. 2020.
    """
    low, high = np.minimum(ideal, anti), np.maximum(ideal, anti)
    first, last = ends
    s = first + (last - first) * (matrix - low) / (high - low)
    out: Floats = np.where(types > 0, s / (first + last), first * last / ((first + last) * s)) @ weights
    return out
