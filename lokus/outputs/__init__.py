"""Writes what people look at: from a stored run alone, the counts of by-name lists (`counts.py`) and ways of
choosing side by side (`ways.py`).

What may not enter: statistics, recomputing, reading the study's data files, anything fetched from a network.
"""
