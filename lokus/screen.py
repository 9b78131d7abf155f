"""What the commands draw: JSON, problems, the account of the tables, the list of a run, a bar while work goes on."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lokus import messages
from lokus.errors import LokusError, Problem

if TYPE_CHECKING:
    from lokus.pipeline import Run, Tell

# How many problems of one kind the screen shows; problems.csv and --json carry all.
SHOWN = 12


def tell_json(value: Any) -> None:
    """Writes one JSON value to standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def as_json(problems: Sequence[Problem], lang: str) -> list[dict[str, Any]]:
    """Problems as values for a program, with their text in the language asked for."""
    from dataclasses import asdict

    return [{**asdict(p), "text": messages.problem(p, lang)} for p in problems]


def tell_error(fault: LokusError, lang: str, *, as_values: bool) -> None:
    """An error with all of its problems, on standard error (as JSON on standard output where asked)."""
    if as_values:
        params = {k: list(v) if isinstance(v, tuple) else v for k, v in fault.params.items()}
        tell_json({"error": fault.code, "params": params, "problems": as_json(fault.problems, lang)})
        return
    print(messages.error(fault, lang), file=sys.stderr)
    tell_problems([p for p in fault.problems if p.fatal] or fault.problems, lang, stream=sys.stderr, limit=100)


def tell_problems(problems: Sequence[Problem], lang: str, *, stream: Any = None, limit: int = SHOWN) -> None:
    """Problems one by one, those of a kind together; of each kind no more than `limit`."""
    if stream is None:
        heading = messages.text("cli.warnings", lang, count=len(problems))
        print(heading if problems else messages.text("cli.no_warnings", lang))
    for code in dict.fromkeys(p.code for p in problems):
        alike = [p for p in problems if p.code == code]
        for p in alike[:limit]:
            print(f"  {'✗' if p.fatal else '!'} {messages.problem(p, lang)}", file=stream)
        if (more := len(alike) - limit) > 0:
            print(f"    {messages.text('cli.more_problems', lang, more=more)}", file=stream)


def tell_account(tables: Sequence[dict[str, Any]], lang: str) -> None:
    """One line for each table: what became of its rows."""
    from rich.table import Table

    columns = ("rows", "matched", "candidates", "unmatched", "outside", "ignored", "no_data_villages")
    shown = Table(*(messages.text(f"cli.column.{c}", lang) for c in ("table", *columns)))
    for t in tables:
        numbers = (messages.number(t[c], lang) for c in columns)
        shown.add_row(t["id"], *numbers)
    console().print(shown)


def tell_run(run: Run, lang: str) -> None:
    """The chosen villages, the account and what needs attention."""
    from rich.table import Table

    from lokus.outputs import words

    facts, villages = run.facts, run.villages
    tell_account(facts["tables"], lang)
    tell_problems(run.problems, lang)
    if not facts["has_prevalence"]:
        print(messages.text("cli.no_prevalence", lang))
    chosen = run.selection[run.selection["selected"]]
    print(messages.text("cli.chosen", lang, count=len(chosen), villages=len(villages)))
    burden = words.indicator(run, "stunting")
    columns = ["rank", "village", "kecamatan", "score", "interval", "p_top"]
    columns += ["stunting", "estimate"] if burden else []
    shown = Table(*(messages.text(f"cli.column.{c}", lang, top=facts["top_n"]) for c in columns))
    for code in chosen.index:
        row = villages.loc[code]
        ranked = row["status"] == "ranked"
        cells = [
            str(row["rank"]) if ranked else "–",
            row["village"],
            row["kecamatan"],
            words.score_text(run, code, lang, 2),
            f"{row['rank_low']}–{row['rank_high']}" if ranked and words.uncertain(run) else "–",
            words.probability(row["p_top"], lang) if words.uncertain(run) else "–",
        ]
        if burden:
            cells += [words.counted(run, code, burden, lang), words.estimate_text(run, code, burden, lang)]
        shown.add_row(*cells)
    console().print(shown)


def console() -> Any:
    """Where tables are drawn: as wide as the terminal, never narrower than a table needs."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 120, highlight=False, markup=False)


class progress:
    """A bar on standard error while the work goes on, where a person is looking; nothing otherwise."""

    def __init__(self, lang: str, *, quiet: bool) -> None:
        self.lang = lang
        self.bar: Any = None
        if sys.stderr.isatty() and not quiet:
            from rich.console import Console
            from rich.progress import Progress

            self.bar = Progress(console=Console(stderr=True), transient=True)
            self.tasks: dict[str, Any] = {}

    def __enter__(self) -> Tell:
        if self.bar is not None:
            self.bar.start()
        return self._tell

    def __exit__(self, *fault: object) -> None:
        if self.bar is not None:
            self.bar.stop()

    def _tell(self, step: str, done: int, of: int) -> None:
        if self.bar is None:
            return
        if step not in self.tasks:
            self.tasks[step] = self.bar.add_task(messages.text(f"cli.step.{step}", self.lang), total=of)
        self.bar.update(self.tasks[step], completed=done)
