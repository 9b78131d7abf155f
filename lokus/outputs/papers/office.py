"""What the three office formats share: text that harms no reader, files of the same bytes for the same run."""

from __future__ import annotations

import io
import re
import unicodedata
import zipfile

from lokus.runs.folder import FORMULA

# The first moment that a zip archive can name.
EPOCH = (1980, 1, 1, 0, 0, 0)
# Marks that turn the direction of all that follows them, beyond their own cell.
TURNS = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_STAMP = re.compile(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*")


def plain(text: str) -> str:
    """Text of one line without what XML cannot hold or what turns the reading direction; letters of all scripts stay.

    >>> plain("Suka\\x00\\u202e\\n Maju 🌾")
    'Suka Maju 🌾'
    """
    kept = (" " if c.isspace() else c for c in text if c not in TURNS)
    told = "".join(c for c in kept if unicodedata.category(c) not in ("Cc", "Cs", "Cn"))
    return " ".join(told.split())


def clip(text: str, most: int) -> str:
    """Plain text of at most so many letters.

    >>> clip("Sukamaju Makmur", 9)
    'Sukamaju…'
    """
    told = plain(text)
    return told if len(told) <= most else f"{told[: most - 1].rstrip()}…"


def inert(text: str) -> str:
    """Plain text that no spreadsheet takes for a formula, also once it is saved as CSV.

    >>> inert('=HYPERLINK("x")'), inert("Suka Maju")
    ('\\'=HYPERLINK("x")', 'Suka Maju')
    """
    told = plain(text)
    return f"'{told}" if told.startswith(FORMULA) else told


def settled(made: bytes, year: int) -> bytes:
    """The same document without the moment it was written: its members undated, its properties of the study's year.

    Workbooks inside it (the data of a chart) are settled too.
    """
    stamp = f"{year:04d}-01-01T00:00:00Z".encode()
    done = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(done, "w") as new:
        for member in old.infolist():
            inside = old.read(member)
            if member.filename.endswith(".xlsx"):
                inside = settled(inside, year)
            elif member.filename == "docProps/core.xml":
                inside = _STAMP.sub(rb"\g<1>" + stamp, inside)
            told = zipfile.ZipInfo(member.filename, EPOCH)
            # A picture is packed already.
            packed = member.filename.endswith((".png", ".jpeg", ".xlsx"))
            told.compress_type = zipfile.ZIP_STORED if packed else zipfile.ZIP_DEFLATED
            told.external_attr = 0o600 << 16
            new.writestr(told, inside)
    return done.getvalue()
