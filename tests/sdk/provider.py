"""A scripted LLM provider on a real socket.

It speaks OpenAI, Anthropic and Gemini (told apart by the path), plays one step per call, and
records every call together with the moment the client went away. Standard library only.
"""

import asyncio
import collections
import threading
import time

from connection import Call, Gate, Wire
from steps import Answer, Raw


class Provider:
    """The server: `always` plays one step for every call, `then` queues steps that come before it.

    A step may also be a function that is given the call and returns the step.
    """

    def __init__(self):
        self.calls: list[Call] = []
        self._default, self._script = Answer(), collections.deque()
        self._changed = threading.Condition()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self.port = self._server.sockets[0].getsockname()[1]

    def base(self, vendor):
        """What stands in `api_base` for this vendor."""
        path = {"openai": "/v1", "anthropic": "", "gemini": "/v1beta"}[vendor]
        return f"http://127.0.0.1:{self.port}{path}"

    def always(self, step):
        self._default = step

    def then(self, *steps):
        self._script.extend(steps)

    def gate(self):
        return Gate(self._loop)

    def wait_calls(self, count, within=10.0):
        """Waits until `count` calls have come; returns them all, or fails the test."""
        with self._changed:
            came = self._changed.wait_for(lambda: len(self.calls) >= count, within)
            assert came, f"{len(self.calls)} calls within {within} s, not {count}"
            return list(self.calls)

    def stop_listening(self):
        """From now on connections are refused."""
        async def close():
            self._server.close()

        self._run(close())

    def stop(self):
        self._run(self._shut())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(5)
        self._loop.close()

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result(5)

    async def _shut(self):
        self._server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader, writer):
        wire = Wire(reader, writer)
        pump = asyncio.create_task(wire.pump())
        try:
            while True:
                await self._handle(await wire.request(), wire)
        except (EOFError, OSError, asyncio.CancelledError):
            pass  # the client or the test is done with this connection
        finally:
            pump.cancel()
            writer.close()

    async def _handle(self, call, wire):
        with self._changed:
            self.calls.append(call)
            step = self._script.popleft() if self._script else self._default
            self._changed.notify_all()
        if call.dialect is None:
            step = Raw(404, b'{"error":{"message":"no such path"}}')
        elif callable(step):
            step = step(call)
        playing = asyncio.create_task(step.play(call, wire))
        leaving = asyncio.create_task(wire.gone.wait())
        try:
            await asyncio.wait({playing, leaving}, return_when=asyncio.FIRST_COMPLETED)
            if not playing.done():
                call.left_at = time.monotonic()
                raise EOFError
            await playing
        except OSError:
            call.left_at = time.monotonic()
            raise
        finally:
            playing.cancel()
            leaving.cancel()
            call.ended.set()
