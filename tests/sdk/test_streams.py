"""Streams: failover before the first word is invisible, a break after it is never hidden."""

import asyncio

import openai
import pytest
from dialects import Says
from gateway import trail
from plain_http import post
from steps import Answer, Cut, ErrorFirst, Fail, Raw
from talk import HELLO, ask, listen

PRIMARY = "anthropic/claude-sonnet-4-6"
FALLBACK = "openai/gpt-4.1"
# Which provider stands behind which group of the seed.
GROUPS = {"main-model": "primary", "fallback-gpt": "backup"}


@pytest.mark.parametrize("group", GROUPS)
def test_a_healthy_stream_is_whole(seed, group):
    reply = ask(seed.client(), group, stream=True, stream_options={"include_usage": True})
    heard = listen(reply.parse())

    model = {"main-model": "claude-sonnet-4-6", "fallback-gpt": "gpt-4.1"}[group]
    assert heard.text == Says().spoken(model)
    assert heard.roles == ["assistant"]
    assert heard.finishes == ["stop"]
    assert len(heard.ids) == 1
    assert heard.usage.total_tokens == 19
    assert reply.headers["content-type"].startswith("text/event-stream")
    assert reply.headers["x-sanso-fallback"] == "false"


def test_a_healthy_stream_reaches_the_async_client(seed):
    async def scene():
        async with seed.async_client() as client:
            stream = await client.chat.completions.create(
                model="main-model", messages=HELLO, stream=True
            )
            return "".join([c.choices[0].delta.content or "" async for c in stream if c.choices])

    assert asyncio.run(scene()) == Says().spoken("claude-sonnet-4-6")


def test_words_come_as_the_provider_says_them(seed, primary):
    gate = primary.gate()
    primary.always(Cut(after=2, gate=gate))

    stream = ask(seed.client(), stream=True).parse()
    text = ""
    # The provider holds its tongue until the gate opens: what it said must not wait for more.
    for chunk in stream:
        text += chunk.choices[0].delta.content or ""
        if len(text) == 12:
            break
    assert Says().spoken("claude-sonnet-4-6").startswith(text)
    gate.open()
    stream.close()


@pytest.mark.parametrize(
    "fault",
    [
        ErrorFirst(),
        Fail(503),
        Cut(after=0),
        Cut(after=0, reset=True),
        Raw(200, b"<html>maintenance</html>", {"content-type": "text/html"}),
    ],
    ids=["error event", "503", "empty", "reset", "html"],
)
def test_a_fault_before_the_first_word_is_invisible(seed, primary, fault):
    primary.always(fault)

    reply = ask(seed.client(), stream=True)
    heard = listen(reply.parse())

    assert heard.text == Says().spoken("gpt-4.1")
    assert heard.roles == ["assistant"]
    assert heard.finishes == ["stop"]
    assert len(heard.ids) == 1, "one stream, not two"
    assert reply.headers["x-sanso-served-by"] == FALLBACK
    assert reply.headers["x-sanso-fallback"] == "true"
    models = [attempt.model for attempt in trail(reply.headers)]
    assert models == [PRIMARY] * len(primary.calls) + [FALLBACK]


def test_an_overload_in_the_stream_is_retried_on_the_primary(seed, primary, backup):
    primary.then(ErrorFirst())

    reply = ask(seed.client(), stream=True)

    assert listen(reply.parse()).text == Says().spoken("claude-sonnet-4-6")
    assert [attempt.model for attempt in trail(reply.headers)] == [PRIMARY, PRIMARY]
    assert backup.calls == []


def test_a_stream_that_never_starts_keeps_its_http_status(seed, primary, backup):
    primary.always(ErrorFirst())
    backup.always(ErrorFirst())

    with pytest.raises(openai.InternalServerError) as error:
        ask(seed.client(), stream=True)

    assert error.value.status_code == 503


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("reset", [False, True], ids=["clean end", "reset"])
def test_a_cut_after_the_first_word_is_an_error(seed, request, group, reset):
    provider = request.getfixturevalue(GROUPS[group])
    gate = provider.gate()
    provider.always(Cut(after=2, reset=reset, gate=gate))

    stream = ask(seed.client(), group, stream=True).parse()
    text = ""
    with pytest.raises(openai.APIError):
        for chunk in stream:
            assert chunk.choices[0].finish_reason is None
            text += chunk.choices[0].delta.content or ""
            if text:
                gate.open()

    assert text
    assert Says().spoken(provider.calls[0].model).startswith(text)
    assert len(provider.calls) == 1, "never two answers mixed"


@pytest.mark.parametrize("group", GROUPS)
@pytest.mark.parametrize("reset", [False, True], ids=["clean end", "reset"])
def test_a_cut_stream_holds_no_terminal_marker(seed, request, group, reset):
    provider = request.getfixturevalue(GROUPS[group])
    gate = provider.gate()
    provider.always(Cut(after=3, reset=reset, gate=gate))

    body = {"model": group, "messages": HELLO, "stream": True}
    reply = post(seed.port, "/v1/chat/completions", body, on_first=gate.open)

    assert reply.status == 200
    assert b'"error"' in reply.body
    assert b"[DONE]" not in reply.body
    assert b'"stop"' not in reply.body


def test_a_whole_stream_ends_with_its_marker(seed, primary):
    primary.always(Answer())
    body = {"model": "main-model", "messages": HELLO, "stream": True}

    reply = post(seed.port, "/v1/chat/completions", body)

    assert reply.whole
    assert reply.body.rstrip().endswith(b"data: [DONE]")
    assert reply.body.count(b"[DONE]") == 1
    assert not any(line.startswith(b"event:") for line in reply.body.splitlines())
