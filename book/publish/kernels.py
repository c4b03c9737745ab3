"""Kernels that are forks of one process, which has loaded the packages: it starts at the first.

To start and to import what every notebook imports takes a kernel two seconds of processor time, a
fork of a process that has done so hardly any. Elsewhere than on Linux kernels start as usual:
libraries of macOS do not stand a fork.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import os
import sys
import threading
from contextlib import suppress
from importlib.metadata import EntryPoint
from typing import Any

from jupyter_client.provisioning import KernelProvisionerFactory, LocalProvisioner

NAME = "local-provisioner"  # what jupyter_client looks for when a kernel names no other
#: Same outputs whatever the machine is set to, and whatever a reader has installed at home.
ENV = {
    "PYTHONHASHSEED": "0",
    "TZ": "UTC",
    "LC_ALL": "C.UTF-8",
    "PYTHONNOUSERSITE": "1",
    "MPLBACKEND": "agg",
    "PYDEVD_DISABLE_FILE_VALIDATION": "1",  # else the debugger, once loaded, writes to stderr
}


def begin(arguments: list[str], cwd: str, env: dict[str, str]) -> None:
    """Be a kernel, in a process of its own, until it is told to end or the command has ended."""
    from ipykernel.kernelapp import launch_new_instance

    def follow() -> None:
        parent: Any = multiprocessing.parent_process()
        parent.join()
        os._exit(1)

    threading.Thread(target=follow, daemon=True).start()
    os.setsid()  # Ctrl-C is for the command, which ends its kernels
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)  # what a cell writes leaves by another way
    os.chdir(cwd)
    os.environ.update(env)
    launch_new_instance(argv=[*arguments, "--IPKernelApp.parent_handle=1"])  # it is followed here


class Fork(LocalProvisioner):
    """Starts a kernel as a fork; jupyter_client asks it for all that concerns the process."""

    async def launch_kernel(self, cmd: list[str], **how: Any) -> Any:
        """Start it, with what the command would have been given after the name of the module."""
        forks: Any = multiprocessing.get_context("forkserver")
        forks.set_forkserver_preload(["publish.ahead"])
        arguments = cmd[cmd.index("-f") :]
        self.process: Any = forks.Process(target=begin, args=(arguments, how["cwd"], how["env"]))
        self.process.start()
        return self.connection_info

    async def poll(self) -> int | None:
        """Return its exit status; None while it runs."""
        return self.process.exitcode if self.process else 0

    async def wait(self) -> int | None:
        """Return its exit status when it has ended."""
        while (status := await self.poll()) is None:
            await asyncio.sleep(0.01)
        self.process = None
        return status

    async def send_signal(self, signum: int) -> None:
        """Send it a signal."""
        with suppress(ProcessLookupError):
            os.kill(self.process.pid, signum)


def fork() -> None:
    """From now on let kernels of this process be forks."""
    if sys.platform == "linux":
        entry = EntryPoint(NAME, f"{__name__}:Fork", KernelProvisionerFactory.GROUP_NAME)
        KernelProvisionerFactory.instance().provisioners[NAME] = entry
