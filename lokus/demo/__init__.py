"""The fictional kabupaten: its seeded generator and its files. Reached from the command line alone.

What may not enter: real places, real people, anything another room needs.
"""
