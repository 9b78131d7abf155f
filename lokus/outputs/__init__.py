"""Writes what people look at: from a stored run alone, and the counts of by-name lists (`counts.py`).

What may not enter: statistics, recomputing, reading the study's data files, anything fetched from a network.
"""
