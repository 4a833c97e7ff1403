"""What is measured: how each is built, found and started."""

from __future__ import annotations

import shutil
import socket
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Callable

from .process import NotMeasured, Server

BENCH = Path(__file__).resolve().parent.parent
ROOT = BENCH.parent
TOOLS = BENCH / "target" / "release"


@dataclass
class Gateway:
    """One way to the upstream. `start` gets the upstream's URL, a core and a working folder."""

    name: str
    binary: Path
    start: Callable[[str, int, Path], Server]
    note: str = ""

    def stripped_bytes(self) -> int:
        """The size of the binary without symbols."""
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(shutil.copy(self.binary, folder))
            subprocess.run(["strip", copy], check=True)
            return copy.stat().st_size


def build_tools() -> None:
    """Builds upstream, load and proxy."""
    manifest = BENCH / "Cargo.toml"
    build = ["cargo", "build", "--release", "--locked", "--manifest-path", manifest]
    subprocess.run(build, check=True)


def start_upstream(core: int, folder: Path) -> Server:
    """The stand-in for the provider."""
    return Server("upstream", [str(TOOLS / "upstream")], core, folder)


def nginx(binary: Path | None) -> Gateway:
    """nginx, from the path given, from the system, or unpacked from its Debian package."""
    binary = binary or _installed_nginx() or _unpacked_nginx()

    def start(upstream: str, core: int, folder: Path) -> Server:
        port = _free_port()
        text = (BENCH / "nginx.conf").read_text()
        text = text.replace("@PORT@", str(port))
        text = text.replace("@UPSTREAM@", upstream.removeprefix("http://"))
        (folder / "nginx.conf").write_text(text)
        # A worker that runs as another user must reach its temporary files.
        folder.chmod(0o755)
        argv = [str(binary), "-e", "nginx.error.log", "-p", f"{folder}/", "-c", "nginx.conf"]
        return Server("nginx", argv, core, folder, url=f"http://127.0.0.1:{port}")

    shown = subprocess.run([binary, "-v"], check=True, capture_output=True, text=True).stderr
    return Gateway("nginx", binary, start, note=shown.strip().rpartition("/")[2])


def proxy() -> Gateway:
    """The bare hyper proxy."""
    binary = TOOLS / "proxy"

    def start(upstream: str, core: int, folder: Path) -> Server:
        return Server("proxy", [str(binary), "--upstream", upstream], core, folder)

    return Gateway("proxy", binary, start)


def sanso(binary: Path | None) -> Gateway:
    """sanso as it comes, from the path given or built from this repository."""
    return _sanso("sanso", binary, "sanso.yaml", [])


def bare(binary: Path | None) -> Gateway:
    """sanso that keeps nothing of what happened: no request log and no history."""
    return _sanso("bare", binary, "bare.yaml", ["--no-request-log"])


def _sanso(name: str, binary: Path | None, config: str, flags: list[str]) -> Gateway:
    if binary is None:
        build = ["cargo", "build", "--release", "--locked", "-p", "sanso-server"]
        subprocess.run(build, check=True, cwd=ROOT)
        binary = ROOT / "target" / "release" / "sanso"

    def start(upstream: str, core: int, folder: Path) -> Server:
        argv = [str(binary), "serve", "--config", str(BENCH / config), "--port", "0", *flags]
        return Server(name, argv, core, folder, env={"BENCH_API_BASE": f"{upstream}/v1"})

    return Gateway(name, binary, start)


def _installed_nginx() -> Path | None:
    found = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin:/usr/local/sbin")
    return Path(found) if found else None


def _unpacked_nginx() -> Path:
    """Unpacks the package without installing it: no root, and no service that starts by itself."""
    folder = BENCH / "target" / "nginx"
    binary = folder / "usr" / "sbin" / "nginx"
    if not binary.exists():
        folder.mkdir(parents=True, exist_ok=True)
        try:
            subprocess.run(["apt-get", "download", "-qq", "nginx"], check=True, cwd=folder)
            package = next(folder.glob("nginx_*.deb"))
            subprocess.run(["dpkg", "-x", package, folder], check=True)
        except (OSError, subprocess.CalledProcessError, StopIteration) as error:
            raise NotMeasured(f"no nginx, and apt-get has none ({error}): install it") from error
    return binary


def _free_port() -> int:
    """A port that nobody has now. nginx cannot tell which one it was given, so it is told."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]
