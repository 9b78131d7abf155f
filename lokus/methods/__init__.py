"""The statistics: pure functions from arrays and aligned Series to the same. No files, languages, screens or clock.

What may not enter: reading or writing, printing, logging, global randomness, texts for people.
"""
