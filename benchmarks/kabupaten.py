"""What one kabupaten costs: `lokus --help`, `lokus run` on the demo with 10,000 draws, and the size of its map.

python benchmarks/kabupaten.py
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from lokus.demo import write_study

LOKUS = (sys.executable, "-c", "import sys; from lokus.cli import entry; sys.exit(entry())")


def measured(*command: str) -> tuple[float, float, float]:
    """Wall seconds, CPU seconds and peak MB of a command in a process of its own."""
    start = time.perf_counter()
    child = subprocess.Popen([*LOKUS, *command], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        raise SystemExit(f"lokus {' '.join(command)} ended with {child.returncode}")
    return time.perf_counter() - start, usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main(repeats: int = 5) -> None:
    """Prints the best of a few repeats of each command."""
    with tempfile.TemporaryDirectory() as folder:
        home = write_study(Path(folder) / "demo")
        study = home / "lokus.toml"
        study.write_text(study.read_text("utf-8") + "\n[uncertainty]\ndraws = 10000\n", "utf-8")
        for name, command in (
            ("--help", ["--help"]),
            ("check", ["check", str(home)]),
            ("run, 10,000 draws", ["run", str(home)]),
            ("map", ["map", str(home)]),
        ):
            wall, cpu, peak = (
                min(column) for column in zip(*(measured(*command) for _ in range(repeats)), strict=True)
            )
            print(f"lokus {name:<18} {wall:6.2f} s wall  {cpu:6.2f} s CPU  {peak:6.0f} MB")
        size = next((home / "maps").glob("*.html")).stat().st_size
        print(f"map of the demo     {size / 1e6:6.2f} MB")


if __name__ == "__main__":
    main(*(int(a) for a in sys.argv[1:2]))
