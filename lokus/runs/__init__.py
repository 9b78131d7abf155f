"""The run folder: written whole or not at all, read back and checked, run again and compared.

What may not enter: computing anything new, texts for people other than the problems' own, HTML.
"""

from lokus.runs.folder import find, read, write
from lokus.runs.verification import Verdict, verify

__all__ = ["Verdict", "find", "read", "verify", "write"]
