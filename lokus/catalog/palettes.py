"""Colours, fixed classes and marks of everything drawn: the map, the papers and the styles of the GeoPackage.

Sequential colours are ColorBrewer's (Brewer 2003), safe for the colour-blind; on every layer darker is more of what its
legend says. Classes that stand in no order carry a mark as well, so that they can be told apart in grey.
"""

from __future__ import annotations

RAMPS = {
    "problem": ("#ffffd4", "#fed98e", "#fe9929", "#d95f0e", "#993404"),
    "service": ("#f1eef6", "#bdc9e1", "#74a9cf", "#2b8cbe", "#045a8d"),
    "priority": ("#edf8fb", "#b3cde3", "#8c96c6", "#8856a7", "#6e016b"),
    "doubt": ("#ffffcc", "#c2e699", "#78c679", "#31a354", "#006837"),
}
MISSING_COLOUR, BANDED_COLOUR, PLAIN_COLOUR, MET_COLOUR = "#c9c9c9", "#fffdf5", "#f2f2f2", "#fbfbfb"
# Okabe & Ito (2008), ordered so that neighbours in the list differ in lightness too.
UNORDERED = ("#0072b2", "#f0e442", "#d55e00", "#56b4e9", "#009e73", "#cc79a7", "#e69f00", "#999999")
# Prevalence of public-health significance: de Onis et al. 2019, Public Health Nutrition 22(1), table 3.
WHO = {"stunting": (0.025, 0.10, 0.20, 0.30), "wasting": (0.025, 0.05, 0.10, 0.15)}
MEASURED = (0.5, 0.7, 0.8, 0.9)
HOTSPOTS = {
    "high-high": ("#b2182b", "▲"), "high-low": ("#ef8a62", "△"), "low-high": ("#92c5de", "▽"),
    "low-low": ("#2166ac", "▼"), "none": ("#f7f7f7", ""), "unknown": (MISSING_COLOUR, ""),
}  # fmt: skip
# Gi*: high and low together with the neighbours.
WARM = {
    "gi_hot": ("#b2182b", "▲"), "gi_cold": ("#2166ac", "▼"), "gi_none": ("#f7f7f7", ""),
    "unknown": (MISSING_COLOUR, ""),
}  # fmt: skip
# Pockets of too many cases, the likeliest first; each carries its number as well.
POCKETS = ("#b2182b", "#d6604d", "#f4a582", "#fddbc7")
CHOSEN = {
    "chosen": ("#08519c", ""),
    "rule": ("#6baed6", ""),
    "meeting": ("#8c6bb1", ""),
    "not": (PLAIN_COLOUR, ""),
    "unranked": (MISSING_COLOUR, ""),
}
LAST_YEAR = {
    "stays": ("#08519c", "="),
    "enters": ("#41ab5d", "+"),
    "leaves": ("#fdae6b", "–"),
    "never": (PLAIN_COLOUR, ""),
}
# What became of a village since an earlier run: its prevalence, its place on the list.
CHANGED = {
    "rose": ("#b2182b", "▲"),
    "fell": ("#2166ac", "▼"),
    "unclear": ("#f7f7f7", ""),
    "unknown": (MISSING_COLOUR, ""),
}
MOVED = {**LAST_YEAR, "new": (MISSING_COLOUR, "")}
