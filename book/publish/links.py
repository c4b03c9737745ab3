"""Find links of the built pages that lead nowhere."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup


def dead(html: Path) -> list[str]:
    """Return a line for each local link, picture or script of any page that does not resolve."""
    pages = {
        path: BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")
        for path in sorted(html.rglob("*.html"))
        if path.relative_to(html).parts[0] not in {"data", "_static"}
    }
    anchors = {path: {tag["id"] for tag in soup.find_all(id=True)} for path, soup in pages.items()}
    lines = []
    for path, soup in pages.items():
        for tag in soup.find_all(["a", "link", "img", "script", "source"]):
            address = str(tag.get("href") or tag.get("src") or "")
            if not address or urlsplit(address).scheme or address.startswith("//"):
                continue
            parts = urlsplit(address)
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if target.is_dir():
                target /= "index.html"
            name = path.relative_to(html).as_posix()
            if not target.is_relative_to(html.resolve()) or not target.exists():
                lines.append(f"{name}: {address} leads nowhere")
            elif parts.fragment and unquote(parts.fragment) not in anchors.get(target, set()):
                lines.append(f"{name}: {address} names no place on that page")
    return lines
