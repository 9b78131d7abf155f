"""What the rows under a header are: data, or totals, repeated headers, signatures, notes, blanks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from statistics import median

import numpy as np
import numpy.typing as npt
import pandas as pd

from lokus.sources.headers import Rows, Texts, count, is_column_numbers
from lokus.sources.numbers import Decimal, is_missing, looks_numeric, parse_numbers

DATA = ""
KINDS = ("title", "header", "column_numbers", "blank", "total", "repeated_header", "signature", "note")

_WORD = r"(?:grand total|sub ?total|sub ?jumlah|jumlah|jml|total|rata rata|rerata|persentase|prosentase|target|capaian)"
_AREA = r"(?:kab|kabupaten|kota|kec|kecamatan|kapanewon|distrik|puskesmas|pkm|upt|uptd|prov|provinsi)"
# None of the country's 83,000 villages bears one of these words alone or before an area's kind; "Totala Jaya", "Rata
# Mulie", "Sum", "Kabupaten" and 166 times "Kota …" are villages, so looser labels need the row's sums as witness.
_SURE = re.compile(
    rf"{_WORD}(?: (?:total|jumlah|akhir|seluruh|seluruhnya|keseluruhan|semua|umum))*(?: (?:se )?{_AREA}\b.*| desa\b.*)?"
)
_LOOSE = re.compile(rf"(?:{_WORD}|{_AREA})(?: .*)?")
_CODE = re.compile(r"(?:\d\D?){7,13}")
_AVERAGE = re.compile(r"(?:rata rata|rerata|persentase|prosentase|target|capaian)\b.*")

_NOTE = re.compile(
    r"(?:sumber(?: data)?|keterangan|ket|catatan|note|source|nb)\s*[.:=]|sumber data\b|keterangan$|\*", re.I
)
_MONTH = (
    r"(?:jan|feb|mar|apr|mei|jun|jul|agu|agt|sep|okt|nov|des|january|february|march|may|august|october|december)[a-z]*"
)
_NIP = re.compile(r"n\.?i\.?p\b[.:]?", re.I)
_SIGNATURE = re.compile(
    r"a\.\s?n\.|plt\.|"
    r"(?:mengetahui|menyetujui|mengesahkan|diketahui|disetujui|disahkan|dibuat oleh|yang membuat|"
    r"kepala (?:dinas|badan|puskesmas|uptd?|bidang|seksi|bappeda|balai|desa)|sekretaris|camat|lurah|bupati|wali ?kota|"
    r"ketua (?:tim|tpps)|koordinator|pengelola|penanggung ?jawab|petugas|tertanda|ttd)\b"
    rf"|[^\d,]{{3,40}},\s*(?:tanggal|tgl\.?)?[\s\d.…_-]*{_MONTH}[\s.…_]*(?:20\d\d)?$"
    r"|[^\d,]{3,40},\s*\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}$",
    re.I,
)


def is_average(label: str) -> bool:
    """Whether a totals row holds means, percentages or targets, which are no sums."""
    return _AVERAGE.fullmatch(_plain(label)) is not None


def classify(rows: Rows, texts: Texts, headers: Texts, titles: Texts) -> list[str]:
    """The kind of every row under the header; "" for a row of data.

    rows, texts: the rows under the header, raw and as text. headers, titles: the texts of the rows of and above it.
    """
    kinds = [DATA] * len(rows)
    _page_furniture(kinds, texts, headers, titles)
    body = _Body(rows, texts, kinds)
    _closing_lines(kinds, body)
    doubtful = _sure_totals(kinds, body)
    if doubtful:
        _witnessed_totals(kinds, body, doubtful)
    for i, kind in enumerate(kinds):
        if kind == DATA and body.is_stray_line(i):
            kinds[i] = "note"
    return kinds


class _Body:
    """What the cells of the rows under a header look like, column by column."""

    def __init__(self, rows: Rows, texts: Texts, kinds: Sequence[str]) -> None:
        self.rows, self.texts = rows, texts
        self.numeric = [[c is not None and looks_numeric(c) for c in row] for row in rows]
        self.dashed = [any(c is not None and is_missing(c) for c in row) for row in rows]
        table = [i for i, kind in enumerate(kinds) if kind == DATA]
        self.usual = median([count(texts[i]) for i in table] or [0])
        # A signature under a short table must not make its number columns look like words.
        end = max((i for i in table if any(self.numeric[i])), default=len(rows))
        width = len(texts[0]) if texts else 0
        filled = [[i for i in table if i <= end and texts[i][c]] for c in range(width)]
        numbers = [sum(self.numeric[i][c] for i in rows_of) for c, rows_of in enumerate(filled)]
        words = [len(rows_of) - n for rows_of, n in zip(filled, numbers, strict=True)]
        self.is_number = [n > w for n, w in zip(numbers, words, strict=True)]
        self.is_words = not any(self.is_number)
        self.is_constant = [w > 2 and len({texts[i][c] for i in filled[c]}) == 1 for c, w in enumerate(words)]
        self.has_names = any(w > len(table) / 2 and not same for w, same in zip(words, self.is_constant, strict=True))

    def is_solid(self, i: int) -> bool:
        """A row that can only be of the table: as wide as the others, with numbers where they have numbers."""
        wide = count(self.texts[i])
        if self.is_words:
            return wide >= 0.75 * self.usual
        return wide >= self.usual / 2 and (any(self.numeric[i]) or self.dashed[i])

    def words(self, i: int) -> list[int]:
        """Columns where row `i` has a text of its own that is neither a number nor the same in all rows."""
        texts, numeric = self.texts[i], self.numeric[i]
        return [
            c for c, t in enumerate(texts) if t and not numeric[c] and not is_missing(t) and not self.is_constant[c]
        ]

    def is_stray_line(self, i: int) -> bool:
        """One text alone, standing where the others have a number: a block's heading or a remark."""
        filled = [c for c, t in enumerate(self.texts[i]) if t]
        return len(filled) == 1 and not self.numeric[i][filled[0]] and self.is_number[filled[0]]


def _plain(label: str) -> str:
    """Lower case, punctuation as spaces, "J U M L A H" closed up."""
    text = " ".join(re.sub(r"[\W_]+", " ", label.casefold()).split())
    return text.replace(" ", "") if re.fullmatch(r"(?:\w )+\w", text) else text


def _page_furniture(kinds: list[str], texts: Texts, headers: Texts, titles: Texts) -> None:
    def key(row: Sequence[str]) -> tuple[str, ...]:
        return tuple(t.casefold() for t in row)

    header_keys = {key(h): count(h) for h in headers}
    title_keys = {key(t) for t in titles if any(t)}
    under_header = True
    for i, row in enumerate(texts):
        if not any(row):
            kinds[i] = "blank"
        elif under_header and is_column_numbers(row):
            kinds[i] = "column_numbers"
        elif header_keys.get(key(row), 0) > (0 if under_header and i else 1):
            kinds[i], under_header = "repeated_header", True
        else:
            kinds[i], under_header = "title" if key(row) in title_keys else DATA, False


def _closing_lines(kinds: list[str], body: _Body) -> None:
    """Signature blocks and notes; each goes on until a row that can only be of the table, or a repeated header."""
    last_solid = max((i for i, k in enumerate(kinds) if k == DATA and body.is_solid(i)), default=-1)
    state = DATA
    for i, texts in enumerate(body.texts):
        if kinds[i] != DATA:
            state = DATA if kinds[i] == "repeated_header" else state
            continue
        line = " ".join(t for t in texts if t)
        if any(_NIP.match(t) for t in texts):
            state = "signature"
        elif body.is_solid(i):
            state = DATA
        elif any(_SIGNATURE.match(t) for t in texts) and not any(body.numeric[i]):
            state = "signature"
        elif _NOTE.match(line):
            kinds[i] = "note"
            state = state or ("note" if i > last_solid else DATA)
            continue
        elif state == "note" and (count(texts) > 2 or any(body.numeric[i])):
            state = DATA
        kinds[i] = state


def _sure_totals(kinds: list[str], body: _Body) -> list[int]:
    """Marks the totals rows that their label alone proves; returns those whose sums must witness."""
    doubtful = []
    for i, kind in enumerate(kinds):
        if kind != DATA or not any(body.texts[i]):
            continue
        words, numeric = body.words(i), body.numeric[i]
        sure = next((c for c in words if _SURE.fullmatch(_plain(body.texts[i][c]))), None)
        if sure is not None and sum(numeric[:sure]) <= min(2, sum(numeric[sure:])):
            if any(_CODE.fullmatch(t) for t in body.texts[i][:sure]):
                doubtful.append(i)
            else:
                kinds[i] = "total"
        elif any(numeric) and not words and body.has_names:
            doubtful.append(i)
        elif any(numeric) and len(words) == 1 and _LOOSE.fullmatch(_plain(body.texts[i][words[0]])):
            if any(numeric[: words[0]]):
                continue  # It has a number of its own in the list: a village.
            if body.is_number[words[0]]:
                kinds[i] = "total"
            else:
                doubtful.append(i)
    return doubtful


def _witnessed_totals(kinds: list[str], body: _Body, doubtful: list[int]) -> None:
    """Marks doubtful rows whose numbers are the sums of the rows above, below, or of all others."""
    columns = [c for c, number in enumerate(body.is_number) if number]
    if not columns:
        return
    cells = [pd.Series([row[c] for row in body.rows], dtype=object) for c in columns]
    marks: tuple[Decimal, ...] = (",", ".")
    readings = [np.column_stack([parse_numbers(c, mark).values for c in cells]) for mark in marks]
    counted = np.array([k == DATA for k in kinds])
    place = np.arange(len(kinds))
    unproven = np.isin(place, doubtful)

    def is_sum(i: int, block: npt.NDArray[np.bool_]) -> bool:
        rows = block & counted & (place != i)
        return any(_sums(values[rows], values[i]) for values in readings)

    def mark(i: int) -> None:
        kinds[i], counted[i], unproven[i] = "total", False, False

    for i in doubtful:
        start = next((j + 1 for j in range(i - 1, -1, -1) if kinds[j] == "total"), 0)
        if is_sum(i, (place >= start) & (place < i)):
            mark(i)
    for i in [i for i in reversed(doubtful) if unproven[i]]:
        end = next((j for j in range(i + 1, len(kinds)) if kinds[j] == "total"), len(kinds))
        if any(is_sum(i, block) for block in ((place > i) & (place < end), ~unproven, place >= 0)):
            mark(i)


def _sums(parts: npt.NDArray[np.float64], total: npt.NDArray[np.float64]) -> bool:
    """Whether a row is the sum of others in a third of its comparable columns; percentages and codes are none."""
    if len(parts) < 2:
        return False
    comparable = (np.nan_to_num(parts) != 0).sum(axis=0) >= 2
    comparable &= np.isfinite(total) & (total != 0)
    equal = comparable & np.isclose(np.nansum(parts, axis=0), total, rtol=1e-9, atol=1e-6)
    hits = int(equal.sum())
    return hits * 3 >= int(comparable.sum()) and (hits > 1 or (hits == 1 and len(parts) > 2))
