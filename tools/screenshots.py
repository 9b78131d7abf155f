"""Takes the pictures of README and docs anew, from the demo kabupaten: `python tools/screenshots.py`.

For maintainers: needs Chromium; the pages of the papers also LibreOffice (`soffice`) and `pdftoppm`.
"""

from __future__ import annotations

import io
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

ROOT = Path(__file__).resolve().parents[1]
IMAGES = ROOT / "docs" / "images"
sys.path.insert(0, str(ROOT / "tests"))

from browser import chromium  # noqa: E402

from lokus.cli import entry  # noqa: E402

VILLAGE = "Tanjung Nipah"
HALL, PHONE = {"width": 1366, "height": 768}, {"width": 390, "height": 844}


def main() -> None:
    """Writes the demo, opens its maps and papers, and keeps a picture of each."""
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder) / "demo"
        entry(["demo", str(home)])
        public, meeting = (sorted((home / "maps").glob(name))[0] for name in ("*[!t].html", "*-rapat.html"))
        with chromium() as browser:
            for name, path, view, act in (
                ("map", public, HALL, village),
                ("peta-kecamatan", public, HALL, kecamatan),
                ("peta-geser", public, HALL, swipe),
                ("peta-presentasi", public, HALL, story),
                ("peta-simulasi", meeting, HALL, simulation),
                ("peta-hp", public, PHONE, village),
            ):
                page = browser.new_context(viewport=view, offline=True).new_page()
                page.goto(path.as_uri())
                page.wait_for_timeout(1000)
                act(page)
                page.mouse.move(1, 1)
                page.wait_for_timeout(600)
                keep(name, page.screenshot())
                page.close()
        papers(next((home / "rembuk").iterdir()), Path(folder))


def village(page: Page) -> None:
    """A village found by its name, with its panel."""
    if page.viewport_size == PHONE:
        page.locator(".lk-open-side").click()
    page.fill("#lk-search", VILLAGE)
    page.keyboard.press("Enter")


def kecamatan(page: Page) -> None:
    """One kecamatan, the others faded, on the layer of prevalence."""
    page.locator('input[value="stunting"]').check(force=True)
    page.locator("#lk-only").select_option(index=3)


def swipe(page: Page) -> None:
    """Two layers side by side."""
    page.keyboard.press("b")


def story(page: Page) -> None:
    """The step of who is chosen."""
    page.keyboard.press("t")
    for _ in range(4):
        page.keyboard.press("ArrowRight")


def simulation(page: Page) -> None:
    """A weight moved: who comes in, who goes out."""
    page.keyboard.press("s")
    slider = page.locator('.lk-steer input[type="range"]').first
    slider.focus()
    for _ in range(4):
        page.keyboard.press("PageDown")


def papers(folder: Path, scratch: Path) -> None:
    """First looks at the papers of the rembuk."""
    if not (shutil.which("soffice") and shutil.which("pdftoppm")):
        print("soffice and pdftoppm are not here: the pictures of the papers stay as they are")
        return
    for path in sorted(folder.iterdir()):
        pdf = path
        if path.suffix != ".pdf":
            user = f"-env:UserInstallation={(scratch / 'office').as_uri()}"
            command = ["soffice", user, "--headless", "--convert-to", "pdf", "--outdir", str(scratch), str(path)]
            subprocess.run(command, check=True, capture_output=True)
            pdf = scratch / f"{path.stem}.pdf"
        number = "6" if path.suffix == ".pptx" else "1"
        shown = [
            "pdftoppm",
            "-png",
            "-r",
            "70",
            "-f",
            number,
            "-l",
            number,
            "-singlefile",
            str(pdf),
            str(scratch / "p"),
        ]
        subprocess.run(shown, check=True)
        keep(f"rembuk-{path.stem}", (scratch / "p.png").read_bytes())


def keep(name: str, png: bytes) -> None:
    """Writes a picture with few colours, small enough for a repository."""
    picture = Image.open(io.BytesIO(png)).convert("RGB").quantize(128, dither=Image.Dither.NONE)
    picture.save(IMAGES / f"{name}.png", optimize=True)
    print(name, (IMAGES / f"{name}.png").stat().st_size)


if __name__ == "__main__":
    main()
