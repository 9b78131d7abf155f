"""Place names as people spell them: what is certainly the same name, and how near two names are otherwise.

`normalise` undoes only what cannot change a name; `marks` are the words that tell siblings apart; `similarity` knows
ambiguous abbreviations and old spellings too, and never says 1 for them. The word lists are `catalog/names.toml`.
"""

from __future__ import annotations

import re
import tomllib
import unicodedata
from collections.abc import Iterator
from functools import cache, lru_cache
from importlib.resources import files
from itertools import islice, pairwise, product
from typing import Any

from rapidfuzz import fuzz

WEAK_EQUAL = 0.95
VARIANTS = 12
# Measured by asking every village of the country for its own name among the other villages of its kecamatan: one name
# in 2,000 finds a sibling instead. Most slips of a typist pass; a changed first letter or a whole other word does not.
ALIKE = 0.9
ALIKE_WORD = 0.8
ALIKE_LETTERS = 7

APOSTROPHES = re.compile(r"['’‘`ʼʻ´]")
BRACKETED_KIND = re.compile(r"\(\s*(?:desa|ds|kelurahan|kel|kecamatan|kec)\.?\s*\)", re.IGNORECASE)
NOT_WORD = re.compile(r"[\W_]+")
DIGIT_EDGE = re.compile(r"(?<=[^\W\d])(?=\d)|(?<=\d)(?=[^\W\d])")
ROMAN = re.compile(r"x{0,3}(?:ix|iv|v?i{0,3})")
ROMAN_ENDING = re.compile(r"[^ivx](x{0,3}(?:ix|iv|vi{1,3}|i{2,3}|v))$")
REPEATED = re.compile(r"([^\W\d])\1+")
ROMAN_VALUES = {"i": 1, "v": 5, "x": 10}


@cache
def _lists() -> dict[str, Any]:
    return tomllib.loads(files("lokus.catalog").joinpath("names.toml").read_text("utf-8"))


@cache
def _marks() -> frozenset[str]:
    return frozenset(_lists()["marks"])


@lru_cache(maxsize=1 << 18)
def normalise(name: str) -> str:
    """The name in one spelling: lower case without accents and punctuation, kinds of place dropped from the front,
    safe abbreviations written out, Roman numerals as Arabic; "" for an empty cell.

    >>> normalise("Desa TJ. ENIM  III"), normalise("Ma'u"), normalise("Desa Baru")
    ('tanjung enim 3', 'mau', 'desa baru')
    """
    bare = unicodedata.normalize("NFKD", BRACKETED_KIND.sub(" ", name))
    bare = "".join(c for c in bare if not unicodedata.combining(c)).casefold()
    bare = NOT_WORD.sub(" ", APOSTROPHES.sub("", bare).replace("&", " dan "))
    words = [_numeral(w) for w in DIGIT_EDGE.sub(" ", bare).split()]
    return " ".join(_written_out(_without_kind(words)))


def squeeze(name: str) -> str:
    """`normalise` without spaces: equal for BULUMARIO and Bulu Mario."""
    return normalise(name).replace(" ", "")


@lru_cache(maxsize=1 << 18)
def marks(name: str) -> tuple[str, ...]:
    """The words and numerals of a name that tell siblings apart, sorted; they must be equal for two names to be one.

    A mark written together with the name counts too, and so does a single letter (Blok A, T. Jambo Aye).

    >>> marks("Muara Kaman Ulu"), marks("SUKOHARJO IV"), marks("Gadingrejotimur")
    (('hulu',), ('4',), ('timur',))
    """
    found = []
    for word in normalise(name).split():
        if word.isdecimal() or word in _marks() or len(word) == 1:
            found.append(word)
        else:
            found.extend(_ending(word))
    return tuple(sorted(found))


def similarity(a: str, b: str) -> float:
    """How near two names are, 0–1: 1 only for the same name, at most 0.99 otherwise.

    The normalised indel ratio of the spelled-out names, with and without spaces; at least 0.95 where one reading of an
    ambiguous abbreviation, an old spelling or a local word for village makes them equal.

    >>> similarity("BULUMARIO", "Bulu Mario"), similarity("PAKAWA", "Pakava"), similarity("Pd. Ratu", "Padang Ratu")
    (1.0, 0.95, 0.95)
    """
    one, two = squeeze(a), squeeze(b)
    if not one or not two:
        return 0.0
    if one == two:
        return 1.0
    near = max(fuzz.ratio(one, two), fuzz.ratio(normalise(a), normalise(b))) / 100
    if not weak_keys(a).isdisjoint(weak_keys(b)):
        near = max(near, WEAK_EQUAL)
    return min(near, 0.99)


def alike(a: str, b: str) -> bool:
    """Whether two names can only be one name with a slip of the pen or in an old spelling; stricter than `similarity`.

    Marks are equal, and either the folded sounds are or the ratio is at least 0.9 with every word near its counterpart
    and beginning with the same letter. Ambiguous abbreviations never make two names alike.

    >>> alike("Indra Makmu", "Indra Makmur"), alike("Suka Ramai", "Suka Damai"), alike("Bt. Ratu", "Batu Ratu")
    (True, False, False)
    """
    one, two = normalise(a), normalise(b)
    if not one or not two or marks(a) != marks(b):
        return False
    if _fold(squeeze(a)) == _fold(squeeze(b)):
        return True
    if min(len(squeeze(a)), len(squeeze(b))) < ALIKE_LETTERS:
        return False
    words = one.split(), two.split()
    if set(words[0]) < set(words[1]) or set(words[1]) < set(words[0]):
        return False
    if len(words[0]) != len(words[1]):
        words = [squeeze(a)], [squeeze(b)]
        one, two = words[0][0], words[1][0]
    near = all(v[0] == w[0] and fuzz.ratio(v, w) >= 100 * ALIKE_WORD for v, w in zip(*words, strict=True))
    return near and fuzz.ratio(one, two) >= 100 * ALIKE


@lru_cache(maxsize=1 << 18)
def weak_keys(name: str) -> frozenset[str]:
    """Every reading of a name with its sounds folded: old spelling, doubled letters, ambiguous abbreviations."""
    return frozenset(_fold(reading) for reading in _readings(normalise(name)))


def kind_told(name: str) -> str:
    """The kind of village a name says in front or in brackets: "desa", "kelurahan" or ""."""
    words = NOT_WORD.sub(" ", name).casefold().split()
    said = {w for w in (*words[:1], *(BRACKETED_KIND.findall(name) and words[-1:])) if w in KINDS}
    return KINDS[said.pop()] if len(said) == 1 else ""


KINDS = {"desa": "desa", "ds": "desa", "kel": "kelurahan", "kelurahan": "kelurahan"}


def kabupaten_told(name: str) -> tuple[str, str]:
    """What a name says of a kabupaten: its kind ("kabupaten", "kota" or "") and the squeezed name without it.

    >>> kabupaten_told("KAB. MUARA ENIM"), kabupaten_told("Kota Adm. Jakarta Barat"), kabupaten_told("Kaur")
    (('kabupaten', 'muaraenim'), ('kota', 'jakartabarat'), ('', 'kaur'))
    """
    words = NOT_WORD.sub(" ", name).casefold().split()
    kind = {"kab": "kabupaten", "kabupaten": "kabupaten", "kota": "kota"}.get(words[0], "") if words[1:] else ""
    rest = words[1:] if kind else words
    if len(rest) > 1 and rest[0] in ("adm", "administrasi"):
        rest = rest[1:]
    return kind, squeeze(" ".join(rest))


def _numeral(word: str) -> str:
    if word.isdecimal():
        return word.lstrip("0") or "0"
    return str(_roman(word)) if ROMAN.fullmatch(word) else word


def _roman(word: str) -> int:
    values = [ROMAN_VALUES[c] for c in word]
    return sum(-v if v < after else v for v, after in pairwise([*values, 0]))


def _without_kind(words: list[str]) -> list[str]:
    lists = _lists()
    while len(words) > 1:
        named = any(not (w.isdecimal() or w in _marks()) for w in words[1:])
        if words[0] not in lists["kind_abbreviations"] and not (words[0] in lists["kind_words"] and named):
            break
        words = words[1:]
    return words


def _written_out(words: list[str]) -> Iterator[str]:
    known = _lists()["abbreviations"]
    for word, after in pairwise([*words, ""]):
        # "SP 2" is a transmigration unit (satuan permukiman), not a crossing.
        yield word if word == "sp" and (after.isdecimal() or not after) else known.get(word, word)


def _ending(word: str) -> Iterator[str]:
    for mark in (*_lists()["marks"], "ulu", "ilir"):
        if len(mark) > 2 and word.endswith(mark) and len(word) >= len(mark) + 3:
            yield _lists()["abbreviations"].get(mark, mark)
            return
    if ending := ROMAN_ENDING.search(word):
        yield str(_roman(ending[1]))


def _readings(normal: str) -> Iterator[str]:
    lists = _lists()
    words = normal.split()
    meant = [(w, *lists["ambiguous"].get(w, ())) for w in words]
    for reading in islice(product(*meant), VARIANTS):
        yield "".join(reading)
        if len(reading) > 1 and reading[0] in lists["local_kinds"]:
            yield "".join(reading[1:])


def _fold(squeezed: str) -> str:
    for sound, letter in _lists()["sounds"].items():
        squeezed = squeezed.replace(sound, letter)
    return REPEATED.sub(r"\1", squeezed)
