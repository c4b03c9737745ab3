"""The entry of python -m publish: commands.py says what there is."""

from __future__ import annotations

import io
import sys
from contextlib import suppress

from publish import sources


def main() -> int:
    """Run a command; a book that is up to date is found to be so before the packages are loaded."""
    for stream in (sys.stdout, sys.stderr):  # a minus sign is no reason to fail in an old console
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")
    with suppress(OSError):  # the command itself says what cannot be read
        if sys.argv[1:] == ["book"] and sources.up_to_date():
            said = "Nothing changed since the last build: nothing executed, nothing built."
            print(said, sources.HTML / "index.html", sources.PDF, sep="\n")
            return 0
    from publish import commands

    return commands.main()


if __name__ == "__main__":
    sys.exit(main())
