"""A client that leaves stops the upstream call, and nothing is tried in its name."""

import asyncio

import pytest
from steps import Silent
from talk import HELLO, ask

# The promise is 100 ms; the limit only says that no timer of ours (10 s and more) did it.
QUICKLY_S = 3


def test_leaving_a_stream_stops_it_upstream(seed, primary, backup):
    primary.always(Silent(after=2))

    stream = ask(seed.client(), stream=True).parse()
    next(chunk for chunk in stream if chunk.choices and chunk.choices[0].delta.content)
    stream.close()

    [call] = primary.calls
    assert call.left(within=QUICKLY_S)
    assert backup.calls == []


@pytest.mark.parametrize("stream", [False, True], ids=["plain", "stream"])
def test_leaving_before_the_first_word_stops_the_call(seed, primary, backup, stream):
    primary.always(Silent())

    async def scene():
        async with seed.async_client() as client:
            asked = asyncio.create_task(
                client.chat.completions.create(model="main-model", messages=HELLO, stream=stream)
            )
            [call] = await asyncio.to_thread(primary.wait_calls, 1)
            asked.cancel()
            assert await asyncio.to_thread(call.left, QUICKLY_S)

    asyncio.run(scene())
    # Had the chain gone on, this request would come after its next call.
    assert ask(seed.client(), "fallback-gpt").headers["x-sanso-fallback"] == "false"
    assert len(primary.calls) == 1
    assert len(backup.calls) == 1
