"""Start kernels as forks of one process that has loaded the packages: a second less for each.

Each notebook still has a process and a kernel of its own, in which none of its code and none of
the report's has run before. Only what comes from the lock is there already: Python, IPython,
pandas, matplotlib, fontTools. On Linux alone: elsewhere forks of such a process are not safe.
"""

from __future__ import annotations

import importlib
import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.local_provisioner import LocalProvisioner

#: Whether kernels and builders are forks here.
AVAILABLE = sys.platform.startswith("linux")
#: What the report's package loads, and the kernel itself.
PACKAGES = (
    *("ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", "IPython.core.completer"),
    *("IPython.core.debugger", "IPython.core.oinspect", "IPython.extensions.storemagic"),
    *("psutil", "sqlite3", "tornado.locks", "tornado.queues", "tornado.platform.asyncio"),
    *("pandas", "matplotlib.figure", "matplotlib.backends.backend_svg", "matplotlib.style"),
    *("fontTools.subset", "fontTools.ttLib.tables.O_S_2f_2"),
)


class ForkServer:
    """A process that forks a kernel for each line it is sent; it ends when its input does."""

    def __init__(self, environment: dict[str, str]) -> None:
        self.process: Any = subprocess.Popen(
            [sys.executable, "-P", __file__],
            # A kernel finds modules beside its notebook, not where ours were found.
            env={key: text for key, text in environment.items() if key != "PYTHONPATH"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )

    def fork(self, connection_file: str, folder: str) -> int:
        """Return the process id of a new kernel; RuntimeError when there is none."""
        try:
            self.process.stdin.write(json.dumps([connection_file, folder]) + "\n")
            self.process.stdin.flush()
            return int(self.process.stdout.readline())
        except (ValueError, OSError):
            raise RuntimeError("the packages that every notebook needs cannot be loaded") from None

    def close(self) -> None:
        """End it; a kernel that is still there ends too, when it notices."""
        self.process.communicate()


class Forked:
    """A process that is not our child, with what LocalProvisioner asks of a Popen."""

    stdin = stdout = stderr = None

    def __init__(self, pid: int) -> None:
        self.pid = pid
        try:
            self._fd = os.pidfd_open(pid)
        except ProcessLookupError:
            self._fd = -1

    def poll(self) -> int | None:
        """Return None while it is alive; its exit status is not known to us."""
        if self._fd >= 0 and select.select([self._fd], [], [], 0)[0]:
            self._close()
        return None if self._fd >= 0 else 1

    def wait(self) -> int:
        """Wait for its end."""
        if self._fd >= 0:
            select.select([self._fd], [], [])
            self._close()
        return 1

    def send_signal(self, signum: int) -> None:
        """Send a signal, if it is alive."""
        if self.poll() is None:
            signal.pidfd_send_signal(self._fd, signum)

    def terminate(self) -> None:
        """Ask it to end."""
        self.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """End it."""
        self.send_signal(signal.SIGKILL)

    def _close(self) -> None:
        os.close(self._fd)
        self._fd = -1


class ForkProvisioner(LocalProvisioner):
    """Launches kernels by a fork server instead of a new interpreter."""

    server: ForkServer

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """Fork a kernel for the connection file that the kernel manager has written."""
        manager: Any = self.parent
        folder = str(kwargs.get("cwd") or Path.cwd())
        process: Any = Forked(self.server.fork(manager.connection_file, folder))
        self.process = process
        # Each kernel leads a group of its own, so that what it started ends with it.
        self.pid = self.pgid = process.pid
        self.cwd: Any = folder
        return self.connection_info


def provide(manager: Any, server: ForkServer) -> None:
    """Let a kernel manager that has not started its kernel get it from a fork server."""
    manager.provisioner = ForkProvisioner(
        parent=manager, kernel_id=manager.kernel_id, kernel_spec=manager.kernel_spec
    )
    manager.provisioner.server = server


def serve() -> None:
    """Load the packages, then fork a kernel for each line: [connection file, folder]."""
    # ipykernel reads this when it is imported; a kernel without its parent ends itself.
    os.environ["JPY_PARENT_PID"] = str(os.getpid())
    sys.modules["debugpy"] = None  # type: ignore[assignment]  # half of a kernel's start, unused
    for name in PACKAGES:
        importlib.import_module(name)
    signal.signal(signal.SIGCHLD, reap)
    for line in sys.stdin:
        connection_file, folder = json.loads(line)
        if child := os.fork():
            print(child, flush=True)
        else:
            become_kernel(connection_file, folder)


def reap(*_: Any) -> None:
    """Take leave of kernels that ended; their processor time counts as the server's."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass


def become_kernel(connection_file: str, folder: str) -> None:
    """Be a kernel to the end of this process."""
    status = 1
    try:
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        os.setsid()
        os.chdir(folder)
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        sys.argv = ["ipykernel_launcher", "-f", connection_file]
        from ipykernel.kernelapp import launch_new_instance

        launch_new_instance()
        status = 0
    finally:
        os._exit(status)  # what runs at the end of the fork server is not the kernel's to run


if __name__ == "__main__":
    serve()
