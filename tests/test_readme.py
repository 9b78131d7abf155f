"""Law: the README tells the truth. Its study is a study, its commands exist, and its links lead somewhere."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

from conftest import ROOT

from lokus.catalog import indicators
from lokus.study import make_study

README = (ROOT / "README.md").read_text("utf-8")
STUDY = re.search(r"```toml\n(.*?)```", README, re.DOTALL).group(1)


def test_the_first_own_study_is_a_sound_study():
    study = make_study(tomllib.loads(STUDY), Path())
    assert {use.id for use in study.indicator} <= indicators().keys()


def test_the_first_own_study_reads_the_real_files(shared_data, tmp_path):
    tables = shared_data / "indicators" / "pasangkayu"
    files = {
        "boundaries/pasangkayu.shp": str(shared_data / "boundaries" / "pasangkayu" / "pasangkayu.shp"),
        "data/eppgbm_status_gizi.xlsx": str(tables / "eppgbm_status_gizi_2024-01-17.xlsx"),
        "data/krs_semester_2.csv": str(tables / "krs_verval_2024_sem2.csv"),
    }
    text = STUDY
    for said, real in files.items():
        assert said in text
        text = text.replace(said, real)
    (tmp_path / "lokus.toml").write_text("outside_paths = true\n" + text, "utf-8")
    command = [sys.executable, "-c", "from lokus.cli import entry; raise SystemExit(entry())"]
    done = subprocess.run([*command, "check", tmp_path, "--json"], capture_output=True, encoding="utf-8")
    assert done.returncode == 0, done.stdout + done.stderr


def test_its_table_of_commands_is_that_of_the_program():
    told = set(re.findall(r"^\| `lokus (\w+)", README, re.MULTILINE))
    script = "from lokus.cli import entry; entry(['--help'])"
    shown = subprocess.run([sys.executable, "-c", script], capture_output=True, encoding="utf-8", check=True).stdout
    offered = set(re.findall(r"^ {4}(\w+) {2,}\S|^ {4}(\w+)$", shown, re.MULTILINE))
    assert told == {name for pair in offered for name in pair if name}


def test_its_links_and_pictures_lead_somewhere():
    targets = re.findall(r"\]\(([^)#:]+)\)|<img src=\"([^\"]+)\"", README)
    assert targets
    assert not [target for pair in targets for target in pair if target and not (ROOT / target).exists()]
