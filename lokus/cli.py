"""The commands. Draws progress bars, and is the only place that prints; heavy imports happen inside the commands."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

from lokus import __version__, messages
from lokus.errors import LokusError, Problem

if TYPE_CHECKING:
    from lokus.pipeline import Run, Tell

# How many problems of one kind the screen shows; problems.csv and --json carry all.
SHOWN = 12


class Parser(argparse.ArgumentParser):
    """argparse in the user's language: a usage fault is one sentence, the usage line, and exit code 2."""

    lang = "id"
    json = False

    def error(self, message: str) -> NoReturn:
        if self.json:
            tell_json({"error": "usage", "params": {"detail": message}, "problems": []})
        print(messages.text("cli.usage_fault", self.lang, detail=message), file=sys.stderr)
        self.print_usage(sys.stderr)
        raise SystemExit(2)


def language(argv: Sequence[str]) -> str:
    """The language asked for: `--lang`, else `LOKUS_LANG`, else Indonesian."""
    asked = os.environ.get("LOKUS_LANG", "")
    for here, after in zip_longest(argv, argv[1:], fillvalue=""):
        if here == "--lang":
            asked = after
        elif here.startswith("--lang="):
            asked = here.removeprefix("--lang=")
    return asked if asked in messages.LANGS else messages.LANGS[0]


def parser(lang: str) -> Parser:
    """All commands, with their help in `lang`."""

    def t(key: str) -> str:
        return messages.text(f"cli.{key}", lang)

    Parser.lang = lang
    top = Parser(prog="lokus", description=t("about"), epilog=t("epilog"), add_help=False)
    top.add_argument("-h", "--help", action="help", help=t("help"))
    top.add_argument("--version", action="version", version=f"lokus {__version__}", help=t("version"))
    commands = top.add_subparsers(dest="command", metavar=t("command"), title=t("commands"), required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int], *arguments: str) -> Parser:
        made: Parser = commands.add_parser(name, help=t(f"{name}.help"), description=t(f"{name}.about"), add_help=False)
        made.add_argument("-h", "--help", action="help", help=t("help"))
        made.add_argument("--lang", choices=messages.LANGS, default=lang, help=t("lang"))
        made.add_argument("--json", action="store_true", help=t("json"))
        for argument in arguments:
            made.add_argument(argument, help=t(f"argument.{argument}"))
        made.set_defaults(run=run)
        return made

    demo = command("demo", run_demo)
    demo.add_argument("folder", nargs="?", default="lokus-demo", help=t("argument.folder"))
    command("check", run_check, "study")
    command("run", run_study, "study")
    command("map", run_map, "run_folder").add_argument("-o", "--output", help=t("argument.output"))
    command("explain", run_explain, "run_folder", "village")
    command("verify", run_verify, "run_folder")
    command("indicators", run_indicators)
    return top


def entry(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0 done, 2 usage or study file, 3 data, 4 rules, 1 anything else."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    lang = language(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a Windows console may not know every letter
            stream.reconfigure(errors="replace")
    Parser.json = "--json" in arguments
    try:
        asked = parser(lang).parse_args(arguments)
    except SystemExit as done:
        return int(done.code or 0)
    try:
        return int(asked.run(asked))
    except LokusError as fault:
        tell_error(fault, asked)
        return fault.exit_code
    except KeyboardInterrupt:
        print(messages.text("cli.stopped", lang), file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 1
    except Exception as fault:  # the roof: a fault of ours is told in words, and in full on request
        if os.environ.get("LOKUS_DEBUG"):
            raise
        told = f"{type(fault).__name__}: {fault}"
        if asked.json:
            tell_json({"error": "our_fault", "params": {"fault": told}, "problems": []})
        print(messages.text("cli.our_fault", lang, fault=told), file=sys.stderr)
        return 1


def run_check(asked: argparse.Namespace) -> int:
    """All problems of all inputs, and the join account, without computing."""
    from lokus import intake
    from lokus.study import open_study

    study = open_study(asked.study)
    found = intake.read(study)
    waiting = intake.ask(study, found)
    if asked.json:
        tell_json({"tables": found.tables, "villages": len(found.villages), "problems": as_json(found.problems, asked)})
        return 0
    tell_account(found.tables, asked.lang)
    tell_problems(found.problems, asked.lang)
    if waiting:
        print(messages.text("cli.crosswalk_waiting", asked.lang, rows=waiting, file=study.crosswalk))
    print(messages.text("cli.check_done", asked.lang))
    return 0


def run_study(asked: argparse.Namespace) -> int:
    """The analysis: a run folder."""
    from lokus.study import open_study

    study = open_study(asked.study)
    run, folder = _compute(study, asked)
    if asked.json:
        chosen = run.selection[run.selection["selected"]]
        tell_json({
            "run_id": run.manifest["run_id"], "folder": str(folder), "selected": chosen.index.tolist(),
            "facts": run.facts, "problems": as_json(run.problems, asked),
        })  # fmt: skip
        return 0
    tell_run(run, asked.lang)
    print(messages.text("cli.run_done", asked.lang, folder=str(folder)))
    return 0


def _compute(study: Any, asked: argparse.Namespace) -> tuple[Run, Path]:
    from lokus import intake, pipeline, runs

    with progress(asked) as tell:
        tell("read", 0, 1)
        found = intake.read(study)
        intake.ask(study, found)
        run = pipeline.run(study, found, tell=tell)
        return run, runs.write(run, study.path("runs"))


def run_map(asked: argparse.Namespace) -> int:
    """One offline HTML map of a stored run."""
    from lokus import runs

    folder = runs.find(asked.run_folder)
    run = runs.read(folder)
    output = Path(asked.output) if asked.output else folder.resolve().parents[1] / "maps" / f"{folder.name}.html"
    _draw(run, output, asked.lang)
    if asked.json:
        tell_json({"map": str(output), "bytes": output.stat().st_size})
    else:
        print(messages.text("cli.map_done", asked.lang, file=str(output)))
    return 0


def _draw(run: Run, output: Path, lang: str) -> None:
    from lokus.outputs.maps import write_map

    try:
        write_map(run, output, lang=lang)
    except OSError as fault:
        raise LokusError("map_unwritable", file=str(output), fault=fault.strerror or str(fault)) from None


def run_explain(asked: argparse.Namespace) -> int:
    """Why this village has this rank."""
    from lokus import runs
    from lokus.outputs.explain import explanation, find_village

    run = runs.read(runs.find(asked.run_folder))
    told = explanation(run, find_village(run, asked.village), asked.lang)
    if asked.json:
        tell_json(told)
        return 0
    for line in told["text"]:
        print(line)
    return 0


def run_verify(asked: argparse.Namespace) -> int:
    """Runs again and says: identical, equivalent, or different."""
    from dataclasses import asdict

    from lokus import runs

    verdict = runs.verify(runs.find(asked.run_folder))
    if asked.json:
        tell_json(asdict(verdict))
    else:
        print(messages.text(f"cli.verify.{verdict.outcome}", asked.lang))
        for kind in ("inputs", "outputs", "columns"):
            if names := getattr(verdict, kind):
                print(messages.text(f"cli.verify.{kind}", asked.lang, names=names))
    return 1 if verdict.outcome == "different" else 0


def run_indicators(asked: argparse.Namespace) -> int:
    """The catalogue."""
    from lokus.catalog import indicators

    if asked.json:
        tell_json([i.model_dump() for i in indicators().values()])
        return 0
    from rich.table import Table

    table = Table(*(messages.text(f"cli.indicators.{c}", asked.lang) for c in ("id", "label", "target", "owner")))
    for i in indicators().values():
        target = messages.percent(i.targets[0].value, asked.lang) if i.targets else "–"
        doubt = "" if not i.targets or i.targets[0].verified else " *"
        table.add_row(i.id, i.label_id if asked.lang == "id" else i.label_en, target + doubt, i.owner)
    console().print(table)
    print(messages.text("cli.indicators.doubt", asked.lang))
    return 0


def run_demo(asked: argparse.Namespace) -> int:
    """The demo kabupaten as a study, run, with its map."""
    from lokus.demo import write_study
    from lokus.study import open_study

    home = write_study(Path(asked.folder))
    run, folder = _compute(open_study(home), asked)
    output = home / "maps" / f"{folder.name}.html"
    _draw(run, output, asked.lang)
    if asked.json:
        tell_json({"study": str(home), "run": str(folder), "map": str(output)})
        return 0
    tell_run(run, asked.lang)
    print(messages.text("cli.demo_done", asked.lang, study=str(home), run=str(folder), map=str(output.resolve())))
    return 0


def tell_json(value: Any) -> None:
    """Writes one JSON value to standard output."""
    print(json.dumps(value, ensure_ascii=False, indent=1, default=str))


def as_json(problems: Sequence[Problem], asked: argparse.Namespace) -> list[dict[str, Any]]:
    """Problems as values for a program, with their text in the language asked for."""
    from dataclasses import asdict

    return [{**asdict(p), "text": messages.problem(p, asked.lang)} for p in problems]


def tell_error(fault: LokusError, asked: argparse.Namespace) -> None:
    """An error with all of its problems, on standard error (as JSON on standard output where asked)."""
    if asked.json:
        params = {k: list(v) if isinstance(v, tuple) else v for k, v in fault.params.items()}
        tell_json({"error": fault.code, "params": params, "problems": as_json(fault.problems, asked)})
        return
    print(messages.error(fault, asked.lang), file=sys.stderr)
    tell_problems([p for p in fault.problems if p.fatal] or fault.problems, asked.lang, stream=sys.stderr, limit=100)


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

    columns = ("rows", "matched", "candidates", "unmatched", "outside", "no_row")
    shown = Table(*(messages.text(f"cli.column.{c}", lang) for c in ("table", *columns)))
    for t in tables:
        numbers = (messages.number(t["no_data_villages" if c == "no_row" else c], lang) for c in columns)
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
    columns = [
        "rank",
        "village",
        "kecamatan",
        "score",
        "interval",
        "p_top",
        *(["stunting", "estimate"] if burden else []),
    ]
    shown = Table(*(messages.text(f"cli.column.{c}", lang, top=facts["top_n"]) for c in columns))
    for code in chosen.index:
        row = villages.loc[code]
        ranked = row["status"] == "ranked"
        cells = [
            str(row["rank"]) if ranked else "–",
            row["village"],
            row["kecamatan"],
            messages.number(row["score"], lang, 2),
            f"{row['rank_low']}–{row['rank_high']}" if ranked else "–",
            words.probability(row["p_top"], lang),
        ]
        if burden:
            cells += [words.counted(run, code, burden, lang), messages.percent(row["estimate_stunting"], lang)]
        shown.add_row(*cells)
    console().print(shown)


def console() -> Any:
    """Where tables are drawn: as wide as the terminal, never narrower than a table needs."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 120, highlight=False, markup=False)


class progress:
    """A bar on standard error while the work goes on, where a person is looking; nothing otherwise."""

    def __init__(self, asked: argparse.Namespace) -> None:
        self.lang = asked.lang
        self.bar: Any = None
        if sys.stderr.isatty() and not asked.json:
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
