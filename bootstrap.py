"""Sets lokus up in `.venv` beside this file and runs it; needs nothing but Python.

    python3 bootstrap.py demo [DIR]           the demo kabupaten: study, run, map
    python3 bootstrap.py test [PYTEST ARGS]   all checks and tests; with arguments, pytest alone

Messages are plain ASCII, in Indonesian and English (or one of them by LOKUS_LANG): any old console shows them.
"""

from __future__ import annotations

import hashlib
import importlib.util
import os
import shutil
import subprocess
import sys
from pathlib import Path

OLDEST, BEYOND = (3, 11), (3, 14)
VERSIONS = [f"{OLDEST[0]}.{minor}" for minor in range(OLDEST[1], BEYOND[1])]
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
WINDOWS = os.name == "nt"
BIN = VENV / ("Scripts" if WINDOWS else "bin")
PYTHON = BIN / ("python.exe" if WINDOWS else "python")
RUN_LOCK, TEST_LOCK = ROOT / "requirements.lock", ROOT / "requirements-test.lock"
LOG = VENV / "bootstrap.log"
CHECKS = (("ruff", "check", "."), ("ruff", "format", "--check", "."), ("mypy",))
OFFLINE = ("Max retries", "Retrying (", "NewConnectionError", "ConnectTimeout", "ProxyError", "NameResolution")
# Another Python's variables (QGIS and OSGeo4W set them) would break this one.
ENVIRONMENT = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH")}


class Stop(Exception):
    """Set-up cannot go on; carries what to tell in both languages."""


def say(indonesian: str, english: str) -> None:
    """Prints one message in the user's language, or in both when no language was asked for."""
    lines = {"id": [indonesian], "en": [english]}.get(os.environ.get("LOKUS_LANG", ""), [indonesian, english])
    print("\n".join(lines), flush=True)


def main(arguments: list[str]) -> int:
    """Runs `demo` or `test`; the exit code is that of what was run."""
    command, rest = (arguments[0], arguments[1:]) if arguments else ("", [])
    if command not in ("demo", "test"):
        say("Pakai: python3 bootstrap.py demo [FOLDER]  atau  python3 bootstrap.py test",
            "Usage: python3 bootstrap.py demo [FOLDER]  or  python3 bootstrap.py test")  # fmt: skip
        return 0 if command in ("-h", "--help") else 2
    check_python(command)
    make_venv()
    install_libraries(for_tests=command == "test")
    install_project(editable=command == "test")
    return test(rest) if command == "test" else demo(rest)


def check_python(command: str) -> None:
    """Stops with the one command that helps when this Python is too old, too new, 32-bit or lacks ensurepip."""
    here = sys.version_info[:2]
    if not OLDEST <= here < BEYOND or sys.maxsize < 2**32:
        shown = f"{here[0]}.{here[1]}" + (" 32-bit" if sys.maxsize < 2**32 else "")
        remedy, fitting = better_python(command), " / ".join(VERSIONS)
        raise Stop(f"Python {shown} tidak cocok; perlu Python {fitting} (64-bit). Jalankan:\n  {remedy}",
                   f"Python {shown} will not do; needed is Python {fitting} (64-bit). Run:\n  {remedy}")  # fmt: skip
    if not all(map(importlib.util.find_spec, ("ensurepip", "venv"))):
        package = f"python{here[0]}.{here[1]}-venv"
        remedy = apt(package) if shutil.which("apt-get") else "conda env create"
        raise Stop(f"Python ini tidak punya ensurepip. Jalankan, lalu ulangi:\n  {remedy}",
                   f"This Python lacks ensurepip. Run this, then try again:\n  {remedy}")  # fmt: skip


def better_python(command: str) -> str:
    """The command that gets a Python that will do: one already here, or the system's own way to install one."""
    newest_first = VERSIONS[::-1]
    for version in newest_first:
        launch = ["py", "-" + version] if WINDOWS else ["python" + version]
        if runs([*launch, "-c", "import sys; sys.exit(sys.maxsize < 2**32)"]):
            return " ".join([*launch, "bootstrap.py", command])
    if WINDOWS:
        return "winget install Python.Python." + newest_first[0]
    if sys.platform == "darwin":
        return "brew install python@" + newest_first[0]
    for version in newest_first:
        if runs(["apt-cache", "show", "python" + version]):
            return apt(f"python{version} python{version}-venv")
    return "conda env create"


def apt(packages: str) -> str:
    """The one line that installs packages, as this user must type it on a fresh system too."""
    sudo = "" if is_root() else "sudo "
    return f"{sudo}apt-get update && {sudo}apt-get install -y {packages}"


def is_root() -> bool:
    """Whether this process may install packages of the system."""
    return not WINDOWS and os.geteuid() == 0


def runs(command: list[str]) -> bool:
    """Whether a command exists and succeeds."""
    if shutil.which(command[0]) is None:
        return False
    return subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0


def make_venv() -> None:
    """Makes `.venv`, or makes it anew when its Python is gone or another one than lokus needs."""
    probe = f"import pip, sys; sys.exit(not {OLDEST} <= sys.version_info[:2] < {BEYOND})"
    if PYTHON.exists() and runs([str(PYTHON), "-c", probe]):
        return
    say("Membuat .venv ...", "Making .venv ...")
    subprocess.run([sys.executable, "-m", "venv", "--clear", str(VENV)], env=ENVIRONMENT, check=True)


def digest(*files: Path) -> str:
    """One sha256 over names and contents of files."""
    sha = hashlib.sha256()
    for file in files:
        sha.update(file.relative_to(ROOT).as_posix().encode() + file.read_bytes())
    return sha.hexdigest()


def stamped(name: str) -> list[str]:
    """What an earlier set-up finished."""
    stamp = VENV / name
    return stamp.read_text("utf-8").split() if stamp.exists() else []


def install_libraries(for_tests: bool) -> None:
    """Installs a lock with hashes, unless it stands there already. The test lock contains the other one's pins."""
    locks = [RUN_LOCK, TEST_LOCK] if for_tests else [RUN_LOCK]
    done = [digest(lock) for lock in locks]
    if set(done) <= set(stamped("libraries.stamp")):
        return
    say("Memasang pustaka (sekali saja, beberapa menit) ...", "Installing the libraries (once, some minutes) ...")
    pip("libraries.stamp", done, "--only-binary", ":all:", "--require-hashes", "--requirement", str(locks[-1]))


def install_project(editable: bool) -> None:
    """Installs lokus without dependencies: a copy for use, the sources themselves for tests."""
    packed = [*(ROOT / "lokus").rglob("*"), *(ROOT / "boundaries" / "demo").rglob("*")]
    sources = sorted(p for p in packed if p.is_file() and "__pycache__" not in p.parts)
    linked, copied = digest(ROOT / "pyproject.toml"), digest(ROOT / "pyproject.toml", *sources)
    if linked in stamped("project.stamp") or (not editable and copied in stamped("project.stamp")):
        return
    how = ["--editable", str(ROOT)] if editable else [str(ROOT)]
    done = [linked if editable else copied]
    pip("project.stamp", done, "--no-deps", "--no-build-isolation", "--force-reinstall", *how)


def pip(stamp: str, done: list[str], *arguments: str) -> None:
    """Runs `pip install` with its talk in a log and stamps what is done; stops in plain words when it fails."""
    (VENV / stamp).unlink(missing_ok=True)
    command = [str(PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input", *arguments]
    with LOG.open("w", encoding="utf-8") as log, subprocess.Popen(
        command, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace"
    ) as process:  # fmt: skip
        for line in process.stdout or ():
            log.write(line)
            if sys.stdout.isatty() and line.startswith("Collecting "):
                print(f"\r  {line.split()[1][:60]:<60}", end="", flush=True)
    if sys.stdout.isatty():
        print("\r" + " " * 62 + "\r", end="", flush=True)
    if process.returncode == 0:
        (VENV / stamp).write_text("\n".join(done), "utf-8")
        return
    told = LOG.read_text("utf-8")
    if any(sign in told for sign in OFFLINE):
        raise Stop(
            f"Pustaka tidak bisa diunduh. Periksa internet atau proxy kantor, lalu ulangi. Rincian: {LOG}",
            f"The libraries cannot be fetched. Check the internet or the proxy, then try again. See {LOG}",
        )
    errors = "\n".join("  " + line for line in told.splitlines() if line.startswith("ERROR"))
    raise Stop(f"pip gagal. Rincian: {LOG}\n{errors}", f"pip failed. See {LOG}\n{errors}")


def demo(arguments: list[str]) -> int:
    """Runs `lokus demo` where the user stands."""
    return subprocess.run([str(BIN / "lokus"), "demo", *arguments], env=ENVIRONMENT).returncode


def test(arguments: list[str]) -> int:
    """Runs the checks and then pytest (whose summary closes the output), or pytest alone with the given arguments."""
    find_browser()
    failed = [] if arguments else [check for check in CHECKS if checked(check)]
    # Every core takes files of its own: what a file makes for all its tests is made once.
    every = ["--doctest-modules", "--numprocesses", "auto", "--dist", "loadfile", "lokus", "tests"]
    code = subprocess.run([str(BIN / "pytest"), *(arguments or every)], cwd=ROOT, env=ENVIRONMENT).returncode
    for check in failed:
        say(f"Pemeriksaan gagal: {' '.join(check)}", f"Check failed: {' '.join(check)}")
    return code or bool(failed)


def checked(check: tuple[str, ...]) -> int:
    """Runs one check; its exit code."""
    print("-- " + " ".join(check), flush=True)
    return subprocess.run([str(BIN / check[0]), *check[1:]], cwd=ROOT, env=ENVIRONMENT).returncode


def find_browser() -> None:
    """Finds Chromium, Chrome or Edge, installs the distribution's package where it may, or says what is left out."""
    if browser():
        return
    package = {"debian": "chromium", "ubuntu": "chromium-browser"}.get(distribution(), "")
    if package and is_root() and shutil.which("apt-get"):
        say("Memasang Chromium ...", "Installing Chromium ...")
        for step in (["update"], ["install", "-y", "--no-install-recommends", package]):
            unattended = {**ENVIRONMENT, "DEBIAN_FRONTEND": "noninteractive"}
            subprocess.run(["apt-get", *step], env=unattended, stdout=subprocess.DEVNULL)
        if browser():
            return
    remedy = apt(package) if package else "Chrome, Edge, Chromium"
    say(f"Uji peta di peramban dilewati: tidak ada Chromium. Pasang dengan: {remedy}",
        f"Left out: the map's browser tests, for want of Chromium. To get it: {remedy}")  # fmt: skip


def browser() -> str:
    """The browser that the tests will use; one home for the search: tests/browser.py."""
    ask = "import browser; print(browser.find_chromium() or '')"
    found = subprocess.run([str(PYTHON), "-c", ask], cwd=ROOT / "tests", env=ENVIRONMENT, stdout=subprocess.PIPE)
    return found.stdout.decode("utf-8", "replace").strip()


def distribution() -> str:
    """The Linux distribution's id by os-release, "" elsewhere."""
    release = Path("/etc/os-release")
    lines = release.read_text("utf-8").splitlines() if release.exists() else []
    return next((line[3:].strip('"') for line in lines if line.startswith("ID=")), "")


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except Stop as stop:
        say(*stop.args)
    except KeyboardInterrupt:
        say("Dihentikan.", "Stopped.")
    except (OSError, subprocess.SubprocessError) as fault:
        say(f"Tidak bisa dilanjutkan: {fault}", f"Cannot go on: {fault}")
    sys.exit(1)
