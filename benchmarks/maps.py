"""Maps of a province and of the country in a headless Chromium without a network: megabytes, seconds until one can act,
milliseconds from a click on another layer to its painting.

python benchmarks/maps.py ../shared/data/boundaries [provinces_16_17.parquet] [FOLDER to keep the pages in]
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import pyarrow as pa
import pyarrow.parquet as pq
from national import made_study
from playwright.sync_api import Page, sync_playwright

from lokus import pipeline
from lokus.outputs.maps import write_map
from lokus.pipeline import Run

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
from browser import find_chromium

PROVINCE = 3_000
SETTLED = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))"
SWITCHED = (
    "async id => { const t = performance.now(); document.querySelector(`input[value='${id}']`).click();"
    f" await {SETTLED}; return performance.now() - t }}"
)
LAYERS = ("stunting", "score", "p_top", "chosen", "sanitasi_gap", "cluster")


def run_over(boundaries: Path, folder: Path, most: int | None, count: int) -> Run:
    """A run over the villages of a file, or over whole kabupaten of it up to so many villages."""
    source = boundaries
    if most is not None:
        table = pq.read_table(boundaries)
        codes = table["kode"].to_pandas().drop_duplicates()
        sizes = codes.str[:5].value_counts().sort_index().cumsum()
        source = folder / "part.parquet"
        inside = table["kode"].to_pandas().str[:5].isin(sizes.index[sizes <= most])
        pq.write_table(table.filter(pa.array(inside)), source)
    return pipeline.run(made_study(source, folder, 100, count, boundaries.stem))


def measured(page: Page, file: Path) -> tuple[float, dict[str, float]]:
    """Seconds until the page stands, and the median milliseconds of switching layers in each state of the map."""
    page.goto(file.resolve().as_uri())
    page.locator(".lk-legend h2").wait_for()
    page.evaluate(SETTLED)
    ready = page.evaluate("performance.now()") / 1000

    def switched() -> float:
        there = [name for name in LAYERS if page.locator(f"input[value='{name}']").count()]
        return median(page.evaluate(SWITCHED, name) for name in there * 3)

    told = {"whole": switched()}
    if page.locator("input[name='lk-kabupaten']").count():
        page.locator("input[name='lk-kabupaten']").click()
        told["villages of the whole country"] = switched()
    for _ in range(8):
        page.locator(".leaflet-control-zoom-in").click()
        page.wait_for_timeout(350)
    told["close by"] = switched()
    return ready, told


def main(boundaries: Path, only: str = "", keep: str = "") -> None:
    """Builds and opens the maps; the machine's load is what the figures depend on most."""
    sets = [("provinces_16_17.parquet", PROVINCE, 200), ("national_simplified.parquet", None, 5000)]
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as play:
        browser = play.chromium.launch(executable_path=find_chromium(), args=["--no-sandbox"])
        for name, most, count in (one for one in sets if only in ("", one[0])):
            run = run_over(boundaries / name, Path(folder), most, count)
            start, busy = time.perf_counter(), time.process_time()
            file = write_map(run, Path(keep or folder) / f"{Path(name).stem}.html")
            built = f"{time.perf_counter() - start:.0f} s (CPU {time.process_time() - busy:.0f} s)"
            print(f"{len(run.villages):,} villages: {file.stat().st_size / 1e6:.2f} MB, built in {built}")
            page = browser.new_context(offline=True, viewport={"width": 1366, "height": 768}).new_page()
            seen = [measured(page, file) for _ in range(3)]
            print(f"  stands after {', '.join(f'{ready:.2f}' for ready, _ in seen)} s")
            for state in seen[0][1]:
                print(f"  another layer, {state}: {', '.join(f'{told[state]:.0f}' for _, told in seen)} ms")
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:4])
