"""Reads a PDF back, and changes a run so that only a hidden count differs."""

import io
from dataclasses import replace

import numpy as np
import pypdf


def pages(pdf):
    return pypdf.PdfReader(io.BytesIO(pdf)).pages


def outline(pdf):
    return pypdf.PdfReader(io.BytesIO(pdf)).outline


def text(page):
    """The words of a page with blanks as they come: lines may break anywhere."""
    return " ".join(page.extract_text().split())


def chosen_too(run, codes):
    """The run with more villages on the list."""
    v = run.villages.copy()
    v.loc[codes, "selected"], v.loc[codes, "selected_by"] = True, "score"
    return replace(run, villages=v)


def counted_otherwise(run, code, more):
    """The run with `more` stunted children in one village, estimated again; its score and rank held."""
    v = run.villages.copy()
    # The needs of the made-up run are straight lines of its estimates.
    lines = {name: np.polyfit(*v[[f"estimate_{name}", f"need_{name}"]].dropna().T.to_numpy(), 1)
             for name in ("stunting", "stunting_count")}  # fmt: skip
    n, kept = v.loc[code, "denominator_stunting"], v.loc[code, "shrinkage_stunting"]
    for name in ("numerator_stunting", "value_stunting_count", "estimate_stunting_count"):
        v.loc[code, name] += more
    v.loc[code, "value_stunting"] += more / n
    for name in ("estimate", "low", "high"):
        v.loc[code, f"{name}_stunting"] += (1 - kept) * more / n
    for name in ("stunting", "stunting_count"):
        v.loc[code, f"contribution_{name}"] += 0.4 * more
        v.loc[code, f"need_{name}"] = np.polyval(lines[name], v.loc[code, f"estimate_{name}"])
    return replace(run, villages=v)
