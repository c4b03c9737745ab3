"""Every package is pinned, hashed, licensed and listed beside the book."""

import json
import re

import pytest
from licences import LOCKS, ROOT, licence, listed, locked

from publish import sbom

#: Licences under which a package may be installed beside MIT code, which it does not become part
#: of: nothing of a package is in this repository or in the book.
ALLOWED = (
    r"MIT|BSD|Apache|ISC|Python Software Foundation|PSF|MPL|Mozilla|0BSD|Zlib|CC0|Unlicense"
    r"|SIL Open Font License|OFL|Public Domain|HPND|MIT-CMU|Artistic"
    r"|Lesser General Public|LGPL"  # a library that is called, and replaced, by its user
)


@pytest.mark.parametrize("lock", LOCKS)
def test_every_package_is_pinned_and_hashed_and_from_no_special_place(lock):
    text = (ROOT / lock).read_text(encoding="utf-8")
    entries = re.split(r"\n(?=\S)", text.strip())
    assert len(entries) > 20
    for entry in entries:
        assert re.match(r"[\w.-]+==[\w.!+]+( ;[^\\\n]+)? \\\n", entry), entry.splitlines()[0]
        rest = entry.splitlines()[1:]
        assert rest
        assert all(re.fullmatch(r"    --hash=sha256:[0-9a-f]{64}( \\)?", line) for line in rest)
    assert not re.search(r"https?://|--index|--extra|--find-links|git\+|file:|@ ", text)


@pytest.mark.parametrize("wanted", ["requirements.in", "tests/requirements.in", "tests/lab.in"])
def test_every_direct_dependency_has_a_reason_and_is_locked(wanted):
    lines = (ROOT / wanted).read_text(encoding="utf-8").splitlines()
    names = locked()
    for line in [line for line in lines if line.strip() and not line.startswith(("#", "-c"))]:
        requirement, _, reason = line.partition("#")
        assert reason.strip() or requirement.startswith("font-"), line
        assert re.match(r"[\w-]+", requirement)[0] in names, line


def test_the_licence_of_every_package_is_listed_and_compatible():
    known = listed()
    assert [*known] == [*locked()], "run: python tests/licences.py"
    assert {name: said for name, said in known.items() if not re.search(ALLOWED, said)} == {}


def test_the_list_is_what_the_packages_say():
    known = listed()
    said = {name: licence(name) for name in locked()}
    assert {n: (known[n], now) for n, now in said.items() if now and now != known[n]} == {}


def test_the_bill_of_materials_names_every_package_of_the_lock(tmp_path):
    sbom.write(tmp_path)
    raw = (tmp_path / sbom.NAME).read_bytes()
    bill = json.loads(raw)
    lock = (ROOT / "requirements.txt").read_text(encoding="utf-8")
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    pins = re.findall(r"(?m)^([\w.-]+)==([\w.!+]+)", lock)
    assert [(c["name"], c["version"]) for c in bill["components"]] == pins
    hashes = [
        h["content"] for c in bill["components"] for h in c["externalReferences"][0]["hashes"]
    ]
    assert hashes == re.findall(r"sha256:(\w{64})", lock)
    sbom.write(tmp_path)
    assert (tmp_path / sbom.NAME).read_bytes() == raw


def test_a_lock_with_a_loose_end_is_refused():
    with pytest.raises(ValueError, match="pins no version here: pandas>=3"):
        sbom.components("numpy==2 \\\n    --hash=sha256:" + "0" * 64 + "\npandas>=3\n")
