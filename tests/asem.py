"""COINr's example index, the ASEM Sustainable Connectivity of 51 countries, read where it lies in shared/data."""

from pathlib import Path

import pandas as pd

from lokus.methods.hierarchy import Hierarchy


def coinr(published: Path, name: str) -> pd.DataFrame:
    """A file of published/coinr; on the country's code where it tells one."""
    told = pd.read_csv(published / f"coinr/{name}.csv")
    return told.set_index("uCode") if "uCode" in told else told


def meta(published: Path) -> pd.DataFrame:
    """Direction, weight, parent, denominator by indicator, group or denominator."""
    return coinr(published, "asem_iMeta").set_index("iCode")


def hierarchy(published: Path) -> Hierarchy:
    """49 indicators under 8 pillars under 2 halves under the index."""
    told = meta(published)
    nodes = told[told["Level"].notna()].sort_values("Level", kind="stable").fillna({"Parent": ""})
    stands = {name: (row.Parent, float(row.Weight)) for name, row in nodes.iterrows()}
    below = set(nodes.index[nodes["Level"] == 1])
    return Hierarchy.of(
        {n: s for n, s in stands.items() if n in below}, {n: s for n, s in stands.items() if n not in below}
    )
