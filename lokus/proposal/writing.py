"""`lokus.toml` with comments that teach, and the files copied beside it; nothing of the originals is touched."""

from __future__ import annotations

import json
import re
import shutil
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from filecmp import cmp
from pathlib import Path

from lokus import messages
from lokus.catalog import indicators
from lokus.errors import Problem, StudyError, Where
from lokus.proposal.looking import SIDECARS
from lokus.proposal.records import Meaning, PointsProposal, Proposal, Said, Sentence, TableProposal

FILE = "lokus.toml"
WIDTH = 110
# Of many unused columns so many are named.
SHOWN = 12
DECIMALS = {",": "comma", ".": "point"}
DIMENSIONS = ("burden", "services", "risk")
_CONTROL = re.compile(r"[\x00-\x1f\x7f]")


def refuse_existing(home: Path) -> None:
    """`StudyError` where a study (or a file) stands already: a proposal never overwrites a person's work."""
    if (home / FILE).exists():
        raise StudyError([Problem("init_study_exists", True, Where(file=str(home / FILE)))])
    if home.exists() and not home.is_dir():
        raise StudyError([Problem("init_not_a_folder", True, Where(file=str(home)))])


def write(proposal: Proposal, home: Path, lang: str) -> Path:
    """Copies the files into the study's folder and writes `lokus.toml` last; returns the folder.

    Errors: `StudyError` when a study stands there already, or the folder cannot be written.
    """
    refuse_existing(home)
    try:
        paths = {path: _copied(path, home, folder) for path, folder in files(proposal).items()}
        new = home / (FILE + ".baru")
        new.write_text(render(proposal, paths, lang), "utf-8", newline="\n")
        new.replace(home / FILE)
    except OSError as fault:
        why = {"reason": fault}
        raise StudyError([Problem("init_unwritable", True, Where(file=str(home)), why)]) from None
    return home


def todos(home: Path) -> int:
    """How many decisions a study file still asks for."""
    return len(re.findall(r"^# TODO: ", (home / FILE).read_text("utf-8"), re.M))


def files(proposal: Proposal) -> dict[Path, str]:
    """Every file the study names, and the folder of the study it belongs in."""
    tables = [*(t.look.path for t in proposal.tables), *(p.look.path for p in proposal.points)]
    return {proposal.ground.path: "boundaries", **dict.fromkeys(tables, "data")}


def _copied(path: Path, home: Path, folder: str) -> str:
    """Where a file lies in the study: as it is where it lies there already, else copied under a free name."""
    resolved = path.resolve()
    if resolved.is_relative_to(home.resolve()):
        return resolved.relative_to(home.resolve()).as_posix()
    into = home / folder
    into.mkdir(parents=True, exist_ok=True)
    target = into / path.name
    turn = 2
    while target.exists() and not (path.is_file() and target.is_file() and cmp(path, target, shallow=False)):
        target = into / f"{path.stem}-{turn}{path.suffix}"
        turn += 1
    if path.is_dir():
        shutil.copytree(path, target)
        return target.relative_to(home).as_posix()
    parts = [path]
    if path.suffix.lower() == ".shp":
        parts += [p for p in path.parent.iterdir() if p.stem.casefold() == path.stem.casefold() and p != path]
        parts = [p for p in parts if p == path or p.suffix.lower() in SIDECARS]
    for part in parts:
        # Bytes only: a read-only original must not give a study that cannot be edited.
        shutil.copyfile(part, into / (target.stem + part.suffix))
    return target.relative_to(home).as_posix()


def sentence(told: Sentence, lang: str) -> str:
    """A sentence, question or problem in a language; a question with what is proposed and what else there is."""
    if isinstance(told, Problem):
        return messages.problem(told, lang)
    if isinstance(told, Said):
        return messages.text(f"init.{told.code}", lang, **told.params)
    choices = [choice(c, lang) for c in told.choices]
    others = [c for n, c in enumerate(choices) if n != told.proposal]
    about = {"proposed": choices[told.proposal], "others": others or "–"}
    return f"{sentence(told.said, lang)} {messages.text('init.proposed', lang, **about)}"


def reading(table: TableProposal, n: int, lang: str) -> str:
    """One way to read the places of a table, with whether it is the one that is used: the first is."""
    return messages.text("init.not_read_so" if n else "init.read_so", lang, reading=sentence(table.evidence[n], lang))


def how_read(table: TableProposal, lang: str) -> list[str]:
    """What else the study says of how a table is read, each in words."""
    told = [messages.text("init.narrowed", lang, column=c, value=v) for c, v in table.only.items()]
    told += [messages.text("init.fill_down", lang)] if table.fill_down else []
    return told + ([messages.text(f"init.decimal_{DECIMALS[table.decimal]}", lang)] if table.decimal != "auto" else [])


def unused(table: TableProposal, lang: str) -> str:
    """The columns of numbers that are not used, the first of them by name."""
    more = len(table.unused) - SHOWN
    columns = [*table.unused[:SHOWN], *([messages.text("init.more", lang, count=more)] if more > 0 else [])]
    return messages.text("init.unused", lang, columns=columns)


def choice(told: str | Said, lang: str) -> str:
    """One choice of a question as people read it."""
    return told if isinstance(told, str) else sentence(told, lang)


def render(proposal: Proposal, paths: Mapping[Path, str], lang: str) -> str:
    """The text of `lokus.toml`: each section after what it is for, the evidence and what is still to be decided."""
    page = _Page(lang)
    page.say("head")
    page.line("lokus = 1")
    _study(page, proposal)
    _boundaries(page, proposal, paths)
    page.section("tables")
    for table in proposal.tables:
        _table(page, table, paths, not _used(table, proposal))
    for points in proposal.points:
        _points(page, points, paths)
    _dimensions(page, proposal)
    page.section("indicators")
    for table in proposal.tables:
        for meaning in table.meanings:
            _indicator(page, table, meaning)
    if not proposal.indicators:
        page.todo(Said("all_off" if any(t.meanings for t in proposal.tables) else "none"))
        page.off(["[[indicator]]", 'id = "…"', 'table = "…"', 'numerator = "…"', 'denominator = "…"'])
    _selection(page, proposal)
    if proposal.left:
        page.section("left")
        for name, why in proposal.left:
            page.comment(f"{name}: {sentence(why, lang)}")
    return page.text()


class _Page:
    """Lines of a study file."""

    def __init__(self, lang: str) -> None:
        self.lang = lang
        self.lines: list[str] = []

    def text(self) -> str:
        return "\n".join(self.lines) + "\n"

    def line(self, text: str = "") -> None:
        self.lines.append(text)

    def comment(self, text: str, first: str = "# ") -> None:
        plain = _CONTROL.sub(" ", text)
        self.lines += textwrap.wrap(plain, WIDTH, initial_indent=first, subsequent_indent="#   ",
                                    break_long_words=False, break_on_hyphens=False)  # fmt: skip

    def say(self, code: str, **params: object) -> None:
        for paragraph in messages.text(f"init.{code}", self.lang, **params).splitlines():
            self.comment(paragraph)

    def section(self, code: str, *, gap: bool = True) -> None:
        self.line()
        title = messages.text(f"init.section.{code}", self.lang)
        self.line(f"# ── {title} {'─' * max(4, WIDTH - len(title))}")
        self.say(f"about.{code}")
        if gap:
            self.line()

    def todo(self, told: Sentence) -> None:
        self.comment(f"TODO: {sentence(told, self.lang)}")

    def told(self, evidence: Iterable[Said], doubts: Iterable[Sentence]) -> None:
        for said in evidence:
            self.comment(sentence(said, self.lang), "# - ")
        for doubt in doubts:
            self.todo(doubt)

    def put_off(self, why: Sentence) -> None:
        """Why something is a comment: to be decided where it is a fault, only told where another took its place."""
        self.todo(why) if isinstance(why, Problem) else self.comment(sentence(why, self.lang))

    def off(self, lines: Iterable[str]) -> None:
        self.lines += [f"# {line}" for line in lines]


def quoted(value: str | tuple[str, ...]) -> str:
    """A TOML string, or a list of them; one alone stands without brackets."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    return quoted(value[0]) if len(value) == 1 else f"[{', '.join(quoted(v) for v in value)}]"


def _inline(values: Mapping[str, str]) -> str:
    """A TOML table in one line."""
    bare = {key: key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else quoted(key) for key in values}
    return f"{{ {', '.join(f'{bare[key]} = {quoted(value)}' for key, value in values.items())} }}"


def _study(page: _Page, proposal: Proposal) -> None:
    page.line()
    page.line("[study]")
    title = messages.text("init.title", page.lang, kabupaten=_place(proposal), year=str(proposal.year))
    page.line(f"title = {quoted(' '.join(title.split()))}")
    if not proposal.settled:
        page.todo(Said("year", {"year": str(proposal.year)}))
    page.line(f"year = {proposal.year}")
    if proposal.kabupaten:
        page.line(f"kabupaten = {quoted(proposal.kabupaten)}")
    page.say("seed")
    page.line(f"seed = {proposal.year}")
    page.line(f"language = {quoted(page.lang)}")


def _place(proposal: Proposal) -> str:
    names = proposal.ground.boundaries.places["kabupaten"].unique()
    return str(names[0]) if len(names) == 1 else ""


def _boundaries(page: _Page, proposal: Proposal, paths: Mapping[Path, str]) -> None:
    ground = proposal.ground
    page.section("boundaries", gap=False)
    page.told(proposal.ground_evidence, proposal.ground_doubts)
    page.line("[boundaries]")
    page.line(f"path = {quoted(paths[ground.path])}")
    if ground.names_only:
        page.say("no_codes")
    page.line(f"code_system = {quoted(ground.system)}")
    for key, value in (("layer", ground.layer), ("crs", ground.crs)):
        if value:
            page.line(f"{key} = {quoted(value)}")
    if ground.columns:
        page.line(f"columns = {_inline(ground.columns)}")
    if ground.names_only:
        page.line("names_only = true")
    if not proposal.source:
        page.todo(Said("source"))
    page.line(f"source = {quoted(proposal.source)}")


def _used(table: TableProposal, proposal: Proposal) -> bool:
    if table.off:
        return False
    return table.use == "last_year" or any(not m.off for m in table.meanings) or not proposal.indicators


def _table(page: _Page, table: TableProposal, paths: Mapping[Path, str], off: bool) -> None:
    page.comment(table.name, "# ▸ ")
    told = [*(reading(table, n, page.lang) for n in range(len(table.evidence)))]
    told += how_read(table, page.lang)
    told += [sentence(table.period.said, page.lang)] if table.period.said else []
    told += [unused(table, page.lang)] if table.unused else []
    for line in told:
        page.comment(line, "# - ")
    if off:
        page.put_off(table.off or Said("table_off"))
    else:
        page.told((), table.doubts)
        if not table.source:
            page.todo(Said("table_source"))
    lines = list(_table_lines(table, paths))
    page.off(lines) if off else page.lines.extend(lines)
    page.line()


def _table_lines(table: TableProposal, paths: Mapping[Path, str]) -> Iterator[str]:
    yield "[[table]]"
    yield f"id = {quoted(table.id)}"
    yield f"path = {quoted(paths[table.look.path])}"
    if table.look.many:
        yield f"sheet = {quoted(table.look.sheet.name)}"
    if table.code_system:
        yield f"code_system = {quoted(table.code_system)}"
    if table.decimal != "auto":
        yield f"decimal = {quoted(table.decimal)}"
    if table.period.several:
        yield f"period_column = {quoted(table.period.column)}"
        yield 'choose = "latest"'
    if table.only:
        yield f"only = {_inline(table.only)}"
    if table.fill_down:
        yield "fill_down = true"
    if table.repeated != "refuse":
        yield f"repeated = {quoted(table.repeated)}"
    yield f"period = {quoted(table.period.text)}"
    yield f"source = {quoted(table.source)}"
    yield "[table.place]"
    for part, header in table.place.items():
        yield f"{part} = {quoted(header)}"


def _points(page: _Page, points: PointsProposal, paths: Mapping[Path, str]) -> None:
    page.comment(points.look.name, "# ▸ ")
    page.say("points_found", latitude=points.latitude, longitude=points.longitude)
    if points.swapped:
        page.say("points_swapped", latitude=points.latitude, longitude=points.longitude)
    page.lines += [
        "[[points]]", f"id = {quoted(points.id)}", f"path = {quoted(paths[points.look.path])}",
        *([f"sheet = {quoted(points.look.sheet.name)}"] if points.look.many else []),
        f"name = {quoted(points.name)}", f"latitude = {quoted(points.latitude)}",
        f"longitude = {quoted(points.longitude)}",
        *([f"kecamatan = {quoted(points.kecamatan)}"] if points.kecamatan else []),
        f"label_id = {quoted(points.label)}", f"label_en = {quoted(points.label)}", "",
    ]  # fmt: skip


def _dimensions(page: _Page, proposal: Proposal) -> None:
    scored = {_dimension(m) for _, m in proposal.indicators if m.score}
    if len(scored) < 2:
        return
    page.section("dimensions")
    for name in (d for d in DIMENSIONS if d in scored):
        page.lines += ["[[dimension]]", f"id = {quoted(name)}", "weight = 1.0", ""]


def _dimension(meaning: Meaning) -> str:
    known = indicators().get(meaning.id)
    return known.dimension if known else "services"


def _indicator(page: _Page, table: TableProposal, meaning: Meaning) -> None:
    known = indicators().get(meaning.id)
    off = meaning.off or table.off
    if known:
        label = known.label_id if page.lang == "id" else known.label_en
        page.comment(f"{label} ({known.owner})", "# ▸ ")
    page.told(meaning.evidence, meaning.doubts if not off else ())
    for row in meaning.mend if not off else ():
        page.todo(row)
    if meaning.off:
        page.put_off(meaning.off)
    elif table.off:
        page.say("of_table_off", table=table.id)
    if not meaning.score:
        page.say("shown_only")
    lines = ["[[indicator]]", f"id = {quoted(meaning.id)}"]
    lines += [f"of = {quoted(meaning.of)}"] if meaning.of else [f"table = {quoted(table.id)}"]
    for role in ("numerator", "denominator", "percent", "value"):
        if value := getattr(meaning, role):
            lines.append(f"{role} = {quoted(value)}")
    lines += [f"{key} = {quoted(value)}" for key, value in meaning.own.items()]
    lines.append("weight = 1.0" if meaning.score else "score = false")
    page.off(lines) if off else page.lines.extend(lines)
    page.line()


def _selection(page: _Page, proposal: Proposal) -> None:
    villages = len(proposal.ground.boundaries.places)
    page.section("selection")
    page.line("[selection]")
    if not proposal.settled:
        page.todo(Said("count", {"count": proposal.count, "villages": villages}))
    page.line(f"count = {proposal.count}")
    last = next((t.id for t in proposal.tables if t.use == "last_year" and not t.off), "")
    if last:
        page.line(f"last_year = {quoted(last)}")
    page.say("rules")
    page.off(["max_per_kecamatan = 4", "min_per_kecamatan = 0", "least_kecamatan = 5"])
    if last:
        page.off(["keep_last_year = true"])
    code = str(proposal.ground.boundaries.places.index[0])
    page.say("named")
    page.off(["[[selection.keep]]", f"village = {quoted(code)}", 'reason = "…"', 'meeting = "…"'])
