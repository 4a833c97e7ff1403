"""Runs the sanso binary, and reads what it tells: headers, metrics, output."""

import os
import re
import signal
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

import openai
from plain_http import get

REPOSITORY = Path(__file__).resolve().parents[2]
BINARY = Path(os.environ.get("SANSO_BIN", REPOSITORY / "target/debug/sanso"))
START_LIMIT_S = 10
STOP_LIMIT_S = 10
CLIENT_LIMIT_S = 20

_LISTENING = re.compile(r"listening on http://127\.0\.0\.1:(\d+)")
_SAMPLE = re.compile(r"^(\w+)(?:\{(.*)\})? (\S+)", re.MULTILINE)
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')
_ATTEMPT = re.compile(r"^(?P<model>[^=]+)=(?P<outcome>.+)@(?P<ms>\d+)ms$")


@dataclass(frozen=True)
class Attempt:
    """One entry of `x-sanso-attempts`."""

    model: str
    outcome: str


def trail(headers):
    """The attempts that an answer's header names, in order."""
    attempts = []
    for entry in filter(None, headers["x-sanso-attempts"].split("; ")):
        match = _ATTEMPT.match(entry)
        assert match, f"not an attempt: {entry!r}"
        attempts.append(Attempt(match["model"], match["outcome"]))
    return attempts


@dataclass(frozen=True)
class Sample:
    """One line of a Prometheus page."""

    name: str
    labels: dict[str, str]
    value: float


def samples(page):
    """The samples of a Prometheus page; comments are left out."""
    return [
        Sample(name, dict(_LABEL.findall(labels)), float(value))
        for name, labels, value in _SAMPLE.findall(page)
    ]


class Gateway:
    """One `sanso serve` process on a port of its own."""

    def __init__(self, config, env, folder):
        self.env = env
        path = folder / "config.yaml"
        path.write_bytes(config.encode())
        self._lines, self._said = [], threading.Condition()
        # Nothing of the caller's environment but PATH: no key, no proxy, no setting leaks in.
        self.process = subprocess.Popen(
            [BINARY, "serve", "--config", path, "--port", "0"],
            cwd=folder,
            env={"PATH": os.environ["PATH"], "HOME": str(folder)} | env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        self.port = self._wait_listening()

    def _read(self):
        for line in self.process.stdout:
            with self._said:
                self._lines.append(line)
                self._said.notify_all()
        with self._said:
            self._lines.append("")
            self._said.notify_all()

    def _wait_listening(self):
        def settled():
            return _LISTENING.search(self.output) or "" in self._lines

        with self._said:
            self._said.wait_for(settled, START_LIMIT_S)
        match = _LISTENING.search(self.output)
        if not match:
            self.kill()
            raise AssertionError(f"sanso does not listen; it said:\n{self.output}")
        return int(match[1])

    @property
    def output(self):
        return "".join(self._lines)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}"

    def metrics(self):
        reply = get(self.port, "/metrics")
        assert reply.status == 200
        return samples(reply.body.decode())

    def client(self, api_key="sk-of-the-client"):
        """A client as users have it, but without retries of its own."""
        return openai.OpenAI(
            base_url=f"{self.url}/v1",
            api_key=api_key,
            max_retries=0,
            timeout=CLIENT_LIMIT_S,
            http_client=openai.DefaultHttpxClient(trust_env=False),
        )

    def async_client(self, api_key="sk-of-the-client"):
        return openai.AsyncOpenAI(
            base_url=f"{self.url}/v1",
            api_key=api_key,
            max_retries=0,
            timeout=CLIENT_LIMIT_S,
            http_client=openai.DefaultAsyncHttpxClient(trust_env=False),
        )

    def wait_exit(self):
        """The exit code, once the process has ended by itself."""
        code = self.process.wait(STOP_LIMIT_S)
        self._reader.join(STOP_LIMIT_S)
        return code

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def kill(self):
        self.process.kill()
        self.wait_exit()
