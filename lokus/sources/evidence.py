"""What a layer's codes and names say it holds: villages of which code system, or the larger areas they lie in.

Asked only where a layer cannot be read as the study says: what is found becomes the reason and the remedy.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from lokus.sources import schemas
from lokus.villages.codes import LEVELS, PARTS, CodeSystem, kecamatan_of, level, parse_series, province_of
from lokus.villages.names import squeeze

# The share of codes whose shape must fit a system for it to be taken as theirs; and of rows that say one thing.
CONTRADICTS = MOSTLY = 0.9
# Villages repeat their kecamatan on many rows; areas, even given in parts, bear more different names than this share.
DISTINCT = 0.5
LEAST_AREAS = 5
# Whole names of what is drawn between villages. Of the country's 83,402 villages five are called Danau and one Waduk;
# none bears another of these names ("Danau Indah", "Hutan Ayu" and "Bendungan" are villages).
_NO_VILLAGE = re.compile(
    r"hutan(?: (?:lindung|produksi|negara|konservasi|suaka|adat|register|kota|raya|bakau).*)?"
    r"|(?:kawasan|areal?) (?:hutan|konservasi|lindung|suaka|perairan|tambang|sengketa|perkebunan|industri|kosong).*"
    r"|taman (?:nasional|hutan|wisata|buru).*|tahura.*|tnks|cagar alam.*|suaka (?:alam|margasatwa).*"
    r"|(?:tubuh|badan) air.*|perairan.*|danau|waduk|embung|laut|sungai|enclave.*|hgu.*|lahan .*"
    r"|tidak (?:ada|bertuan|diketahui).*|belum .*|tanpa .*"
)


def names_no_village(name: str) -> bool:
    """Whether a whole name is that of a forest, a water or a gap between villages.

    >>> names_no_village("HUTAN LINDUNG BUKIT DAUN"), names_no_village("Danau"), names_no_village("Danau Indah")
    (True, True, False)
    """
    return _NO_VILLAGE.fullmatch(" ".join(re.findall(r"[^\W_]+", name.casefold()))) is not None


def kinds_known(codes: pd.Series) -> pd.Series:
    """Whether the last four digits of a Kemendagri code begin as they must: 1 kelurahan, 2 desa, 3 desa adat."""
    return codes.str[9].isin(list("123"))


def of_other_system(codes: pd.Series, written: pd.Series, system: CodeSystem, neutral: bool) -> bool:
    """Whether the codes contradict the declared system by their shape.

    The digit that tells desa from kelurahan in a Kemendagri code ends the kecamatan in a BPS code, mostly with 0: where
    it is nearly always 1 or 2 in a field of unknown making (`neutral`), the codes are Kemendagri's.
    """
    read, said = codes.notna(), int((written != "").sum())
    if parse_series(written[~read], schemas.OTHER[system]).notna().sum() * 2 > said:
        return True
    if system == "kemendagri":
        return bool(read.any()) and kinds_known(codes[read]).mean() < CONTRADICTS
    seventh = written[read].str.replace(r"\D", "", regex=True).str[6]
    return neutral and bool(read.any()) and seventh.isin(["1", "2"]).mean() >= CONTRADICTS


def usable(written: pd.Series, system: CodeSystem, neutral: bool) -> bool:
    """Whether most rows of a field bear a village code of the system, and not rather of the other one."""
    codes = parse_series(written, system)
    return bool(codes.notna().sum() * 2 > len(codes)) and not of_other_system(codes, written, system, neutral)


def systems(rows: pd.DataFrame, written: pd.Series, system: CodeSystem) -> dict[str, Any]:
    """How many rows bear a code of each system, and how many of these go with the name of their kecamatan.

    rows: `kecamatan`, "" where not told. written: the field as text, on the same index. A code counts where its
    province exists and, in a Kemendagri code, the digit that tells desa from kelurahan is one.
    """
    other = schemas.OTHER[system]
    fit = {s: _fitting(written, s) for s in (system, other)}
    return {
        "declared": system,
        "other": other,
        "count": len(rows),
        "fits": int(fit[system].notna().sum()),
        "fits_other": int(fit[other].notna().sum()),
        "agree": _agreeing(fit[system], rows["kecamatan"]),
        "agree_other": _agreeing(fit[other], rows["kecamatan"]),
    }


def _fitting(written: pd.Series, system: CodeSystem) -> pd.Series:
    codes = parse_series(written, system)
    known = schemas.province_boxes()
    sound = province_of(codes).map(lambda p: p in known or p[:1] in known, na_action="ignore").eq(True)
    return codes.where(sound & (kinds_known(codes) if system == "kemendagri" else True))


def _agreeing(codes: pd.Series, names: pd.Series) -> int:
    """The rows whose kecamatan has one name for its code and one code for its name, but for single exceptions."""
    told = pd.DataFrame({"code": kecamatan_of(codes), "name": names.map(squeeze)}).dropna()
    told = told[told["name"] != ""]
    if told.empty:
        return 0
    of_code = told.groupby("code")["name"].transform(lambda names: names.mode()[0])
    of_name = told.groupby("name")["code"].transform(lambda codes: codes.mode()[0])
    return int(((of_code == told["name"]) & (of_name == told["code"])).sum())


def larger_areas(rows: pd.DataFrame, written: Iterable[object] = ()) -> str:
    """The level of the areas that a layer without village codes is of, one of `LEVELS`; "" where it may be villages.

    rows: `village`, `kecamatan`, `kabupaten`, `within` (the kecamatan's code as written), "" where not told. written:
    the field that should hold the village code. Areas bear codes of their own level, or no name below it, and few of
    them bear one name.
    """
    said = pd.Series([cell for cell in written if cell], dtype=object)
    if (told := common_level(said)) and said.nunique() > DISTINCT * len(said):
        return told
    below = rows["village"].map(squeeze)
    unnamed = (below == "") | (below == rows["kecamatan"].map(squeeze)) | (below == rows["kabupaten"].map(squeeze))
    if unnamed.mean() >= MOSTLY:
        return next((told for told, column in (("kecamatan", "kecamatan"), ("kabupaten/kota", "kabupaten"))
                     if _each_its_own(rows[column])), "")  # fmt: skip
    return "kecamatan" if (rows["kecamatan"] == "").all() and _each_its_own(rows["within"]) else ""


def common_level(written: pd.Series) -> str:
    """The level of area that nearly all codes of a field are of, above the village; "" for none."""
    of = (written.map(lambda cell, system=system: level(cell, system)) for system in PARTS)
    return next((told for levels in of for told in LEVELS[:-1] if (levels == told).mean() >= MOSTLY), "")


def _each_its_own(names: pd.Series) -> bool:
    return bool((names != "").mean() >= MOSTLY and names.nunique() > DISTINCT * len(names))


def one_village_each(villages: pd.DataFrame) -> bool:
    """Whether no kecamatan has a second village, or there is but one: so a layer looks that was dissolved and kept the
    first village's code."""
    return len(villages) == 1 or (len(villages) >= LEAST_AREAS and bool(kecamatan_of(villages["code"]).is_unique))
