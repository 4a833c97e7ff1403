"""The provider's side of one HTTP/1.1 connection, and the calls that come over it."""

import asyncio
import json
import socket
import struct
import threading
import time
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from dialects import Anthropic, Gemini, OpenAi


@dataclass(eq=False)
class Call:
    """One recorded call. Times are `time.monotonic()` seconds."""

    method: str
    target: str
    headers: dict[str, str]
    raw: bytes
    at: float = field(default_factory=time.monotonic)
    left_at: float | None = None
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def path(self):
        return unquote(urlsplit(self.target).path)

    @property
    def body(self):
        return json.loads(self.raw) if self.raw else {}

    @property
    def dialect(self):
        if self.path.endswith("/chat/completions"):
            return OpenAi
        if self.path.endswith("/messages"):
            return Anthropic
        return Gemini if "enerateContent" in self.path else None

    @property
    def model(self):
        if self.dialect is Gemini:
            return self.path.rpartition("/")[2].partition(":")[0]
        return self.body.get("model", "")

    @property
    def stream(self):
        if self.dialect is Gemini:
            return self.path.endswith(":streamGenerateContent")
        return bool(self.body.get("stream"))

    def left(self, within=5.0):
        """Whether the client went away before its answer was complete."""
        return self.ended.wait(within) and self.left_at is not None


class Gate:
    """Something a step waits for until a test opens it; safe from any thread."""

    def __init__(self, loop):
        self._loop, self._event = loop, asyncio.Event()

    def open(self):
        self._loop.call_soon_threadsafe(self._event.set)

    async def passed(self):
        await self._event.wait()


class Wire:
    """One client connection. Reads all the time, so a departure is seen while an answer is made."""

    def __init__(self, reader, writer):
        self._reader, self._writer = reader, writer
        self._buffer, self._arrived = bytearray(), asyncio.Event()
        self.gone = asyncio.Event()

    async def pump(self):
        try:
            while data := await self._reader.read(65536):
                self._buffer += data
                self._arrived.set()
        except OSError:
            pass  # a reset is a departure, too
        finally:
            self.gone.set()
            self._arrived.set()

    async def _take(self, size_of):
        while (size := size_of(self._buffer)) is None:
            if self.gone.is_set():
                raise EOFError
            self._arrived.clear()
            await self._arrived.wait()
        taken = bytes(self._buffer[:size])
        del self._buffer[:size]
        return taken

    async def _line(self):
        return await self._take(lambda b: end + 2 if (end := b.find(b"\r\n")) >= 0 else None)

    async def _exactly(self, size):
        return await self._take(lambda b: size if len(b) >= size else None)

    async def request(self):
        """The next request of a keep-alive connection."""
        method, target, _ = (await self._line()).decode().split(" ")
        headers = {}
        while line := (await self._line()).strip():
            name, _, value = line.decode("latin-1").partition(":")
            headers[name.lower()] = value.strip()
        body = b""
        if "chunked" in headers.get("transfer-encoding", ""):
            while size := int((await self._line()).split(b";")[0], 16):
                body += (await self._exactly(size + 2))[:-2]
            await self._line()
        else:
            body = await self._exactly(int(headers.get("content-length", "0")))
        return Call(method, target, headers, body)

    async def head(self, status, headers):
        lines = [f"HTTP/1.1 {status} Scripted"] + [f"{k}: {v}" for k, v in headers.items()]
        await self._write("\r\n".join(lines).encode() + b"\r\n\r\n")

    async def whole(self, status, headers, body):
        plain = {"content-type": "application/json", "content-length": str(len(body))}
        await self.head(status, plain | headers)
        await self._write(body)

    async def chunk(self, data):
        await self._write(b"%x\r\n%s\r\n" % (len(data), data))

    async def last_chunk(self):
        await self._write(b"0\r\n\r\n")

    async def part(self, data):
        await self._write(data)

    async def _write(self, data):
        self._writer.write(data)
        await self._writer.drain()

    def cut(self, reset):
        """Ends the connection: in order, or with a TCP reset."""
        if reset:
            linger = struct.pack("ii", 1, 0)
            self._writer.get_extra_info("socket").setsockopt(
                socket.SOL_SOCKET, socket.SO_LINGER, linger
            )
        self._writer.close()
