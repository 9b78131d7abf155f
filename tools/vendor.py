"""Refreshes the JavaScript and CSS that every map carries inside itself, and what the tests look at it with.

For maintainers; users need no Node.

`python tools/vendor.py` packs each pinned package with npm, takes only the files named here, turns the pictures a style
sheet links into data URIs, and writes `manifest.json` (folium's element name → file, package, licence, sha256).
"""

from __future__ import annotations

import base64
import hashlib
import json
import mimetypes
import re
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
VENDOR = ROOT / "lokus" / "outputs" / "web" / "vendor"
TESTS = ROOT / "tests" / "vendor"

# package@version → {folium's element name: file in the package}
PINS: dict[str, dict[str, str]] = {
    "leaflet@1.9.4": {"leaflet": "dist/leaflet.js", "leaflet_css": "dist/leaflet.css"},
}
# package@version → files of the package that only tests use, taken as they are
TESTED: dict[str, tuple[str, ...]] = {"axe-core@4.14.1": ("axe.min.js", "LICENSE")}
LINKED = re.compile(r"""url\(\s*(['"]?)(?!data:|#)([^'")]+)\1\s*\)""")
SOURCE_MAP = re.compile(r"^\s*(//|/\*)[#@]\s*sourceMappingURL=.*$", re.MULTILINE)


def main() -> None:
    """Lays both vendor folders anew."""
    shutil.rmtree(VENDOR, ignore_errors=True)
    VENDOR.mkdir(parents=True)
    manifest: dict[str, dict[str, str]] = {}
    for package, wanted in PINS.items():
        with tempfile.TemporaryDirectory() as folder:
            manifest.update(_take(package, wanted, _unpacked(package, Path(folder))))
    (VENDOR / "manifest.json").write_text(json.dumps(manifest, indent=2, sort_keys=True) + "\n", "utf-8")
    for package, files in TESTED.items():
        _keep_for_tests(package, files)


def _keep_for_tests(package: str, files: tuple[str, ...]) -> None:
    home = TESTS / package.rsplit("@", 1)[0]
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        root = _unpacked(package, Path(folder))
        for name in files:
            shutil.copy(root / name, home / name)


def _unpacked(package: str, folder: Path) -> Path:
    subprocess.run(["npm", "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    with tarfile.open(next(folder.glob("*.tgz"))) as archive:
        archive.extractall(folder, filter="data")
    return folder / "package"


def _take(package: str, wanted: dict[str, str], root: Path) -> dict[str, dict[str, str]]:
    name = package.rsplit("@", 1)[0].rsplit("/", 1)[-1]
    licence = next(root.glob("LICEN[SC]E*"))
    shutil.copy(licence, VENDOR / f"{name}.LICENSE")
    taken = {}
    for element, inside in wanted.items():
        source = root / inside
        code = SOURCE_MAP.sub("", source.read_text("utf-8"))
        if source.suffix == ".css":
            code = LINKED.sub(lambda link, at=source.parent: _data_uri(at / link[2]), code)  # type: ignore[misc]
        # An inlined file must not close the tag that it stands in.
        code = code.replace("</script", "<\\/script").replace("</style", "<\\/style").strip() + "\n"
        (VENDOR / source.name).write_text(code, "utf-8", newline="\n")
        taken[element] = {
            "file": source.name,
            "kind": source.suffix[1:],
            "licence": json.loads((root / "package.json").read_text("utf-8"))["license"],
            "package": package,
            "sha256": hashlib.sha256(code.encode()).hexdigest(),
        }
    return taken


def _data_uri(picture: Path) -> str:
    kind = mimetypes.guess_type(picture.name)[0]
    return f'url("data:{kind};base64,{base64.b64encode(picture.read_bytes()).decode()}")'


if __name__ == "__main__":
    main()
