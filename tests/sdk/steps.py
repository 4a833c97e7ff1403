"""What a scripted provider can do with one call: a step is played over its connection."""

import asyncio
from dataclasses import dataclass, field

from connection import Gate
from dialects import Says


@dataclass(frozen=True)
class Answer:
    """Healthy. `gate` holds the answer back until opened; `gap` is seconds between events."""

    says: Says = Says()
    gate: Gate | None = None
    gap: float = 0.0
    headers: dict[str, str] = field(default_factory=dict)

    async def play(self, call, wire):
        if self.gate:
            await self.gate.passed()
        if not call.stream:
            body = call.dialect.answer(call.model, self.says, call.body)
            return await wire.whole(200, self.headers, body)
        await _begin_stream(wire, self.headers)
        for event in call.dialect.events(call.model, self.says, call.body):
            await wire.chunk(event.data)
            await asyncio.sleep(self.gap)
        await wire.last_chunk()


@dataclass(frozen=True)
class Raw:
    """These very bytes."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    async def play(self, _call, wire):
        await wire.whole(self.status, self.headers, self.body)


@dataclass(frozen=True)
class Fail:
    """An error status with the vendor's own body."""

    status: int
    message: str = "scripted failure"
    headers: dict[str, str] = field(default_factory=dict)

    async def play(self, call, wire):
        await wire.whole(self.status, self.headers, call.dialect.error(self.status, self.message))


@dataclass(frozen=True)
class Silent:
    """Says no more until the client leaves; a stream first sends `after` events of content."""

    after: int = 0
    says: Says = Says()

    async def play(self, call, wire):
        if call.stream and self.after:
            await _begin_stream(wire, {})
            await _send_contents(call, wire, self.says, self.after)
        await asyncio.Event().wait()


@dataclass(frozen=True)
class ErrorFirst:
    """A stream that answers 200, and then errs before any content. Plain calls get the status."""

    message: str = "Overloaded"
    status: int = 503

    async def play(self, call, wire):
        if not call.stream:
            return await Fail(self.status, self.message).play(call, wire)
        await _begin_stream(wire, {})
        for event in call.dialect.events(call.model, Says(), call.body):
            if event.content:
                break
            await wire.chunk(event.data)
        await wire.chunk(call.dialect.error_event(self.message).data)
        await wire.last_chunk()


@dataclass(frozen=True)
class Cut:
    """Stops after `after` events of content (a plain call: half-way), once `gate` is open.

    `reset` is a TCP reset. Otherwise the end looks clean, but nothing said that it was the end.
    """

    after: int = 2
    reset: bool = False
    gate: Gate | None = None
    says: Says = Says()

    async def play(self, call, wire):
        if call.stream:
            await _begin_stream(wire, {})
            await _send_contents(call, wire, self.says, self.after)
        else:
            body = call.dialect.answer(call.model, self.says, call.body)
            await wire.head(200, {"content-type": "application/json", "content-length": len(body)})
            await wire.part(body[: len(body) // 2])
        if self.gate:
            await self.gate.passed()
        if call.stream and not self.reset:
            return await wire.last_chunk()
        wire.cut(self.reset)


async def _begin_stream(wire, headers):
    kind = {"content-type": "text/event-stream; charset=utf-8", "transfer-encoding": "chunked"}
    await wire.head(200, kind | headers)


async def _send_contents(call, wire, says, count):
    for event in call.dialect.events(call.model, says, call.body):
        if event.content:
            if not count:
                return
            count -= 1
        await wire.chunk(event.data)
