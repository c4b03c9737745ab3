"""Run the publisher, and Sphinx, in forks of one process that has imported what they need.

Each line of the input is a run: where to write what is said, the arguments, the environment.
The answer is the number of its process, which leads a group of its own, and then its status.
"""

import json
import os
import subprocess
import sys
import traceback
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import furo  # noqa: F401
import myst_nb  # noqa: F401
import sphinx_design  # noqa: F401
import sphinxcontrib.bibtex  # noqa: F401

from publish import commands, site, sources, sphinx_run, validation  # noqa: F401

start = subprocess.run


def fork(run: Callable[[], int], out: int, err: int) -> int:
    """Call a function in a fork whose output goes to two files; return its status."""
    if child := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        for file, number in ((os.open(os.devnull, os.O_RDONLY), 0), (out, 1), (err, 2)):
            os.dup2(file, number)
        status = run()
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    os._exit(status)


def build(arguments: list[Any], **how: Any) -> subprocess.CompletedProcess[str]:
    """Stand for the process that site starts for the builders; others are started."""
    if "publish.sphinx_run" not in arguments:
        return start(arguments, **how)
    log = os.memfd_create("log")
    out, *builders = arguments[3:]
    status = fork(lambda: sphinx_run.main(Path(out), *builders), log, log)
    said = os.pread(log, os.fstat(log).st_size, 0).decode()
    return subprocess.CompletedProcess(arguments, status, said)


def publish(arguments: list[str], environment: dict[str, str], answers: int) -> int:
    """Do what "python -m publish" does, at the head of a group of processes."""
    os.setsid()
    os.write(answers, f"{os.getpid()}\n".encode())
    os.chdir(sources.ROOT)  # the folder may be another one of this name
    os.environ.update(environment)
    sys.argv = ["publish", *arguments]
    return commands.main()


def main() -> None:
    """Run what each line of the input asks for."""
    site.subprocess.run = build
    answers = os.dup(1)
    os.write(answers, b"ready\n")
    for line in sys.stdin:
        said, arguments, environment = json.loads(line)
        how = os.O_CREAT | os.O_TRUNC | os.O_WRONLY
        out, err = (os.open(f"{said}.{end}", how) for end in ("out", "err"))
        status = fork(partial(publish, arguments, environment, answers), out, err)
        os.write(answers, f"{status}\n".encode())
        os.close(out)
        os.close(err)


if __name__ == "__main__":  # a kernel, which is forked, looks at this file too
    main()
