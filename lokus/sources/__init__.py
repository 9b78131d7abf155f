"""Reads what people have: boundary files, workbooks, CSV. Says what it saw, what it repaired and what it refused.

What may not enter: statistics, the study file, decisions about who is who (that is `villages/`).
"""
