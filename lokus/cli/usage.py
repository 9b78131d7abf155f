"""argparse in the user's language: its sentences, headings and faults."""

from __future__ import annotations

import argparse
import re
import sys
from typing import Any, NoReturn

from lokus import messages
from lokus.cli.screen import tell_json

# What argparse says, in our own words; groups are the fields of the text.
FAULTS = {
    "required": r"the following arguments are required: (?P<names>.*)",
    "unknown": r"unrecognized arguments: (?P<names>.*)",
    "choice": r"argument (?P<name>.*): invalid choice: (?P<given>.*) \(choose from (?P<known>.*)\)",
    "one": r"argument (?P<name>.*): expected one argument",
    "some": r"argument (?P<name>.*): expected at least one argument",
    "together": r"argument (?P<name>.*): not allowed with argument (?P<other>.*)",
    "no_value": r"argument (?P<name>.*): ignored explicit argument (?P<given>.*)",
    "ambiguous": r"ambiguous option: (?P<given>.*) could match (?P<known>.*)",
    "value": r"argument (?P<name>.*): invalid \S+ value: (?P<given>.*)",
    "own": r"argument (?P<name>.*?): (?P<said>.*)",
}


class Formatter(argparse.HelpFormatter):
    """The usage line under our own heading."""

    def add_usage(self, usage: Any, actions: Any, groups: Any, prefix: str | None = None) -> None:
        """As argparse's, whose own heading is English."""
        own = messages.text("cli.usage.heading", Parser.lang) if prefix is None else prefix
        super().add_usage(usage, actions, groups, own)


class Parser(argparse.ArgumentParser):
    """argparse in the user's language: a usage fault is one sentence, the usage line, and exit code 2."""

    lang = "id"
    json = False

    def __init__(self, **given: Any) -> None:
        super().__init__(**{"formatter_class": Formatter, **given})
        self._positionals.title = messages.text("cli.usage.arguments", self.lang)
        self._optionals.title = messages.text("cli.usage.options", self.lang)

    def error(self, message: str) -> NoReturn:
        detail = in_words(message, self.lang)
        if self.json:
            tell_json({"error": "usage", "params": {"detail": detail}, "problems": []})
        print(messages.text("cli.usage_fault", self.lang, detail=detail), file=sys.stderr)
        self.print_usage(sys.stderr)
        raise SystemExit(2)


def in_words(message: str, lang: str) -> str:
    """A fault of argparse in the user's language; one that is not known stays as it is.

    >>> in_words("the following arguments are required: village", "id")
    'belum disebut: village'
    """
    for name, said in FAULTS.items():
        if found := re.fullmatch(said, message, re.S):
            return messages.text(f"cli.usage.{name}", lang, **found.groupdict())
    return message
