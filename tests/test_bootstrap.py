"""Laws of bootstrap.py: it asks for nothing but Python, installs only what changed, and answers each lack in words."""

import ast
import importlib.util
import os
import subprocess
import sys
import tomllib
from types import ModuleType

import pytest
from conftest import ROOT

SOURCE = (ROOT / "bootstrap.py").read_text("utf-8")


@pytest.fixture
def bootstrap(tmp_path, monkeypatch) -> ModuleType:
    """bootstrap.py as a module, with its `.venv` elsewhere and messages in English."""
    spec = importlib.util.spec_from_file_location("bootstrap", ROOT / "bootstrap.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    monkeypatch.setattr(module, "VENV", tmp_path)
    monkeypatch.setattr(module, "LOG", tmp_path / "bootstrap.log")
    monkeypatch.setenv("LOKUS_LANG", "en")
    return module


def test_an_old_python_can_read_it_and_any_console_can_show_it():
    tree = ast.parse(SOURCE, feature_version=(3, 7))
    assert SOURCE.isascii()
    imported = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imported |= {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.split(".")[0] for name in imported} <= sys.stdlib_module_names


def test_its_python_bounds_are_those_of_pyproject(bootstrap):
    bound = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]["requires-python"]
    assert bound == f">={bootstrap.OLDEST[0]}.{bootstrap.OLDEST[1]},<{bootstrap.BEYOND[0]}.{bootstrap.BEYOND[1]}"


def test_without_a_command_it_tells_its_usage_in_both_languages():
    environment = {name: value for name, value in os.environ.items() if name != "LOKUS_LANG"}
    done = subprocess.run(
        [sys.executable, ROOT / "bootstrap.py"], capture_output=True, encoding="utf-8", env=environment
    )
    assert (done.returncode, done.stderr) == (2, "")
    assert done.stdout.splitlines()[0].startswith("Pakai:") and done.stdout.splitlines()[1].startswith("Usage:")


def test_another_python_that_will_do_is_named(bootstrap, monkeypatch):
    monkeypatch.setattr(bootstrap, "sys", _Python((3, 9)))
    monkeypatch.setattr(bootstrap, "runs", lambda command: command[:2] in (["py", "-3.12"], ["python3.12", "-c"]))
    for windows, remedy in ((False, "python3.12 bootstrap.py demo"), (True, "py -3.12 bootstrap.py demo")):
        monkeypatch.setattr(bootstrap, "WINDOWS", windows)
        with pytest.raises(bootstrap.Stop) as stop:
            bootstrap.check_python("demo")
        assert all(told.startswith("Python 3.9 ") and told.endswith("\n  " + remedy) for told in stop.value.args)


@pytest.mark.parametrize("version", [(3, 10), (3, 14), (4, 0)])
@pytest.mark.parametrize(("platform", "windows", "remedy"), [
    ("win32", True, "winget install Python.Python.3.13"),
    ("darwin", False, "brew install python@3.13"),
    ("linux", False, "apt-get install -y python3.12 python3.12-venv"),
])  # fmt: skip
def test_without_any_it_names_one_command_that_gets_it(bootstrap, monkeypatch, version, platform, windows, remedy):
    monkeypatch.setattr(bootstrap, "WINDOWS", windows)
    monkeypatch.setattr(bootstrap, "sys", _Python(version, platform))
    monkeypatch.setattr(bootstrap, "runs", lambda command: command == ["apt-cache", "show", "python3.12"])
    with pytest.raises(bootstrap.Stop) as stop:
        bootstrap.check_python("demo")
    assert all(told.endswith(remedy) for told in stop.value.args)


def test_a_32_bit_python_is_refused(bootstrap, monkeypatch):
    monkeypatch.setattr(bootstrap, "sys", _Python((3, 12), maxsize=2**31 - 1))
    with pytest.raises(bootstrap.Stop, match="32-bit"):
        bootstrap.check_python("demo")


class _Python:
    """Stands for `sys` of another Python."""

    def __init__(self, version: tuple[int, int], platform: str = "linux", maxsize: int = sys.maxsize) -> None:
        self.version_info, self.platform, self.maxsize = (*version, 0), platform, maxsize


def test_a_missing_ensurepip_is_answered_with_one_command(bootstrap, monkeypatch):
    monkeypatch.setattr(bootstrap.importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: name if name == "apt-get" else None)
    with pytest.raises(bootstrap.Stop) as stop:
        bootstrap.check_python("demo")
    version = "{}.{}".format(*sys.version_info)
    assert all(told.endswith(f"apt-get install -y python{version}-venv") for told in stop.value.args)


def test_libraries_are_installed_once_for_a_lock_and_the_test_lock_serves_both(bootstrap, monkeypatch):
    installed = []
    succeed = [sys.executable, "-c", "pass"]
    monkeypatch.setattr(bootstrap, "PYTHON", succeed[0])
    monkeypatch.setattr(bootstrap.subprocess, "Popen", _popen(installed, succeed))
    bootstrap.install_libraries(for_tests=True)
    bootstrap.install_libraries(for_tests=True)
    bootstrap.install_libraries(for_tests=False)
    assert len(installed) == 1
    assert "--require-hashes" in installed[0] and installed[0][-1].endswith("requirements-test.lock")


def test_a_failed_install_leaves_no_stamp_and_is_tried_again(bootstrap, monkeypatch):
    installed = []
    monkeypatch.setattr(bootstrap.subprocess, "Popen", _popen(installed, [sys.executable, "-c", "raise SystemExit(1)"]))
    (bootstrap.VENV / "libraries.stamp").write_text("of an older lock", "utf-8")
    for _ in range(2):
        with pytest.raises(bootstrap.Stop):
            bootstrap.install_libraries(for_tests=False)
        assert not (bootstrap.VENV / "libraries.stamp").exists()
    assert len(installed) == 2


@pytest.mark.parametrize(("talk", "words"), [
    ("WARNING: Retrying (Retry(total=4)) after connection broken by NewConnectionError", "cannot be fetched"),
    ("ERROR: THESE PACKAGES DO NOT MATCH THE HASHES", "DO NOT MATCH THE HASHES"),
])  # fmt: skip
def test_what_pip_says_becomes_plain_words(bootstrap, monkeypatch, talk, words):
    fail = [sys.executable, "-c", f"print({talk!r}); raise SystemExit(1)"]
    monkeypatch.setattr(bootstrap.subprocess, "Popen", _popen([], fail))
    with pytest.raises(bootstrap.Stop, match=words) as stop:
        bootstrap.pip("libraries.stamp", [], "anything")
    assert str(bootstrap.LOG) in stop.value.args[0]


def _popen(seen: list[list[str]], instead: list[str]):
    """A `Popen` that notes the command and runs another."""
    real = subprocess.Popen

    def popen(command, **options):
        seen.append(command)
        return real(instead, **options)

    return popen


def test_a_copy_is_installed_for_use_and_the_sources_for_tests(bootstrap, monkeypatch):
    installed = []
    monkeypatch.setattr(bootstrap.subprocess, "Popen", _popen(installed, [sys.executable, "-c", "pass"]))
    for editable in (False, False, True, True, False):
        bootstrap.install_project(editable=editable)
    assert ["--editable" in command for command in installed] == [False, True]


@pytest.mark.parametrize(("system", "root", "told"), [
    ("fedora", True, "Chrome, Edge, Chromium"),
    ("", False, "Chrome, Edge, Chromium"),
    ("debian", False, "sudo apt-get update && sudo apt-get install -y chromium"),
])  # fmt: skip
def test_a_missing_browser_is_told_in_one_line(bootstrap, monkeypatch, capsys, system, root, told):
    monkeypatch.setattr(bootstrap, "browser", lambda: "")
    monkeypatch.setattr(bootstrap, "distribution", lambda: system)
    monkeypatch.setattr(bootstrap, "is_root", lambda: root)
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda *_, **__: pytest.fail("nothing may be installed here"))
    bootstrap.find_browser()
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 1 and shown[0].endswith(told)


@pytest.mark.parametrize(("system", "package"), [("debian", "chromium"), ("ubuntu", "chromium-browser")])
def test_root_on_debian_or_ubuntu_gets_the_distributions_browser(bootstrap, monkeypatch, system, package):
    steps = []
    monkeypatch.setattr(bootstrap, "browser", lambda: "chromium" if steps[1:] else "")
    monkeypatch.setattr(bootstrap, "distribution", lambda: system)
    monkeypatch.setattr(bootstrap, "is_root", lambda: True)
    monkeypatch.setattr(bootstrap.shutil, "which", lambda name: name)
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda command, **_: steps.append(command))
    bootstrap.find_browser()
    assert [step[:2] for step in steps] == [["apt-get", "update"], ["apt-get", "install"]]
    assert steps[1][-1] == package


@pytest.mark.parametrize(("check", "tests", "code"), [(0, 0, 0), (1, 0, 1), (0, 5, 5), (1, 1, 1)])
def test_a_failed_check_fails_the_whole_though_the_tests_pass(bootstrap, monkeypatch, check, tests, code):
    monkeypatch.setattr(bootstrap, "find_browser", lambda: None)
    monkeypatch.setattr(bootstrap, "checked", lambda _: check)
    monkeypatch.setattr(bootstrap.subprocess, "run", lambda *_, **__: subprocess.CompletedProcess([], tests))
    assert bootstrap.test([]) == code
