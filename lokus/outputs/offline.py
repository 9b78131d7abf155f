"""A Folium page that carries everything inside itself, or is refused.

Folium links its scripts and styles by name; here each link becomes the vendored file of that name. A link without a
vendored file, an altered file, or a layer that would fetch tiles is refused, and the page's own content security policy
forbids the browser to fetch anything at all.
"""

from __future__ import annotations

import hashlib
import json
import re
from functools import cache
from html import escape
from importlib.resources import files
from typing import Any

from branca.element import CssLink, Element, Figure, JavascriptLink, Link
from jinja2 import Template

from lokus.errors import LokusError

POLICY = (
    "default-src 'none'; script-src 'unsafe-inline'; style-src 'unsafe-inline'; img-src data: blob:; "
    "font-src data:; base-uri 'none'; form-action 'none'"
)
FETCHES = re.compile(
    r"""<(?:script|img|iframe|source|audio|video|embed|object|input)\b[^>]*?\s(?:src|data)\s*=\s*["']?(?!data:|blob:)[^"'\s>]"""
    r"""|<link\b[^>]*?\shref\s*=\s*["']?(?!data:)[^"'\s>]|@import\s|url\(\s*["']?(?:https?:)?//""",
    re.IGNORECASE,
)
PINNED_VIEWPORT = re.compile(r"""<meta name="viewport" content="[^"]*user-scalable=no" />""")
# What stands in these cannot fetch: it was vendored and inlined by us, or it is data that no one executes.
INERT = re.compile(r"""<(script|style) data-asset="[^"]*">.*?</\1>|<script type="application/json".*?</script>""", re.S)


class NotSelfContained(LokusError):
    """The page would need something from outside itself."""

    def __init__(self, reason: str) -> None:
        super().__init__("not_self_contained", reason=reason)


@cache
def web(name: str) -> str:
    """A file of `outputs/web`, with the line ends of Unix however it was checked out."""
    return files("lokus.outputs").joinpath("web", *name.split("/")).read_text("utf-8")


@cache
def manifest() -> dict[str, dict[str, str]]:
    """The vendored files by the name that Folium gives their link."""
    kept: dict[str, dict[str, str]] = json.loads(web("vendor/manifest.json"))
    return kept


class OfflineFigure(Figure):
    """A branca figure that renders to one file without a single request; `NotSelfContained` where it cannot.

    `title` and `lang` are the page's. Folium's random element ids are numbered anew, so the same map is the same bytes.
    """

    _template = Template(
        '<!DOCTYPE html>\n<html lang="{{ this.lang|e }}">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" content="{{ this.policy }}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{{ this.title|e }}</title>\n'
        "{{ this.header.render(**kwargs) }}\n</head>\n<body>\n{{ this.html.render(**kwargs) }}\n"
        "<script>\n{{ this.script.render(**kwargs) }}\n</script>\n</body>\n</html>\n"
    )
    policy = POLICY

    def __init__(self, title: str, lang: str) -> None:
        super().__init__(title=title)
        self.lang = lang
        self.header._children.clear()

    def render(self, **kwargs: Any) -> str:
        """The whole page."""
        elements = list(_tree(self))
        for element in elements:
            _refuse_tiles(element)
        for child in self._children.values():
            child.render(**kwargs)
        for part in (self.header, self.html, self.script):
            for name, element in list(part._children.items()):
                if isinstance(element, Link):
                    part._children[name] = inlined(name, "css" if isinstance(element, CssLink) else "js")
        # Folium forbids a reader to enlarge the page with two fingers.
        page = PINNED_VIEWPORT.sub("", self._template.render(this=self, kwargs=kwargs))
        if found := FETCHES.search(INERT.sub("", page)):
            raise NotSelfContained(found[0][:120])
        numbered = {element._id: str(n) for n, element in enumerate(elements)}
        return re.sub(r"(?<=_)[0-9a-f]{32}(?![0-9a-f])", lambda m: numbered.get(m[0], m[0]), page)


class Inlined(Element):
    """A vendored file as it is; as a template of its own it would be read for what templates mean by braces."""

    _template = Template("{{ this.code }}")

    def __init__(self, code: str) -> None:
        super().__init__()
        self.code = code


def inlined(name: str, kind: str) -> Inlined:
    """The vendored file of a Folium link as an element that holds its text. `kind`: "js" or "css"."""
    asset = manifest().get(name)
    if asset is None or asset["kind"] != kind:
        raise NotSelfContained(name)
    code = web(f"vendor/{asset['file']}")
    if hashlib.sha256(code.encode()).hexdigest() != asset["sha256"]:
        raise NotSelfContained(asset["file"])
    tag = "script" if kind == "js" else "style"
    return Inlined(f'<{tag} data-asset="{escape(asset["package"])}">{code}</{tag}>')


def _tree(element: Element) -> Any:
    yield element
    for child in element._children.values():
        yield from _tree(child)


def _refuse_tiles(element: Element) -> None:
    # A tile layer is made by script: it leaves no tag in the page that one could look for.
    for attribute in ("tiles", "url", "embed_link"):
        address = getattr(element, attribute, None)
        if isinstance(address, str) and not isinstance(element, JavascriptLink | CssLink) and "//" in address:
            raise NotSelfContained(f"{type(element).__name__}: {address[:80]}")
