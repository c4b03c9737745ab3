"""publish.site: a book is published whole or not at all."""

import errno
import fcntl
import sys

import pytest

from publish import links, site, sources


@pytest.fixture
def build(tmp_path, monkeypatch):
    """A build folder of its own."""
    folder = tmp_path / "_build"
    folder.mkdir()
    monkeypatch.setattr(sources, "BUILD", folder)
    monkeypatch.setattr(sources, "HTML", folder / "html")
    monkeypatch.setattr(sources, "PDF", folder / "book.pdf")
    return folder


@pytest.mark.parametrize("atomic", [True, False])
def test_folders_swap_with_and_without_help_of_the_system(tmp_path, monkeypatch, atomic):
    if not atomic:
        monkeypatch.setattr(site.ctypes, "CDLL", lambda *a, **k: object())
    one, other = tmp_path / "one", tmp_path / "other"
    for folder in (one, other):
        folder.mkdir()
        (folder / "name").write_text(folder.name)
    site.exchange(one, other)
    assert (one / "name").read_text() == "other" and (other / "name").read_text() == "one"


def test_a_killed_build_is_cleared_away(build):
    (build / ".next-1" / "html").mkdir(parents=True)
    (build / ".old").mkdir()
    (build / ".old" / "index.html").write_text("old")
    site.clear_leftovers()
    assert [p.name for p in build.iterdir()] == ["html"]
    assert (build / "html" / "index.html").read_text() == "old"


def test_a_lock_that_cannot_be_had_says_why(build, monkeypatch):
    def refuse(*_):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    says = r"lock cannot be locked: No locks available"
    with pytest.raises(site.BuildError, match=says), site.alone():
        pass


@pytest.mark.parametrize(
    "said", ["OSError: [Errno 28] {}", "failed to write PDF ({} (os error 28))"]
)
def test_a_disk_that_was_full_during_the_build_is_named(build, monkeypatch, said):
    """By then there may be room for the log again."""
    text = said.format("No space left on device")
    code = ["-c", f"import sys; sys.exit({text!r})"]
    run = site.subprocess.run
    monkeypatch.setattr(site.subprocess, "run", lambda *_, **k: run([sys.executable, *code], **k))
    with pytest.raises(OSError, match="No space left on device") as raised:
        site._sphinx(build, "html")
    assert (raised.value.errno, raised.value.filename) == (errno.ENOSPC, str(build))


@pytest.mark.parametrize("spoil", ["lost", "changed", "added", "PDF of before"])
def test_what_is_lost_or_changed_is_noticed(build, spoil):
    """A kill may have left the PDF of before beside new pages."""
    sources.HTML.mkdir()
    for file in (sources.HTML / "index.html", sources.HTML / sources.PDF.name, sources.PDF):
        file.write_text("page")
    (sources.HTML / ".sources").write_text(sources.source_digest())
    (sources.HTML / sources.SUMS).write_text("".join(sources.checksums(sources.HTML)))
    assert sources.up_to_date()
    names = {"added": "html/more.html", "PDF of before": sources.PDF.name}
    file = build / names.get(spoil, "html/index.html")
    file.unlink() if spoil == "lost" else file.write_text("other")
    assert not sources.up_to_date()


def test_every_file_that_the_book_is_made_from_counts():
    names = {path.relative_to(sources.ROOT).as_posix() for path in sources.source_files()}
    assert {"_config.yml", "_toc.yml", "requirements.txt", "CITATION.cff", "Makefile"} <= names
    assert {"LICENSE", "data/datapackage.json", "book/summary.ipynb"} <= names
    assert {"book/publish/rules.yaml", "data/sources.csv", "book/_static/report.css"} <= names


def test_dead_links_are_found(tmp_path):
    page = '<a href="b.html#there">x</a><a href="b.html#gone">x</a><img src="no.svg">'
    page += '<a href="../up">x</a>'
    (tmp_path / "a.html").write_text(page)
    (tmp_path / "b.html").write_text('<p id="there"></p><a href="https://example.org/">x</a>')
    assert links.dead(tmp_path) == [
        "a.html: b.html#gone names no place on that page",
        "a.html: no.svg leads nowhere",
        "a.html: ../up leads nowhere",
    ]
