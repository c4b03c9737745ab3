"""Find links of the built pages that lead nowhere."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote, urlsplit

from lxml import etree


def dead(html: Path) -> list[str]:
    """Return a line for each local link, picture or script of any page that does not resolve."""
    html = html.resolve()
    there, places, addresses, lines = {*html.rglob("*")}, {}, [], []
    for path in sorted(html.rglob("*.html")):
        if path.relative_to(html).parts[0] not in {"data", "_static"}:
            page = etree.fromstring(path.read_bytes(), etree.HTMLParser(encoding="utf-8"))
            places[path] = {*page.xpath("//@id")}
            addresses += [(path, address) for address in page.xpath("//@href | //@src") if address]
    for path, address in addresses:
        parts = urlsplit(address)
        if parts.scheme or parts.netloc:
            continue
        target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
        target = target / "index.html" if target.is_dir() else target
        name = path.relative_to(html).as_posix()
        if target not in there:
            lines.append(f"{name}: {address} leads nowhere")
        elif parts.fragment and unquote(parts.fragment) not in places.get(target, ()):
            lines.append(f"{name}: {address} names no place on that page")
    return lines
