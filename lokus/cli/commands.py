"""The commands, each a function with its exit code; heavy imports inside. Only this room prints."""

from __future__ import annotations

import argparse
import datetime as dt
import os
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import zip_longest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lokus import __version__, messages
from lokus.cli.analyses import (
    audit_arguments,
    compare_arguments,
    presets_arguments,
    run_audit,
    run_compare,
    run_presets,
)
from lokus.cli.drawing import draw, map_arguments, run_map
from lokus.cli.papers import rembuk_arguments, run_rembuk, tell_agreed, tell_pack, write
from lokus.cli.places import run_sites, sites_arguments
from lokus.cli.screen import (
    as_json,
    asker,
    console,
    filler,
    places_of,
    progress,
    tell_account,
    tell_children,
    tell_error,
    tell_json,
    tell_problems,
    tell_run,
    tell_sums,
)
from lokus.cli.usage import Parser
from lokus.errors import LokusError

if TYPE_CHECKING:
    from lokus.pipeline import Run


def language(argv: Sequence[str]) -> str:
    """The language asked for: `--lang`, else `LOKUS_LANG`, else Indonesian."""
    asked = ""
    for here, after in zip_longest(argv, argv[1:], fillvalue=""):
        if here == "--lang":
            asked = after
        elif here.startswith("--lang="):
            asked = here.removeprefix("--lang=")
    return asked if asked in messages.LANGS else messages.spoken()


def parser(lang: str) -> Parser:
    """All commands, with their help in `lang`."""

    def t(key: str) -> str:
        return messages.text(f"cli.{key}", lang)

    Parser.lang = lang
    top = Parser(prog="lokus", description=t("about"), epilog=t("epilog"), add_help=False)
    top.add_argument("-h", "--help", action="help", help=t("help"))
    top.add_argument("--lang", choices=messages.LANGS, default=lang, help=t("lang"))
    top.add_argument("--version", action="version", version=f"lokus {__version__}", help=t("version"))
    commands = top.add_subparsers(dest="command", metavar=t("command"), title=t("commands"), required=True)

    def command(name: str, run: Callable[[argparse.Namespace], int], *arguments: str) -> Parser:
        made: Parser = commands.add_parser(name, help=t(f"{name}.help"), description=t(f"{name}.about"), add_help=False)
        made.add_argument("-h", "--help", action="help", help=t("help"))
        made.add_argument("--lang", choices=messages.LANGS, default=lang, help=t("lang"))
        made.add_argument("--json", action="store_true", help=t("json"))
        for argument in arguments:
            here: dict[str, Any] = {} if "village" in arguments else {"nargs": "?", "default": "."}
            made.add_argument(argument, help=t(f"argument.{argument}"), metavar=t(f"metavar.{argument}"), **here)
        made.set_defaults(run=run)
        return made

    command("demo", run_demo).add_argument("folder", nargs="?", default="lokus-demo", help=t("argument.folder"))
    _init_arguments(command("init", run_init), t)
    command("check", run_check, "study")
    _run_arguments(command("run", run_study, "study"), t)
    map_arguments(command("map", run_map, "run_folder"), t)
    rembuk_arguments(command("rembuk", run_rembuk, "run_folder"), t)
    explain = command("explain", run_explain, "run_folder", "village")
    explain.add_argument("--internal", action="store_true", help=t("argument.internal"))
    compare_arguments(command("compare", run_compare), t)
    presets_arguments(command("presets", run_presets), t)
    audit_arguments(command("audit", run_audit, "run_folder"), t)
    sites_arguments(command("sites", run_sites, "study"), t)
    command("verify", run_verify, "run_folder")
    children_arguments(command("children", run_children), t)
    command("indicators", run_indicators)
    return top


def children_arguments(children: Parser, t: Callable[[str], str]) -> None:
    """What `lokus children` takes; `private` keeps messages of faults off the screen."""
    children.add_argument("files", nargs="+", type=Path, help=t("argument.files"))
    children.add_argument("-o", "--output", type=Path, required=True, help=t("argument.counts"))
    children.add_argument("--target", nargs="+", action="extend", default=[], type=Path, help=t("argument.target"))
    children.add_argument("--from", dest="since", type=day, help=t("argument.from"))
    children.add_argument("--to", dest="until", type=day, help=t("argument.to"))
    children.set_defaults(private=True)


def day(text: str) -> dt.date:
    """A date of the command line, as by-name lists write them."""
    from lokus.sources.childvalues import date

    found = date(text)
    if found is None:
        raise argparse.ArgumentTypeError(messages.text("cli.bad_date", Parser.lang, text=text))
    return found


def _run_arguments(run: Parser, t: Callable[[str], str]) -> None:
    way = run.add_mutually_exclusive_group()
    way.add_argument("--preset", default="", help=t("argument.preset"))
    way.add_argument("--agreed", metavar="FILE", type=Path, help=t("argument.agreed"))


def _init_arguments(init: Parser, t: Callable[[str], str]) -> None:
    init.add_argument("home", help=t("init.home"))
    for name in ("boundaries", "table"):
        init.add_argument(f"--{name}", nargs="+", action="extend", required=True, help=t(f"init.{name}"))
    init.add_argument("-y", "--yes", action="store_true", help=t("init.yes"))
    for name in ("layer", "crs", "kabupaten"):
        init.add_argument(f"--{name}", default="", help=t(f"init.{name}"))


def entry(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code: 0 done, 2 usage or study file, 3 data, 4 rules, 1 anything else."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    lang = language(arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):  # a Windows console may not know every letter
            stream.reconfigure(errors="replace")
    Parser.json = "--json" in arguments
    if not arguments:
        parser(lang).print_help()
        return 2
    try:
        asked = parser(lang).parse_args(arguments)
    except SystemExit as done:
        return int(done.code or 0)
    try:
        return int(asked.run(asked))
    except LokusError as fault:
        tell_error(fault, asked.lang, as_values=asked.json)
        return fault.exit_code
    except KeyboardInterrupt:
        print(messages.text("cli.stopped", lang), file=sys.stderr)
        return 130
    except BrokenPipeError:
        return 1
    except Exception as fault:  # the roof: a fault of ours is told in words, and in full on request
        # A message may quote a cell; where cells are children's, only the place in our own code is told.
        private = getattr(asked, "private", False)
        if os.environ.get("LOKUS_DEBUG") and not private:
            raise
        told = places_of(fault) if private else f"{type(fault).__name__}: {fault}"
        if asked.json:
            tell_json({"error": "our_fault", "params": {"fault": told}, "problems": []})
        print(messages.text("cli.our_fault_private" if private else "cli.our_fault", lang, fault=told), file=sys.stderr)
        return 1


def run_init(asked: argparse.Namespace) -> int:
    """A study proposed from files, with the evidence, and the crosswalk of what a person must decide."""
    from lokus import intake, proposal
    from lokus.study import open_study

    home = Path(asked.home)
    proposal.refuse_existing(home)
    found = proposal.propose(
        home,
        [Path(f) for f in asked.boundaries],
        [Path(f) for f in asked.table],
        ask=asker(asked.lang, quiet=asked.yes or asked.json),
        layer=asked.layer,
        crs=asked.crs,
        kabupaten=asked.kabupaten,
        lang=asked.lang,
    )
    if not asked.json:
        print("\n".join(proposal.report(found, asked.lang)), end="\n\n")
    found = proposal.filled(found, filler(asked.lang, quiet=asked.yes or asked.json))
    proposal.write(found, home, asked.lang)
    study = open_study(home) if found.indicators else None
    waiting = intake.ask(study, found.read) if study and found.read else 0
    if asked.json:
        tell_json({"study": str(home), "waiting": waiting, **proposal.as_values(found, asked.lang)})
        return 0
    if lines := proposal.closing(found, asked.lang):
        print("\n".join(lines), end="\n\n")
    if study and waiting:
        print(messages.text("cli.crosswalk_waiting", asked.lang, rows=waiting, file=study.crosswalk))
    done = {"file": str(home / "lokus.toml"), "home": str(home), "todo": proposal.todos(home), "lokus": _called()}
    outcome = ("done" if done["todo"] else "ready") if found.runs else "to_mend" if study else "not_yet"
    print(messages.text(f"cli.init.{outcome}", asked.lang, **done))
    return 0


def run_check(asked: argparse.Namespace) -> int:
    """All problems of all inputs, and the join account; refused where the data can rank no village."""
    from lokus import intake, pipeline
    from lokus.study import open_study

    study = open_study(asked.study)
    found = intake.read(study)
    waiting = intake.ask(study, found)
    if asked.json:
        pipeline.refuse_unranked(study, found)
        tell_json(
            {"tables": found.tables, "villages": len(found.villages), "problems": as_json(found.problems, asked.lang)}
        )
        return 0
    tell_account(found.tables, asked.lang)
    tell_sums(found.tables, asked.lang)
    if waiting:
        print(messages.text("cli.crosswalk_waiting", asked.lang, rows=waiting, file=study.crosswalk))
    pipeline.refuse_unranked(study, found)
    tell_problems(found.problems, asked.lang)
    print(messages.text("cli.check_done", asked.lang, lokus=_called(), study=asked.study))
    return 0


def run_study(asked: argparse.Namespace) -> int:
    """The analysis: a run folder."""
    from lokus.outputs.sums import facts_told
    from lokus.study import open_study

    study = open_study(asked.study)
    run, folder = _compute(study, asked, asked.preset, asked.agreed)
    if asked.json:
        chosen = run.selection[run.selection["selected"]]
        tell_json({
            "run_id": run.manifest["run_id"], "folder": str(folder), "selected": chosen.index.tolist(),
            "preset": run.manifest.get("preset"), "agreed": run.manifest.get("agreed"), "facts": facts_told(run),
            "problems": as_json(run.problems, asked.lang),
        })  # fmt: skip
        return 0
    tell_run(run, asked.lang)
    print(messages.text("cli.run_done", asked.lang, lokus=_called(), folder=str(folder)))
    if run.manifest.get("agreed"):
        tell_agreed(run, asked.lang)
        print(messages.text("cli.agreed_done", asked.lang, lokus=_called(), folder=str(folder)))
    return 0


def _compute(study: Any, asked: argparse.Namespace, preset: str = "", agreed: Path | None = None) -> tuple[Run, Path]:
    from lokus import intake, pipeline, runs, ways

    with progress(asked.lang, quiet=asked.json) as tell:
        tell("read", 0, 1)
        study, found, told = _agreed(study, agreed) if agreed else ways.read(study, preset)
        intake.ask(study, found)
        run = pipeline.run(study, found, tell=tell)
        run = replace(run, manifest={**run.manifest, **told})
        return run, runs.write(run, study.path("runs"))


def _agreed(study: Any, file: Path) -> Any:
    """What the official run of an agreed file is made of; the run that it was agreed on is the study's own."""
    from lokus import agreed, runs

    given, home = agreed.open_agreed(file), study.path("runs")
    if not (home / given.run / "run.json").is_file():
        raise LokusError("agreed_other_run", run=given.run, folder=str(home))
    return agreed.read(given, runs.read(home / given.run), study.folder)


def run_explain(asked: argparse.Namespace) -> int:
    """Why this village has this rank."""
    from lokus import runs
    from lokus.outputs.explain import explanation

    run = runs.read(runs.find(asked.run_folder))
    told = explanation(run, asked.village, asked.lang, public=not asked.internal)
    if asked.json:
        tell_json(told)
        return 0
    if asked.internal:
        print(messages.text("explain.internal", asked.lang))
    for line in told["text"]:
        print(line)
    return 0


def run_children(asked: argparse.Namespace) -> int:
    """By-name exports → counts per village; no identity leaves memory."""
    import warnings

    from lokus.outputs.counts import write_counts
    from lokus.sources.byname import listed
    from lokus.sources.children import count_children

    files = [f for given in (asked.files, asked.target) for f in listed(given)[0]]
    if any(asked.output.resolve() == f.resolve() for f in files):
        print(messages.text("cli.output_is_input", asked.lang, file=str(asked.output)), file=sys.stderr)
        return 2
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a library's warning may quote a cell
        counts = count_children(asked.files, since=asked.since, until=asked.until, targets=asked.target)
    output, beside = write_counts(counts, asked.output)
    if asked.json:
        tell_json({
            "counts": str(output), "scores": str(beside), "villages": len(counts.villages), "account": counts.account,
            "agreement": counts.agreement, "quality": counts.scores(), "problems": as_json(counts.problems, asked.lang),
        })  # fmt: skip
    else:
        tell_children(counts, asked.lang)
        print(messages.text("cli.children_done", asked.lang, counts=str(output), scores=str(beside)))
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
    """The demo kabupaten as a study, run, with its map and the papers of its meeting."""
    from lokus.demo import LAST_YEAR, write_study
    from lokus.study import open_study

    home = write_study(Path(asked.folder))
    earlier, before = _compute(open_study(home / LAST_YEAR), asked)
    run, folder = _compute(open_study(home), asked)
    output = home / "maps" / f"{folder.name}.html"
    room = draw(run, output, asked.lang, before=earlier) or output
    papers = write(run, home / "rembuk" / folder.name, asked, before=earlier)
    if asked.json:
        paths = {"study": home, "run": folder, "last_year": before, "map": output, "meeting_map": room}
        paths["rembuk"] = papers[0].parent
        tell_json({name: str(path) for name, path in paths.items()})
        return 0
    tell_run(run, asked.lang)
    told = {"study": str(home), "run": str(folder), "before": str(home / LAST_YEAR), "map": str(output.resolve())}
    print(messages.text("cli.demo_done", asked.lang, lokus=_called(), **told))
    print(messages.text("cli.room_map", asked.lang, file=str(room.resolve())))
    tell_pack(papers, asked.lang)
    return 0


def _called() -> str:
    """How the person called lokus, so that a suggested command can be pasted."""
    program = Path(sys.argv[0])
    known = shutil.which("lokus")
    ours = program.name != "lokus" or (known and Path(known).resolve() == program.resolve())
    return "lokus" if ours else str(program)
