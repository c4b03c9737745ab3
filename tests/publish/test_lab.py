"""make lab: saving a notebook that was run again leaves its file as it was."""

import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from copies import aside, copy

from publish import kits, notebooks

CHURN = {"execution": {"iopub.execute_input": "2026-11-22T10:00:00Z"}, "trusted": True}


@pytest.mark.parametrize("path", notebooks.paths(), ids=lambda path: path.stem)
def test_a_reader_outside_the_book_is_told_where_the_numbers_are(path):
    """JupyterLab, GitHub and nbviewer show {glue:text} as it stands (jupyterlab-myst 40)."""
    words = [cell.source for cell in notebooks.read(path).cells if cell.cell_type == "markdown"]
    if any("{glue:text}`" in text for text in words):
        assert words[0].splitlines()[2].startswith("% In this text a number stands by its name")


def test_what_jupyterlab_adds_is_left_out(tmp_path):
    (path,) = notebooks.paths(["appendix/method"])
    stored = path.read_bytes()
    content = notebooks.read(path)
    content.metadata.language_info = {"name": "python", "version": "3.13.0", "mimetype": "text/x"}
    content.metadata.widgets = {}
    number = 7  # run all cells, in a kernel that had run six before
    for cell in content.cells:
        cell.metadata.update(CHURN)
        if cell.cell_type == "code":
            cell.execution_count = number
            for output in cell.outputs:
                if output.output_type == "execute_result":
                    output.execution_count = number
            number += 1
    notebooks.before_save(model={"type": "notebook", "content": content}, path="x")
    notebooks.write(tmp_path / "saved.ipynb", content)
    assert (tmp_path / "saved.ipynb").read_bytes() == stored


def test_what_a_reader_changed_stays():
    (path,) = notebooks.paths(["appendix/method"])
    content = notebooks.read(path)
    code = [cell for cell in content.cells if cell.cell_type == "code"]
    code[0].metadata["tags"] = ["hide-input"]
    code[1].execution_count = 99  # one cell alone was run again
    notebooks.before_save(model={"type": "notebook", "content": content}, path="x")
    assert code[0].metadata == {"tags": ["hide-input"]} and code[1].execution_count == 99
    notebooks.before_save(model={"type": "file", "content": "text"}, path="x")


@pytest.fixture
def lab(tmp_path):
    """JupyterLab as make lab starts it, in an unzipped rerun kit: its address and the folder."""
    pytest.importorskip("jupyterlab", reason="JupyterLab is not installed: make lab installs it")
    if not shutil.which("chromium"):
        pytest.skip("no chromium on this machine")
    copy(kits.rerun_files(), tmp_path)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = ["--no-browser", f"--port={port}", "--ServerApp.token=", "--allow-root"]
    server = subprocess.Popen(
        [sys.executable, "-m", "jupyterlab", "--config=book/publish/lab.py", "book", *options],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": "book"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    address = f"http://127.0.0.1:{port}"
    try:
        for _ in range(240):
            try:
                urllib.request.urlopen(f"{address}/api").close()
                break
            except OSError:
                time.sleep(0.5)
        yield address, tmp_path / "book"
    finally:
        server.terminate()
        server.wait()


def test_running_all_cells_in_the_browser_changes_nothing(lab):
    aside(run_all_cells, *lab)


def run_all_cells(address, book):
    from playwright.sync_api import sync_playwright

    path, hosts = book / "conclusion.ipynb", set()
    stored, saved = path.read_bytes(), path.stat().st_mtime_ns
    idle = ".jp-Notebook-ExecutionIndicator[data-status=idle]"
    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        page = browser.new_page()
        page.set_default_timeout(120_000)
        page.on("request", lambda request: hosts.add("/".join(request.url.split("/")[:3])))
        page.goto(f"{address}/lab/tree/conclusion.ipynb?reset")
        page.wait_for_selector(idle)
        last = len(nbformat.reads(stored.decode(), as_version=4).cells)
        for _ in range(2):  # the second time in a kernel that has counted on
            page.get_by_role("menuitem", name="Run", exact=True).click()
            page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
            page.wait_for_timeout(3000)
            page.wait_for_selector(idle)
        assert page.locator(".jp-Cell").count() == last
        assert page.locator(".jp-OutputArea .jp-RenderedSVG").count() == 1
        page.keyboard.press("Control+s")
        for _ in range(240):
            if path.stat().st_mtime_ns != saved:
                break
            page.wait_for_timeout(500)
        page.wait_for_timeout(1000)
        browser.close()
    assert path.stat().st_mtime_ns != saved, "it was not saved"
    assert path.read_bytes() == stored
    assert hosts == {address}, "a request left the machine"
