"""Where a system cannot fork, kernels are started and builders follow one another: same book."""

from hostile import tree

from publish import site

LINE = 'AVAILABLE = sys.platform.startswith("linux")'


def pages(root):
    """Return the sums of what was published, but for what holds the publisher itself."""
    lines = (root / "_build/html" / site.SUMS).read_text().splitlines()
    return [line for line in lines if not line.endswith((" .sources", "-rerun.zip"))]


def test_a_system_that_cannot_fork_makes_the_same_book(book):
    before = pages(book)
    place = book / "book/publish/forkserver.py"
    text = place.read_text(encoding="utf-8")
    assert text.count(LINE) == 1
    place.write_text(text.replace(LINE, "AVAILABLE = False"))
    (book / "book/summary.ipynb").write_text(tree.notebook(), encoding="utf-8")
    made = tree.run(book, "book")
    assert made.returncode == 0, made.stderr
    assert "summary: ran in" in made.stdout
    assert tree.faults_of(book / "_build/html") == []
    assert pages(book) == before
