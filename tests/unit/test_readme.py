"""What the README names is there: files, commands, the picture."""

import re
import struct

import pytest

from report import data

README = (data.ROOT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (data.ROOT / "Makefile").read_text(encoding="utf-8")
VERBS = re.findall(r"(?m)^([a-z-]+):.*##", MAKEFILE)


@pytest.mark.parametrize(
    "path", sorted(set(re.findall(r"`((?:book|data|tests|LICENSE|CITATION)[\w./-]*)`", README)))
)
def test_every_file_that_is_named_is_there(path):
    assert (data.ROOT / path).exists()


def test_every_command_that_is_named_is_a_verb_of_the_makefile():
    named = set(re.findall(r"(?m)(?:`|^    )make ([a-z-]+)", README))
    assert {"book", "test", "reproduce", "bench", "mutate"} <= named <= set(VERBS)


@pytest.mark.parametrize("text", re.findall(r"!\[[^]]*\]\([^)]*\)", README) or ["no picture"])
def test_its_picture_is_there_and_described(text):
    _, path = re.fullmatch(r"!\[([^]]{20,})\]\(([^)]*)\)", text).groups()
    raw = (data.ROOT / path).read_bytes()
    assert raw[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", raw[16:24])
    assert width >= 1000 and height >= 600 and len(raw) < 200_000
