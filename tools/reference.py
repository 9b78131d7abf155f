"""The pages of the reference that are made from the code itself, when mkdocs builds the docs; and formulas as MathML.

A hook of mkdocs: `mkdocs build`. What stands in the code is written nowhere twice: commands, the keys of a study, the
columns, the problems, the catalogue, the presets, and the functions of `lokus/methods` with their sources.
"""

from __future__ import annotations

import argparse
import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Iterator, Sequence
from html import escape
from types import UnionType
from typing import Any, Union, get_args, get_origin

from latex2mathml.converter import convert
from mkdocs.structure.files import File, Files
from pydantic import BaseModel

from lokus import messages, methods, schema
from lokus.catalog import indicators
from lokus.catalog.presets import presets
from lokus.cli.commands import parser
from lokus.study import Study, model

BLOCK, INLINE = re.compile(r"^\$\$\n(.+?)\n\$\$$", re.MULTILINE | re.DOTALL), re.compile(r"\$([^$\n]+)\$")
# Lets the search run in a page that was opened from a disk; the theme would fetch it (iframe-worker 1.0.4, MIT).
SHIM, OUR_SHIM = re.compile(r"https:[^\"]*/iframe-worker/shim"), "assets/iframe-worker.js"
CODE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)


def on_files(files: Files, config: Any) -> Files:
    """Adds the generated pages."""
    for name, page in pages().items():
        files.append(File.generated(config, f"referensi/{name}.md", content=page))
    return files


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Formulas between dollar signs become MathML, which every browser draws by itself."""
    parts = CODE.split(markdown)
    return "".join(part if n % 2 else _formulas(part) for n, part in enumerate(parts))


def on_post_page(output: str, page: Any, **_: Any) -> str:
    """What the theme would fetch comes from the docs' own folder."""
    return SHIM.sub("../" * page.url.count("/") + OUR_SHIM, output)


def on_post_template(output_content: str, **_: Any) -> str:
    """The same for the page of a lost link, which stands at the root."""
    return SHIM.sub(OUR_SHIM, output_content)


def _formulas(text: str) -> str:
    text = BLOCK.sub(lambda found: f'<div class="formula">{convert(found[1], display="block")}</div>', text)
    return INLINE.sub(lambda found: f"<span>{convert(found[1])}</span>", text)


def pages() -> dict[str, str]:
    """The generated pages by name, as Markdown."""
    made: dict[str, Callable[[], Iterator[str]]] = {
        "perintah": commands, "kunci": keys, "kolom": columns, "masalah": problems, "katalog": catalogue, "cara": ways,
        "fungsi": functions,
    }  # fmt: skip
    return {name: "\n".join(lines()) + "\n" for name, lines in made.items()}


def table(heads: Sequence[str], rows: Iterator[Sequence[Any]]) -> Iterator[str]:
    """A Markdown table; a cell's own bars and angle brackets do not break it."""
    yield "| " + " | ".join(heads) + " |"
    yield "|" + "---|" * len(heads)
    for row in rows:
        yield "| " + " | ".join(cell(value) for value in row) + " |"
    yield ""


def cell(value: Any) -> str:
    """A value as it may stand in a table."""
    return escape(str(value), quote=False).replace("|", "&#124;").replace("$", "&#36;").replace("\n", " ")


def commands() -> Iterator[str]:
    """Every command with what it takes, in both languages, from the command line's own parser."""
    yield "# Perintah\n"
    yield "Setiap perintah menerima `--lang id` atau `--lang en` dan `--json`. Kode keluar: 0 selesai, 2 salah pakai "
    yield "atau berkas studi, 3 data, 4 aturan saling bertentangan, 1 lainnya.\n"
    for (name, indonesian), (_, english) in zip(_commands("id"), _commands("en"), strict=True):
        yield f"## `lokus {name}`\n"
        yield f"{cell(indonesian.description)}\n\n*{cell(english.description)}*\n"
        shown = indonesian.format_usage().split(":", 1)[-1].split()
        yield f"```\n{' '.join(shown)}\n```\n"
        both = zip(indonesian._actions, english._actions, strict=True)
        named = [(a, b) for a, b in both if a.dest not in ("help", "lang", "json")]
        if named:
            called = [(", ".join(a.option_strings) or a.metavar or a.dest, a.help, b.help) for a, b in named]
            yield from table(["", "arti", "meaning"], ([f"`{n}`", a, b] for n, a, b in called))


def _commands(lang: str) -> list[tuple[str, argparse.ArgumentParser]]:
    top = parser(lang)
    inside = next(a for a in top._actions if isinstance(a, argparse._SubParsersAction))
    return list(inside.choices.items())


def keys() -> Iterator[str]:
    """Every key of a study with type, default and bounds, from the model itself."""
    yield "# Tipe dan batas kunci studi\n"
    yield "Dibuat dari model studi itu sendiri. Arti setiap kunci ada di [Kunci studi](../studi.md).\n"
    for heading, part in _parts(Study, ""):
        if rows := [r for r in _fields(part) if r[0] != "`folder`"]:
            yield f"## {heading or 'Baris paling atas'}\n"
            yield from table(["kunci", "tipe", "bawaan", "batas"], iter(rows))


def _parts(part: type[BaseModel], path: str) -> Iterator[tuple[str, type[BaseModel]]]:
    yield path, part
    for name, field in part.model_fields.items():
        for inner in _models(field.annotation):
            if inner is not model.Measure:
                yield from _parts(inner, f"{path}.{field.alias or name}".strip("."))


def _models(annotation: Any) -> Iterator[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from _models(inner)


def _fields(part: type[BaseModel]) -> Iterator[list[str]]:
    for name, field in part.model_fields.items():
        if any(_models(field.annotation)):
            continue
        default = "–" if field.is_required() else f"`{field.get_default(call_default_factory=True)!r}`"
        bounds = ", ".join(said for constraint in field.metadata for said in _bounds(constraint))
        yield [f"`{field.alias or name}`", typed(field.annotation), default, bounds]


def _bounds(constraint: Any) -> Iterator[str]:
    """What a constraint of the model asks for, such as `≥ 0` or `^[a-z]+$`."""
    for name, sign in (
        ("ge", "≥"),
        ("gt", ">"),
        ("le", "≤"),
        ("lt", "<"),
        ("pattern", "pola"),
        ("min_length", "huruf ≥"),
    ):
        if (limit := getattr(constraint, name, None)) is not None:
            yield f"{sign} {limit}"


def typed(annotation: Any) -> str:
    """A type as a person writes it."""
    origin, inner = get_origin(annotation), get_args(annotation)
    if annotation is type(None):
        return "–"
    if origin is None:
        return {"str": "teks", "int": "bilangan bulat", "float": "bilangan", "bool": "true/false"}.get(
            getattr(annotation, "__name__", ""), getattr(annotation, "__name__", str(annotation))
        )
    if str(origin).endswith("Literal"):
        return " / ".join(f'"{v}"' for v in inner)
    if origin in (Union, UnionType):
        return " atau ".join(typed(a) for a in inner if a is not type(None))
    if origin is tuple:
        return f"daftar {typed(inner[0])}"
    if hasattr(annotation, "__metadata__"):
        return typed(inner[0])
    return "{ " + " = ".join(typed(a) for a in inner) + " }"


def columns() -> Iterator[str]:
    """The contract of the village table."""
    yield "# Kolom hasil\n"
    yield "`villages.csv`, `villages.parquet` dan `villages.gpkg` memuat kolom-kolom ini. `{id}`: satu kolom untuk "
    yield "setiap indikator (atau dimensi). Bagian (share) selalu 0–1. Kolom kosong tidak pernah berarti nol.\n"
    for step in schema.STEPS:
        made = schema.columns_of(step)
        yield f"## {step}\n"
        rows = (
            [f"`{c.name}`", c.dtype, c.unit or " / ".join(filter(None, c.among)), _range(c), c.missing or "–"]
            for c in made
        )
        yield from table(["kolom", "tipe", "satuan atau isi", "batas", "kosong bila"], rows)


def _range(c: schema.Column) -> str:
    low, high = ("" if x is None else f"{x:g}" for x in (c.low, c.high))
    return f"{low} … {high}" if low or high else ""


def problems() -> Iterator[str]:
    """Every problem that lokus tells, with what to do about it."""
    yield "# Masalah dan jalan keluarnya\n"
    yield "Setiap pesan menyebut berkas, lembar, baris dan kolomnya. Tulisan dalam { } diganti isinya.\n"
    known = messages.catalogue("id")
    codes = sorted({key.split(".")[1] for key in known if key.startswith("problem.") and key.endswith(".text")})
    rows = ([f"`{code}`", known[f"problem.{code}.text"], known.get(f"problem.{code}.fix", "")] for code in codes)
    yield from table(["kode", "masalah", "jalan keluar"], rows)
    yield "## Perintah yang tidak dapat dijalankan\n"
    yield from table(["kode", "pesan"], ([f"`{k[6:]}`", v] for k, v in known.items() if k.startswith("error.")))


def catalogue() -> Iterator[str]:
    """The indicators that lokus knows."""
    yield "# Katalog indikator\n"
    yield "Target bertanda * belum diperiksa siapa pun terhadap sumbernya. ↓: makin rendah makin baik.\n"
    rows = (
        [
            f"`{i.id}`", f"{i.label_id} {'↓' if i.better == 'lower' else ''}", i.numerator, i.denominator,
            "; ".join(_target(t, i.kind) for t in i.targets), i.owner,
        ]
        for i in indicators().values()
    )  # fmt: skip
    yield from table(["id", "indikator", "pembilang", "penyebut", "target", "OPD"], rows)


def _target(t: Any, kind: str) -> str:
    value = messages.percent(t.value, "id") if kind == "share" else messages.number(t.value, "id")
    told = ", ".join(str(x) for x in (t.year, t.source) if x)
    return f"{value}{'' if t.verified else ' *'}" + (f" ({told})" if told else "")


def ways() -> Iterator[str]:
    """The presets: how real places chose."""
    yield "# Cara memilih (preset)\n"
    yield "Bagaimana beberapa kabupaten dan lembaga memilih desanya. Bobotnya contoh, bukan aturan. "
    yield "`lokus presets STUDI` menjalankan semuanya berdampingan; `lokus run STUDI --preset ID` memakai satu.\n"
    for one in presets().values():
        yield f"## `{one.id}`\n"
        for name, value in one.model_dump().items():
            if isinstance(value, str) and value and name.endswith(("_id", "source")) and name != "id":
                yield f"{cell(value)}\n"


def functions() -> Iterator[str]:
    """The public functions of the methods, each with its first line and its source."""
    yield "# Every function and its source\n"
    yield "The statistics are pure functions in `lokus.methods`. Each line is the function's own docstring.\n"
    for found in pkgutil.iter_modules(methods.__path__):
        module = importlib.import_module(f"lokus.methods.{found.name}")
        own = [
            (name, thing)
            for name, thing in vars(module).items()
            if inspect.isfunction(thing) and thing.__module__ == module.__name__ and not name.startswith("_")
        ]
        if own:
            yield f"## {found.name}\n\n{cell((module.__doc__ or '').strip().splitlines()[0])}\n"
            yield from table(["function", "does", "source"], ([f"`{n}`", *_said(f)] for n, f in own))


def _said(function: Any) -> tuple[str, str]:
    told = inspect.getdoc(function) or ""
    first = re.sub(r"\s+", " ", told.split("\n\n")[0])
    source = re.search(r"Sources?: (.+?)(?:\n\n|\n>>>|\Z)", told, re.DOTALL)
    return first.split(" Parameters:")[0].split(" Source:")[0], re.sub(r"\s+", " ", source[1]) if source else ""
