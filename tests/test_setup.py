"""Laws of the set-up: locks, environment.yml, the wheel, the automated run and the tree agree with pyproject.toml."""

import importlib.util
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT
from packaging.requirements import Requirement

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
LOCKS = {name: (ROOT / name).read_text("utf-8") for name in ("requirements.lock", "requirements-test.lock")}


def pins(name: str) -> dict[str, str]:
    lines = [line.split(" ")[0].split("==") for line in LOCKS[name].splitlines() if re.match("[a-z0-9]", line)]
    assert len({package for package, _ in lines}) == len(lines), "one version of each package on every platform"
    return dict(lines)


def wanted(name: str) -> list[Requirement]:
    listed = [*PROJECT["project"]["dependencies"], *PROJECT["build-system"]["requires"]]
    tests = PROJECT["project"]["optional-dependencies"]["test"] if name == "requirements-test.lock" else []
    return [Requirement(text) for text in [*listed, *tests]]


def tracked() -> list[Path]:
    """The files of the tree: known to git, or new and not ignored."""
    if not (ROOT / ".git").exists():
        pytest.skip("not a git checkout: its list of files is what is looked at")
    listing = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True, encoding="utf-8").stdout
    return [ROOT / name for name in names.split("\0") if name and (ROOT / name).is_file()]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_has_hashes_for_all_and_no_addresses(name):
    entries = re.split(r"\n(?=[a-z0-9])", LOCKS[name])[1:]
    assert len(entries) == len(pins(name))
    assert all("--hash=sha256:" in entry for entry in entries)
    assert "://" not in LOCKS[name]


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_what_pyproject_asks_for(name):
    locked = pins(name)
    for requirement in wanted(name):
        assert locked[requirement.name] in requirement.specifier, requirement


def test_both_locks_have_the_same_pins_and_planners_get_no_tools_of_ours():
    run, everything = pins("requirements.lock"), pins("requirements-test.lock")
    assert run.items() <= everything.items()
    assert not {"playwright", "mypy", "pytest", "ruff"} & run.keys()


def test_environment_yml_is_python_pip_and_the_lock():
    lines = (ROOT / "environment.yml").read_text("utf-8").split("dependencies:\n")[1].splitlines()
    said, bound = lines[0].split(" - ")[1].split(" ")
    assert said == "python"
    assert set(bound.split(",")) == set(PROJECT["project"]["requires-python"].split(","))
    assert [line.strip() for line in lines[1:]] == ["- pip", "- pip:", "- -r requirements.lock"]


def test_the_automated_run_is_the_test_command_of_the_readme():
    script = ROOT / ".ci" / "run"
    assert os.name == "nt" or os.access(script, os.X_OK)
    commands = [line for line in script.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    assert commands[0] == "set -eu" and "export LOKUS_REQUIRE_BROWSER=1" in commands
    assert commands[-1] == "python3 bootstrap.py test"
    assert f"\n{commands[-1]}" in (ROOT / "README.md").read_text("utf-8")


def test_no_file_names_a_package_registry_or_a_machine():
    # Put together here, so that this file does not name them either.
    hosts = ["pypi." + "org", "python" + "hosted.org", "npm" + "js.org", "yarn" + "pkg.com", "anaconda." + "org"]
    places = ["/ro" + "ot/", "/ho" + "me/", "/wo" + "rk/", r"C:\\?Us" + "ers"]
    pattern = re.compile("|".join([*map(re.escape, hosts), *(rf"(?<![\w.]){place}" for place in places)]))
    found = {}
    for path in tracked():
        seen = pattern.search(path.read_bytes().decode("utf-8", "replace"))
        if seen:
            found[path.relative_to(ROOT).as_posix()] = seen.group()
    assert not found


def test_the_wheel_carries_every_file_of_the_package_and_no_other(tmp_path):
    if importlib.util.find_spec("hatchling") is None:
        pytest.skip("hatchling is not installed: `python3 bootstrap.py test` installs it")
    build = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(tmp_path)]
    subprocess.run(build, cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        packed = {name for name in wheel.namelist() if ".dist-info/" not in name}
    names = [path.relative_to(ROOT).as_posix() for path in tracked()]
    # The demo's shapefile has its one home in boundaries/: the wheel takes it from there.
    demo = {re.sub("^boundaries/demo/", "lokus/demo/boundaries/", n) for n in names if n.startswith("boundaries/demo/")}
    assert packed == demo | {name for name in names if name.startswith("lokus/")}
