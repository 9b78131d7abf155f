"""The commands that look at a study or a run in another light, each a function with its exit code."""

from __future__ import annotations

import argparse

from lokus import messages
from lokus.cli.screen import tell_json


def run_compare(asked: argparse.Namespace) -> int:
    """Two runs side by side, two years or two methods."""
    from lokus import runs
    from lokus.outputs.comparison import comparison

    before, after = (runs.read(runs.find(folder)) for folder in (asked.before, asked.after))
    told = comparison(before, after, asked.lang, public=not asked.internal)
    if asked.json:
        tell_json(told)
        return 0
    if asked.internal:
        print(messages.text("explain.internal", asked.lang))
    print("\n".join(told["text"]))
    return 0
