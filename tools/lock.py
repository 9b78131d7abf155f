"""Writes both locks from pyproject.toml, with hashes and without URLs: `python tools/lock.py [--upgrade]`.

`requirements-test.lock` holds everything; `requirements.lock` is the part that a planner needs, with the same pins.
Both carry the build backend, so that the project itself is installed without fetching anything more. Needs uv.
"""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HEADER = "# Written by tools/lock.py from pyproject.toml. Do not edit.\n"


def compile_lock(name: str, *options: str, build: list[str]) -> None:
    """Lets uv resolve for all platforms and Pythons at once: one version of each package, so the same numbers."""
    command = [
        *("uv", "pip", "compile", "pyproject.toml", "-", "--output-file", name, *options),
        *("--universal", "--python-version", "3.11", "--fork-strategy", "fewest", "--generate-hashes"),
        *("--no-header", "--no-annotate", "--quiet"),
    ]
    subprocess.run(command, cwd=ROOT, input="\n".join(build), text=True, check=True)
    lock = ROOT / name
    lock.write_text(HEADER + lock.read_text("utf-8").removeprefix(HEADER), "utf-8")


def main() -> None:
    """Everything first; what planners need is then held to the same pins."""
    build = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    compile_lock("requirements-test.lock", "--extra", "test", *sys.argv[1:], build=[*build, "editables"])
    compile_lock("requirements.lock", "--constraints", "requirements-test.lock", build=build)


if __name__ == "__main__":
    main()
