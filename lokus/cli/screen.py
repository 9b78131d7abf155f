"""What the commands draw: JSON, problems, accounts, lists, questions, and a bar while work goes on."""

from __future__ import annotations

import json
import sys
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lokus import messages
from lokus.errors import LokusError, Problem

if TYPE_CHECKING:
    from lokus.pipeline import Run, Tell
    from lokus.proposal import Ask, Blank, Fill, Question
    from lokus.sources.children import ChildCounts

# How many problems of one kind the screen shows; problems.csv and --json carry all.
SHOWN = 12
# Scores of by-name lists that are shares, and those with decimals.
SHARES = ("measured_share", "flagged_share", "ending_0_or_5")
SCORES = ("z_sd", "sex_ratio", "age_heaping")


def tell_json(value: Any) -> None:
    """Writes one JSON value to standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=1, default=_as_text))


def _as_text(value: Any) -> str:
    return messages.system_fault(value, "en") if isinstance(value, OSError) else str(value)


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
    fatal = [p for p in fault.problems if p.fatal] or fault.problems
    tell_problems(fatal, lang, stream=sys.stderr, limit=100)
    if doubts := [p for p in fault.problems if p not in fatal]:
        print(messages.text("cli.besides", lang, count=len(doubts)), file=sys.stderr)
        tell_problems(doubts, lang, stream=sys.stderr)


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

    columns = ("rows", "matched", "repeated", "candidates", "unmatched", "outside", "ignored", "no_data_villages")
    shown = Table(*(messages.text(f"cli.column.{c}", lang) for c in ("table", *columns)))
    for t in tables:
        numbers = (messages.number(t[c], lang) for c in columns)
        shown.add_row(t["id"], *numbers)
    console().print(shown)


def tell_sums(tables: Sequence[dict[str, Any]], lang: str) -> None:
    """For each table by what its rows were matched and which rows are no data; then what its columns add up to."""
    from rich.table import Table

    for t in tables:
        if "raster" in t:
            print(_raster_told(t, lang))
        if not (t["by"] or t["left_out"]):  # no rows were matched: a raster, or ways
            continue
        rungs = [f"{messages.number(n, lang)} {messages.text(f'match.rung.{by}', lang)}" for by, n in t["by"].items()]
        kinds = [f"{messages.number(n, lang)} {messages.text(f'rows.{k}', lang)}" for k, n in t["left_out"].items()]
        told = {"table": t["id"], "rungs": rungs or ["–"], "kinds": kinds or ["–"]}
        print(messages.text("rows.told", lang, **told))
    shown = Table(*(messages.text(f"rows.column.{c}", lang) for c in ("table", "columns", "sum", "joined")))
    for t in tables:
        for s in t["sums"]:
            numbers = (messages.number(s[c], lang) for c in ("sum", "joined"))
            shown.add_row(t["id"], " + ".join(s["columns"]), *numbers)
    if shown.row_count:
        console().print(shown)


def _raster_told(table: Mapping[str, Any], lang: str) -> str:
    found = table["raster"]
    shares = {part: messages.percent(found[part], lang) for part in ("covered", "nodata")}
    cells, side = (messages.number(x, lang) for x in (found["cells"], found["cell_m"][0]))
    return messages.text("rows.raster", lang, table=table["id"], cells=cells, side=side, **shares)


def tell_run(run: Run, lang: str) -> None:
    """The chosen villages, the account and what needs attention."""
    from rich.table import Table

    from lokus.outputs import consequences, words
    from lokus.outputs.ways import under

    facts, villages = run.facts, run.villages
    tell_account(facts["tables"], lang)
    tell_problems(run.problems, lang)
    for line in consequences.turned(run, lang):
        print(f"  ! {line}")
    if not facts["has_prevalence"]:
        print(messages.text("cli.no_prevalence", lang))
    chosen = run.selection[run.selection["selected"]]
    for line in under(run.manifest, lang):
        print(line)
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
    for line in consequences.lines(run, lang):
        print(line)


def tell_children(counts: ChildCounts, lang: str) -> None:
    """What became of the rows of by-name lists, how good their data are, and what needs attention."""
    from rich.table import Table

    def t(key: str, **params: Any) -> str:
        return messages.text(f"children.{key}", lang, **params)

    def shown(name: str, value: float) -> str:
        if name in SHARES:
            return messages.percent(value, lang)
        return messages.number(value, lang, 2 if name in SCORES else 0)

    for part in ("account", "agreement", "quality"):
        table = Table(t(f"{part}.title"), "")
        for name, value in getattr(counts, part).items():
            table.add_row(t(f"{part}.{name}"), shown(name, value))
        if table.rows:
            console().print(table)
    tell_problems(counts.problems, lang)
    sums = counts.villages[["measured", "stunted", "severely_stunted"]].sum().astype(int).to_dict()
    print(t("sum", villages=len(counts.villages), **sums))


def places_of(fault: BaseException) -> str:
    """Where an unforeseen fault happened, in our own code, without its message."""
    frames = [f for f in traceback.extract_tb(fault.__traceback__) if "lokus" in Path(f.filename).parts]
    return " < ".join([type(fault).__name__, *(f"{Path(f.filename).name}:{f.lineno}" for f in reversed(frames))])


def console() -> Any:
    """Where tables are drawn: as wide as the terminal, never narrower than a table needs."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 120, highlight=False, markup=False)


def asker(lang: str, *, quiet: bool) -> Ask:
    """Who answers the questions of `init`: the person at the terminal, or nobody where there is none."""
    if quiet or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return lambda _: None

    def ask(question: Question) -> int | None:
        from lokus.proposal import question_lines

        print("\n".join(question_lines(question, lang)))
        many = len(question.choices)
        while True:
            try:
                answer = input(messages.text("cli.init.your_choice", lang, count=many)).strip()
            except EOFError:  # nobody answers any more
                return None
            if not answer:
                return question.proposal
            if answer.isdecimal() and 1 <= int(answer) <= many:
                return int(answer) - 1

    return ask


def filler(lang: str, *, quiet: bool) -> Fill:
    """Who writes what no file tells `init`: the person at the terminal, or nobody where there is none."""
    from lokus.proposal import blank_line

    if quiet or not (sys.stdin.isatty() and sys.stdout.isatty()):
        return lambda _: None
    print(messages.text("cli.init.fill", lang))

    def fill(blank: Blank) -> str | None:
        while True:
            try:
                answer = " ".join(input(blank_line(blank, lang)).split()) or blank.proposal
            except EOFError:  # nobody answers any more
                return None
            if blank.fits(answer):
                return answer
            print(messages.text("cli.init.not_fitting", lang, answer=answer))

    return fill


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
