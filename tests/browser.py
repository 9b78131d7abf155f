"""Where a Chromium is on this machine, and a page of it with the network off that remembers everything it was told."""

import io
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "microsoft-edge", "msedge", "chrome")
USUAL = (
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
    "{PROGRAMFILES}/Google/Chrome/Application/chrome.exe",
    "{PROGRAMFILES(X86)}/Google/Chrome/Application/chrome.exe",
    "{LOCALAPPDATA}/Google/Chrome/Application/chrome.exe",
    "{PROGRAMFILES}/Microsoft/Edge/Application/msedge.exe",
    "{PROGRAMFILES(X86)}/Microsoft/Edge/Application/msedge.exe",
)


def find_chromium() -> str | None:
    """The path of a Chromium, Chrome or Edge; `None` where there is none."""
    for name in NAMES:
        if found := shutil.which(name):
            return found
    for place in USUAL:
        for key in ("PROGRAMFILES(X86)", "PROGRAMFILES", "LOCALAPPDATA"):
            place = place.replace(f"{{{key}}}", os.environ.get(key, "\0"))
        if "\0" not in place and Path(place).is_file():
            return place
    return None


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser; skips with the reason where there is none, fails where LOKUS_REQUIRE_BROWSER is 1."""
    path = find_chromium()
    if path is None:
        tell = pytest.fail if os.environ.get("LOKUS_REQUIRE_BROWSER") == "1" else pytest.skip
        tell("no Chromium, Chrome or Edge was found: the maps were not opened")
    with sync_playwright() as play:
        # Chromium refuses its sandbox to root.
        root = hasattr(os, "geteuid") and os.geteuid() == 0
        browser = play.chromium.launch(executable_path=path, args=["--no-sandbox"] if root else [])
        yield browser
        browser.close()


@dataclass
class Heard:
    """Everything a page asked for or complained of."""

    requests: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    console: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    dialogs: list[str] = field(default_factory=list)

    def nothing(self) -> bool:
        return not (self.requests or self.failed or self.console or self.errors or self.dialogs)


@contextmanager
def opened(
    browser: Browser, file: Path, size: tuple[int, int] = (1366, 768), *, touch: bool = False
) -> Iterator[tuple[Page, Heard]]:
    """A file in a page with the network off, and what was heard of it."""
    context = browser.new_context(offline=True, viewport={"width": size[0], "height": size[1]}, has_touch=touch)
    page, heard, address = context.new_page(), Heard(), file.resolve().as_uri()

    def asked(request) -> None:
        if request.url != address and not request.url.startswith(("data:", "blob:")):
            heard.requests.append(request.url)

    def asks(dialog) -> None:
        heard.dialogs.append(dialog.message)
        dialog.dismiss()

    page.on("request", asked)
    page.on("requestfailed", lambda request: heard.failed.append(request.url))
    page.on("console", lambda message: heard.console.append(message.text))
    page.on("pageerror", lambda error: heard.errors.append(str(error)))
    page.on("dialog", asks)
    page.goto(address, wait_until="load")
    settle(page)
    yield page, heard
    context.close()


def settle(page: Page) -> None:
    """Two frames. (`wait_for_function` polls by eval in the page, which the page's own policy refuses.)"""
    page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done))))")


AXE = Path(__file__).parent / "vendor" / "axe-core" / "axe.min.js"


def barriers(page: Page) -> list[str]:
    """What axe-core finds serious or critical on a page, whose own policy refuses a script tag but no evaluation."""
    if not page.evaluate("Boolean(window.axe)"):
        page.evaluate(AXE.read_text("utf-8"))
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] }).then(r => r.violations)")
    return [
        f"{v['id']}: {v['help']} {[node['target'] for node in v['nodes']][:5]}"
        for v in found
        if v["impact"] in ("serious", "critical")
    ]


def small(page: Page, size: tuple[int, int] = (64, 36)) -> np.ndarray:
    """What a page looks like from far away: mean colours, height × width × RGB."""
    picture = Image.open(io.BytesIO(page.screenshot(animations="disabled"))).convert("RGB")
    return np.asarray(picture.resize(size, Image.Resampling.BOX), dtype=float)
