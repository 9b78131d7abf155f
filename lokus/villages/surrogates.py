"""Codes for villages of which only names are known: made for one file, and never to be taken for official ones."""

from __future__ import annotations

import re

import pandas as pd

from lokus.villages import names

# No province is numbered under 11, so `codes.parse` reads none of these, and no table's code can meet one.
MADE = re.compile(r"(?:0\d|10)\.\d{2}\.\d{2}\.\d{4}")
# Kabupaten are numbered 01–69 and kota 71–99 in every province, made ones too.
KABUPATEN, KOTA = (0, 69), (70, 29)


def made_codes(places: pd.DataFrame) -> pd.Series:
    """A code `00.KK.CC.NNNN` for each village, numbered in the order of the names; missing where a name lacks.

    Parameters: `places` with str columns village, kecamatan, kabupaten, kind ("" = not told). Equal names make equal
    codes; the fourth part begins with 0, which tells neither desa nor kelurahan.

    >>> two = pd.DataFrame({"village": ["Ako", "Kulu"], "kecamatan": "Lariang", "kabupaten": "", "kind": ""})
    >>> made_codes(two).tolist()
    ['00.01.01.0001', '00.01.01.0002']
    """
    told = pd.DataFrame({part: places[part].map(names.squeeze) for part in ("kecamatan", "village")})
    told["kota"] = [names.kabupaten_told(name)[0] == "kota" for name in places["kabupaten"]]
    told["kabupaten"] = [names.kabupaten_told(name)[1] for name in places["kabupaten"]]
    told["named"] = told["village"] + "\n" + places["kind"]
    usable = told[(told["village"] != "") & (told["kecamatan"] != "")]
    numbers = pd.DataFrame(
        {
            "kabupaten": _numbered(usable, ["kota"], "kabupaten"),
            "kecamatan": _numbered(usable, ["kota", "kabupaten"], "kecamatan"),
            "village": _numbered(usable, ["kota", "kabupaten", "kecamatan"], "named"),
            "kota": usable["kota"],
        }
    )
    made = [_code(*row) for row in numbers.itertuples(index=False)]
    return pd.Series(made, index=usable.index, dtype="str").reindex(places.index)


def _numbered(told: pd.DataFrame, within: list[str], part: str) -> pd.Series:
    """The place of each name in the order of names of its area, from 0."""
    return told.groupby(within)[part].rank("dense").astype("int64") - 1


def _code(kabupaten: int, kecamatan: int, village: int, kota: bool) -> str:
    first, most = KOTA if kota else KABUPATEN
    province, number = divmod(kabupaten, most)
    return f"{province:02}.{first + number + 1:02}.{kecamatan + 1:02}.{village + 1:04}"
