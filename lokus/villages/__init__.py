"""Who is who: codes in two systems, names as people spell them, matching rows to villages, the account of each row.

What may not enter: reading files other than the crosswalk, statistics, guesses that nobody can see.
"""
