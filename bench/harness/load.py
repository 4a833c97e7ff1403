"""One run of the load against one server, with what it cost the server."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass

from .process import NotMeasured, Server
from .targets import TOOLS

# A failing gateway answers fast; beyond this share its figures say nothing.
MAX_ERROR_SHARE = 0.01
STREAM_TOKENS = 100


@dataclass(frozen=True)
class Shape:
    """What is asked: plain answers for `seconds`, or `streams` of tokens per connection."""

    connections: int
    seconds: float = 60
    streams: int = 0

    def flags(self) -> list[str]:
        flags = ["--connections", str(self.connections), "--seconds", str(self.seconds)]
        if self.streams:
            requests = self.connections * self.streams
            # Started over a second: in lockstep, all chunks of 10 ms would queue at once.
            flags += ["--requests", str(requests), "--tokens", str(STREAM_TOKENS)]
            flags += ["--spread-ms", "1000"]
        return flags


def run(server: Server, shape: Shape, core: int) -> dict[str, float]:
    """The figures of one run: requests per second, times in us, CPU time per request in us."""
    url = f"{server.url}/v1/chat/completions"
    argv = ["taskset", "--cpu-list", str(core), str(TOOLS / "load"), "--url", url, *shape.flags()]
    before = server.cpu_seconds()
    ended = subprocess.run(argv, capture_output=True, text=True, timeout=shape.seconds + 120)
    cpu = server.cpu_seconds() - before
    if ended.returncode != 0:
        raise NotMeasured(f"the load on {server.name} failed: {ended.stderr.strip()}")
    seen = json.loads(ended.stdout)
    if seen["errors"] > MAX_ERROR_SHARE * seen["requests"]:
        raise NotMeasured(
            f"{server.name}, {shape}: {seen['errors']} errors beside {seen['requests']} answers, "
            f"the first: {seen['first_error']}"
        )
    figures = {
        "errors": seen["errors"],
        "rate": seen["requests_per_second"],
        "cpu": cpu * 1e6 / seen["requests"],
    }
    for measure in ("latency", "first_token", "chunk_delay", "chunk_gap"):
        if times := seen.get(f"{measure}_us"):
            figures |= {f"{measure}_{name}": time for name, time in times.items()}
    return figures
