"""The roof: the commands, and what they draw. The only room that prints.

What may not enter: statistics, reading files, anything a library user would need.
"""

from lokus.cli.commands import entry

__all__ = ["entry"]
