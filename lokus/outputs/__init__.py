"""Writes what people look at, from a stored run alone.

What may not enter: statistics, recomputing, reading the study's data files, anything fetched from a network.
"""
