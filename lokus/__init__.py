"""lokus: chooses and explains the priority villages (desa lokus) of a kabupaten's stunting work."""

__version__ = "0.1.0"
