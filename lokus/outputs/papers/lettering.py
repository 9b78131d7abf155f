"""How text is set on paper: one typeface, its widths, and text cut, wrapped and freed of what cannot be printed.

Sizes and widths are points (1/72 inch).
"""

from __future__ import annotations

import unicodedata
from functools import cache
from pathlib import Path

import matplotlib
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont

# Ships with matplotlib, so that every machine sets the same page (Bitstream Vera licence).
FACE = "DejaVu Sans"
PLAIN, BOLD = "DejaVuSans", "DejaVuSans-Bold"
# What stands for a letter that the typeface lacks.
UNKNOWN = "□"


@cache
def fonts() -> tuple[str, str]:
    """The names of the typeface, plain and bold, known to reportlab from now on."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    for name in (PLAIN, BOLD):
        pdfmetrics.registerFont(TTFont(name, folder / f"{name}.ttf"))
    pdfmetrics.registerFontFamily(PLAIN, normal=PLAIN, bold=BOLD, italic=PLAIN, boldItalic=BOLD)
    return PLAIN, BOLD


@cache
def _known() -> frozenset[int]:
    """The characters that both weights of the typeface have."""
    both = [set(pdfmetrics.getFont(name).face.charToGlyph) for name in fonts()]
    return frozenset(both[0] & both[1])


def clean(said: str) -> str:
    """Text of one line that can be printed: no controls, no marks that turn the direction, no unknown letters.

    >>> clean("Suka\\u202e\\nMaju 🌾")
    'Suka Maju □'
    """
    told = []
    for letter in unicodedata.normalize("NFC", said):
        kind = unicodedata.category(letter)
        if letter.isspace():
            told.append(" ")
        elif kind[0] != "C" and kind not in ("Mn", "Me"):
            told.append(letter if ord(letter) in _known() else UNKNOWN)
    return " ".join("".join(told).split())


def width(said: str, size: float, bold: bool = False) -> float:
    """How wide a line is."""
    return float(pdfmetrics.stringWidth(said, fonts()[bold], size))


def clip(said: str, size: float, most: float, bold: bool = False) -> str:
    """A line cut to a width, with … where something was cut.

    >>> clip("Sukamaju", 10, 1000), clip("Sukamaju", 10, 40)
    ('Sukamaju', 'Suka…')
    """
    said = clean(said)
    if width(said, size, bold) <= most:
        return said
    low, high = 0, len(said)
    while low < high:
        middle = (low + high + 1) // 2
        fits = width(said[:middle].rstrip() + "…", size, bold) <= most
        low, high = (middle, high) if fits else (low, middle - 1)
    return said[:low].rstrip() + "…"


def wrap(said: str, size: float, most: float, bold: bool = False, lines: int = 99) -> list[str]:
    """A text in lines no wider than `most`, broken at blanks and inside words that are wider; … after the last line.

    >>> wrap("Desa Sukamaju Baru", 10, 70)
    ['Desa', 'Sukamaju', 'Baru']
    """
    found: list[str] = []
    line = ""
    words = clean(said).split(" ")
    while words and len(found) < lines:
        longer = f"{line} {words[0]}".strip()
        if width(longer, size, bold) <= most:
            line = longer
            words.pop(0)
        elif line:
            found.append(line)
            line = ""
        else:
            head = clip(words[0], size, most, bold)[:-1] or words[0][:1]
            found.append(head)
            words[0] = words[0][len(head) :]
    if line and len(found) < lines:
        found.append(line)
        line = ""
    if words or line:
        found[-1] = clip(f"{found[-1]} {' '.join([line, *words])}", size, most, bold)
    return found or [""]
