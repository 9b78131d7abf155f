"""`lokus.toml` → `Study`: the whole specification of a run, frozen; every key has a default or a clear refusal.

What may not enter: reading data files, computing, texts for people (a fault is a `Problem` with its key path).
"""

from lokus.study.judging import judged_weights
from lokus.study.model import Measure, Study
from lokus.study.reading import make_study, open_study

__all__ = ["Measure", "Study", "judged_weights", "make_study", "open_study"]
