"""Find links of the built pages that lead nowhere."""

from __future__ import annotations

from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit


class Page(HTMLParser):
    """The places of a page, and the addresses that it names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.places: set[str] = set()
        self.addresses: list[str] = []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note one element."""
        for name, text in attrs:
            if name == "id" and text:
                self.places.add(text)
            elif name in {"href", "src"} and text:
                self.addresses.append(text)


def dead(html: Path) -> list[str]:
    """Return a line for each local link, picture or script of any page that does not resolve."""
    html = html.resolve()
    pages = {
        path: Page(path.read_text(encoding="utf-8"))
        for path in sorted(html.rglob("*.html"))
        if path.relative_to(html).parts[0] not in {"data", "_static"}
    }
    there = {*html.rglob("*")}
    lines = []
    for path, page in pages.items():
        for address in page.addresses:
            parts = urlsplit(address)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            name = path.relative_to(html).as_posix()
            if target not in there:
                lines.append(f"{name}: {address} leads nowhere")
            elif parts.fragment and (
                target not in pages or unquote(parts.fragment) not in pages[target].places
            ):
                lines.append(f"{name}: {address} names no place on that page")
    return lines
