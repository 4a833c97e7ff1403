"""Processes that are pinned to one core, and what the kernel says they cost."""

from __future__ import annotations

import contextlib
import http.client
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from typing import Any, Callable
from urllib.parse import urlsplit

READY_SECONDS = 20
STOP_SECONDS = 5
LISTENING = re.compile(r"listening on (http://[\w.]+:\d+)")
PAGE = os.sysconf("SC_PAGE_SIZE")


class NotMeasured(Exception):
    """Something did not start, answer or last, so there is no figure to print."""


class Server:
    """A server of our own: started, asked until it answers, ended with all its children."""

    def __init__(
        self, name: str, argv: list[str], core: int, folder: Path,
        url: str | None = None, env: dict[str, str] | None = None,
    ) -> None:
        self.name = name
        self.stopped = False
        self.log = folder / f"{name}.log"
        with self.log.open("w") as log:
            spawned = time.perf_counter()
            self.child = subprocess.Popen(
                ["taskset", "--cpu-list", str(core), *argv],
                cwd=folder, env=os.environ | (env or {}), stdin=subprocess.DEVNULL,
                stdout=log, stderr=log,
                # A group of its own, so that ending it ends its workers and nobody else's.
                start_new_session=True,
            )
        try:
            self.url = url or self._wait(self._printed_url)
            self._wait(self._answers)
        except BaseException:
            self.stop()
            raise
        self.start_seconds = time.perf_counter() - spawned

    def cpu_seconds(self) -> float:
        """User and system time since the start, workers and ended threads included.

        The kernel's CPU clock of a process (clock_getcpuclockid(3)): the sum that /proc/PID/stat
        rounds to ticks of 10 ms, in nanoseconds.
        """
        return sum(time.clock_gettime((~pid << 3) | 2) for pid in self._family())

    def resident_bytes(self) -> int:
        """Resident memory; what workers share is counted for each."""
        pages = (Path(f"/proc/{pid}/statm").read_text().split()[1] for pid in self._family())
        return sum(map(int, pages)) * PAGE

    def stop(self) -> None:
        """Ends the process and its workers, politely first; a second call does nothing."""
        if self.stopped:
            return
        self.stopped = True
        for ending in (signal.SIGTERM, signal.SIGKILL):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.child.pid, ending)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.child.wait(STOP_SECONDS)

    def _family(self) -> list[int]:
        """The process and its children, and theirs."""
        parents = {}
        for stat in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # ended meanwhile
                # The name of the program, in brackets, may itself hold brackets and spaces.
                fields = stat.read_text().rpartition(")")[2].split()
                parents[int(stat.parent.name)] = int(fields[1])
        family = [self.child.pid]
        for pid in family:
            family += [child for child, parent in parents.items() if parent == pid]
        return family

    def _wait(self, step: Callable[[], Any]) -> Any:
        """What `step` returns, as soon as that is something."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            if self.child.poll() is not None:
                code = self.child.returncode
                raise NotMeasured(f"{self.name} ended with {code}:\n{self._tail()}")
            if found := step():
                return found
            time.sleep(0.0005)
        raise NotMeasured(f"{self.name} does not serve within {READY_SECONDS} s:\n{self._tail()}")

    def _printed_url(self) -> str | None:
        found = LISTENING.search(self.log.read_text(errors="replace"))
        return found and found[1]

    def _answers(self) -> bool:
        address = urlsplit(self.url)
        connection = http.client.HTTPConnection(address.hostname, address.port, timeout=1)
        try:
            connection.request("GET", "/health/liveliness")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()

    def _tail(self) -> str:
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-20:])
