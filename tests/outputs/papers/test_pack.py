"""The whole pack: the same bytes, all files or none, and openable by another office than the one it was made for."""

import io
import json
import shutil
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path

import pypdf
import pytest

import lokus
from lokus import runs
from lokus.cli import entry
from lokus.errors import LokusError
from lokus.messages import text
from lokus.outputs import papers
from lokus.outputs.papers.annex import annex
from lokus.outputs.papers.listing import Listing
from lokus.outputs.papers.office import EPOCH, settled
from lokus.outputs.papers.slides import slides
from lokus.outputs.papers.workbook import workbook

BUILD = {"xlsx": workbook, "docx": annex, "pptx": slides}
SOFFICE = shutil.which("soffice")


@pytest.mark.parametrize("kind", BUILD)
def test_the_same_run_is_the_same_bytes_and_bears_no_clock(kind, paper, run):
    made = paper(kind, "run")
    assert BUILD[kind](run, "id") == made != paper(kind, "hostile")
    with zipfile.ZipFile(io.BytesIO(made)) as pack:
        assert {member.date_time for member in pack.infolist()} == {EPOCH}
        told = pack.read("docProps/core.xml").decode()
        assert "2027-01-01T00:00:00Z" in told
        assert told.count("T00:00:00Z") == told.count("dcterms:W3CDTF")
    assert settled(made, 2027) == made


@pytest.fixture
def quick(monkeypatch):
    """The pack with papers of a few bytes."""
    built = {"slides": b"s", "workbook": b"w", "annex": b"a", "profiles": b"p", "poster": b"o", "method": b"m"}
    monkeypatch.setattr(papers, "_builders", lambda *_: {k: (lambda data=v: data) for k, v in built.items()})
    return built


def test_files_are_named_in_the_reader_s_language_and_internal_ones_apart(run, tmp_path, quick):
    told = []
    made = papers.write_pack(run, tmp_path / "a" / "b", "id", tell=lambda *step: told.append(step))
    assert [path.name for path in made] == [
        "paparan.pptx", "buku-kerja.xlsx", "lampiran-sk.docx", "profil-desa.pdf", "peta-a3.pdf", "metode.pdf",
    ]  # fmt: skip
    assert told == [(name, done, 1) for name in quick for done in (0, 1)]
    (tmp_path / "a" / "b" / "catatan.txt").write_text("milik rapat")
    papers.write_pack(run, tmp_path / "a" / "b", "en", public=False)
    names = {path.name for path in (tmp_path / "a" / "b").iterdir()}
    assert {"slides-INTERNAL.pptx", "paparan.pptx", "catatan.txt"} <= names
    assert len(names) == 13, "nothing else is left behind"


def test_all_papers_or_none(run, tmp_path, quick, monkeypatch):
    made = papers.write_pack(run, tmp_path)
    before = {path.name: path.read_bytes() for path in made}
    rename = Path.rename

    def locked(self, target):
        if self == tmp_path / "peta-a3.pdf":
            raise PermissionError(13, "open elsewhere")
        return rename(self, target)

    monkeypatch.setattr(papers, "_builders", lambda *_: dict.fromkeys(quick, lambda: b"new"))
    monkeypatch.setattr(Path, "rename", locked)
    with pytest.raises(LokusError) as fault:
        papers.write_pack(run, tmp_path)
    assert fault.value.code == "pack_unwritable"
    monkeypatch.undo()
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_an_earlier_run_of_other_villages_is_refused(run, tmp_path):
    other = replace(run, villages=run.villages.rename(index=lambda code: f"x{code}"))
    with pytest.raises(LokusError) as fault:
        papers.write_pack(run, tmp_path, before=other)
    assert fault.value.code == "pack_other_villages"
    assert not list(tmp_path.iterdir())


def test_without_a_polygon_there_is_no_wall_map(run, tmp_path):
    blind = replace(run, geometry=run.geometry.map(lambda _: None))
    made = papers._builders(blind, "id", True, None)
    assert set(papers.PAPERS) - set(made) == {"poster"}
    assert len(made["slides"]()) > 10_000


def test_the_command_writes_beside_the_runs_and_tells_the_files(demo, tmp_path, quick, capsys):
    folder = runs.write(demo, tmp_path / "runs")
    assert entry(["rembuk", str(folder), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["folder"] == str(tmp_path / "rembuk" / folder.name)
    assert sorted(told["files"]) == sorted(path.name for path in (tmp_path / "rembuk" / folder.name).iterdir())
    assert entry(["rembuk", str(folder), "--internal", "-o", str(tmp_path / "o"), "--lang", "en"]) == 0
    said = capsys.readouterr().out
    assert text("explain.internal", "en") in said
    assert "slides-INTERNAL.pptx" in said
    (tmp_path / "file").write_text("")
    assert entry(["rembuk", str(folder), "-o", str(tmp_path / "file")]) == 1
    assert str(tmp_path / "file") in capsys.readouterr().err
    assert lokus.rembuk is papers.write_pack


@pytest.mark.skipif(
    SOFFICE is None, reason="LibreOffice is not installed: the papers are not opened by a second office"
)
def test_libreoffice_opens_all_three_without_repair_and_prints_every_page(paper, hostile, tmp_path):
    for kind in BUILD:
        (tmp_path / f"{kind}.{kind}").write_bytes(paper(kind, "hostile"))
    given = [str(path) for path in sorted(tmp_path.iterdir())]
    profile = f"-env:UserInstallation=file://{tmp_path / 'office'}"
    command = [SOFFICE, profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path), *given]
    subprocess.run(command, check=True, capture_output=True, timeout=300)
    pages = {path.stem: [p.extract_text() for p in pypdf.PdfReader(path).pages] for path in tmp_path.glob("*.pdf")}
    assert set(pages) == set(BUILD)
    assert 10 <= len(pages["pptx"]) <= 12
    assert 2 <= len(pages["docx"]) <= 6
    assert len(pages["xlsx"]) >= 12, "a page for each sheet at least"
    for kind, told in pages.items():
        assert all(hostile.facts["run_id"] in page for page in told), kind
        written = "".join("".join(told).split())
        assert {
            name for name in ("<imgsrc=xonerror=alert(1)>", "A&B$x_1^2${0}", "-1+1") if name not in written
        } == set()
    names = "".join("".join(pages["docx"]).split())
    assert all("".join(row["village"].split())[:20] in names for row in Listing(hostile, "id").chosen
               if row["village"].isascii() and row["village"].isprintable())  # fmt: skip
