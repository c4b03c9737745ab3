"""Run Jupyter Book's Sphinx for some builders: python -m publish.sphinx_run OUT BUILDER..."""

from __future__ import annotations

import sys
from pathlib import Path

import yaml
from jupyter_book.config import validate_yaml
from jupyter_book.sphinx import build_sphinx


def main(out: Path, builders: list[str]) -> int:
    """Build each builder's output into out/BUILDER; return 0, or 1 at the first failure.

    The builders share one folder of doctrees, so that sources are read once.
    """
    root = Path.cwd()
    config = root / "_config.yml"
    # Jupyter Book only remarks on a wrong key; here it stops the build.
    validate_yaml(yaml.safe_load(config.read_text(encoding="utf-8")), raise_on_errors=True)
    for builder in builders:
        result = build_sphinx(
            root,
            out / builder,
            noconfig=True,
            path_config=config,
            confoverrides={
                "latex_individualpages": False,
                "external_toc_path": (root / "_toc.yml").as_posix(),
            },
            doctreedir=out / "doctrees",
            builder=builder,
            warningiserror=True,
            keep_going=True,
        )
        if result:
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
