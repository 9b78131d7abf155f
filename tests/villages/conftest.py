"""Villages and place columns, made up and real."""

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import pandas as pd
import pyogrio
import pytest

PLACE = ("code", "village", "kecamatan", "kabupaten", "last4")
Made = Callable[..., pd.DataFrame]


def villages_of(*rows: tuple[str, str, str], kabupaten: str = "Muara Enim") -> pd.DataFrame:
    """Villages from (Kemendagri code, name, kecamatan name)."""
    codes, names, kecamatan = zip(*rows, strict=True)
    frame = pd.DataFrame({
        "village": names,
        "kecamatan_code": [c[:8] for c in codes],
        "kecamatan": kecamatan,
        "kabupaten_code": [c[:5] for c in codes],
        "kabupaten": kabupaten,
        "village_kind": [{"1": "kelurahan", "2": "desa"}[c[9]] for c in codes],
        "area_km2": 1.0,
        "has_boundary": True,
    })  # fmt: skip
    return frame.set_axis(pd.Index(codes, name="village_code", dtype="str")).sort_index()


def places_of(first: int = 2, **columns: Iterable[str]) -> pd.DataFrame:
    """Place columns as a table gives them: "" where a column is absent, index = row number of the file."""
    given = {name: list(values) for name, values in columns.items()}
    rows = len(next(iter(given.values())))
    frame = pd.DataFrame({name: given.get(name, [""] * rows) for name in PLACE}, dtype="str")
    return frame.set_axis(pd.RangeIndex(first, first + rows))


def boundaries(shared_data: Path, name: str) -> pd.DataFrame:
    """A real layer in BIG's schema, without its geometry."""
    g = pyogrio.read_dataframe(shared_data / "boundaries" / name / f"{name}.shp", read_geometry=False)
    rows: Sequence[tuple[str, str, str]] = list(zip(g["KDEPUM"], g["WADMKD"], g["WADMKC"], strict=True))
    return villages_of(*rows, kabupaten=g["WADMKK"].iloc[0])


@pytest.fixture
def sukoharjo() -> pd.DataFrame:
    """Twins in two kecamatan, a numbered series, and siblings by direction."""
    return villages_of(
        ("18.10.01.2001", "Sukoharjo I", "Sukoharjo"),
        ("18.10.01.2002", "Sukoharjo II", "Sukoharjo"),
        ("18.10.01.2003", "Sukoharjo III", "Sukoharjo"),
        ("18.10.01.2004", "Sukoharjo IV", "Sukoharjo"),
        ("18.10.01.2005", "Sidodadi", "Sukoharjo"),
        ("18.10.02.2001", "Sidodadi", "Pardasuka"),
        ("18.10.02.2002", "Muara Kaman Ulu", "Pardasuka"),
        ("18.10.02.2003", "Muara Kaman Ilir", "Pardasuka"),
        ("18.10.02.1004", "Pardasuka", "Pardasuka"),
        ("18.10.02.2004", "Pardasuka", "Pardasuka"),
        ("18.10.02.2005", "Padang Ratu", "Pardasuka"),
        kabupaten="Pringsewu",
    )
