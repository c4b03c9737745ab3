"""The entry of python -m publish: commands.py says what there is."""

from __future__ import annotations

import sys

from publish import sources


def main() -> int:
    """Run a command; a book that is up to date is found to be so before the packages are loaded."""
    if sys.argv[1:] == ["book"] and sources.up_to_date():
        print("Nothing changed since the last build: nothing executed, nothing built.")
        print(sources.HTML / "index.html", sources.PDF, sep="\n")
        return 0
    from publish import commands

    return commands.main()


if __name__ == "__main__":
    sys.exit(main())
