"""Keep the code of a notebook to the repository: it reads data/ and packages, and writes nothing.

A report that can be rerun anywhere must not lean on a file, program or address of one machine.
This stops mistakes, not malice: compiled code can open files that Python does not hear of.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

#: Names of what Python is about to do that starts a program or reaches another machine.
FORBIDDEN = (
    *("subprocess.Popen", "os.system", "os.exec", "os.posix_spawn", "os.fork", "os.startfile"),
    *("socket.connect", "socket.getaddrinfo", "socket.sendto"),
)
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND


def install(root: str) -> None:
    """Refuse, in this process and from now on, what a notebook in ``root`` has no need of.

    To be called when the packages are loaded, which look for fonts and settings outside of it.
    """
    places = {root, sys.prefix, sys.base_prefix, str(Path(os.__file__).parent)}
    roots = tuple(os.path.realpath(place) + os.sep for place in places)

    def listen(event: str, arguments: tuple[Any, ...]) -> None:
        if event in FORBIDDEN:
            raise PermissionError(f"a notebook may not start programs or use the network: {event}")
        if event != "open" or not isinstance(arguments[0], str | bytes):
            return
        path = os.path.realpath(os.fsdecode(arguments[0]))
        if path != os.devnull and not path.startswith(roots):
            raise PermissionError(f"a notebook may read only inside the repository, not {path}")
        if arguments[2] & WRITING and "__pycache__" not in path and path != os.devnull:
            raise PermissionError(f"a notebook may not write files: {path}")

    sys.addaudithook(listen)
