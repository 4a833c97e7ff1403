"""The scripted provider itself: without sanso, so that a red test elsewhere means sanso."""

import json
import time

import openai
import pytest
from dialects import Says, Tool
from plain_http import Connection, post
from steps import Answer, Cut, ErrorFirst, Fail, Silent
from talk import HELLO, ask, listen

PARIS = {"city": "Paris"}
CLAUDE = {"model": "claude-sonnet-4-6", "max_tokens": 9, "messages": HELLO}
GEMINI = {"contents": [{"role": "user", "parts": [{"text": "Hello"}]}]}
FLASH = "/v1beta/models/gemini-2.5-flash"


@pytest.fixture
def client(primary):
    return openai.OpenAI(
        base_url=primary.base("openai"),
        api_key="sk-any",
        max_retries=0,
        timeout=10,
        http_client=openai.DefaultHttpxClient(trust_env=False),
    )


def data(body):
    """The JSON of each event of a stream."""
    lines = body.decode().splitlines()
    return [json.loads(line[6:]) for line in lines if line.startswith("data: {")]


def test_it_is_an_openai_to_the_sdk(primary, client):
    answer = ask(client, "gpt-4.1").parse()
    heard = listen(
        ask(client, "gpt-4.1", stream=True, stream_options={"include_usage": True}).parse()
    )

    assert answer.choices[0].message.content == heard.text == Says().spoken("gpt-4.1")
    assert heard.finishes == ["stop"]
    assert heard.usage.total_tokens == 19
    assert [call.body["model"] for call in primary.calls] == ["gpt-4.1"] * 2
    assert primary.calls[0].headers["authorization"] == "Bearer sk-any"


def test_it_calls_tools_as_openai_does(primary, client):
    primary.always(Answer(Says(tools=(Tool("a", PARIS), Tool("b", {})))))

    plain = ask(client, "gpt-4.1").parse().choices[0]
    heard = listen(ask(client, "gpt-4.1", stream=True).parse())

    assert [json.loads(c.function.arguments) for c in plain.message.tool_calls] == [PARIS, {}]
    assert heard.arguments() == [("a", PARIS), ("b", {})]
    assert plain.finish_reason == heard.finishes[0] == "tool_calls"


def test_a_script_comes_before_the_rule(primary, client):
    primary.then(Fail(503, "first"), lambda call: Fail(400, call.body["model"]))

    with pytest.raises(openai.InternalServerError, match="first"):
        ask(client, "gpt-4.1")
    with pytest.raises(openai.BadRequestError, match="gpt-4.1"):
        ask(client, "gpt-4.1")
    assert ask(client, "gpt-4.1").parse().choices[0].finish_reason == "stop"


def test_it_speaks_anthropic(primary):
    primary.always(Answer(Says("Hm.", (Tool("a", PARIS),))))

    plain = post(primary.port, "/v1/messages", CLAUDE).json()
    events = data(post(primary.port, "/v1/messages", CLAUDE | {"stream": True}).body)

    assert [block["type"] for block in plain["content"]] == ["text", "tool_use"]
    assert plain["stop_reason"] == "tool_use"
    kinds = [event["type"] for event in events if event["type"] != "content_block_delta"]
    block = ["content_block_start", "ping", "content_block_stop"]
    assert kinds == ["message_start", *block, *block, "message_delta", "message_stop"]
    fragments = [e["delta"].get("partial_json", "") for e in events if "partial_json" in str(e)]
    assert json.loads("".join(fragments)) == PARIS


def test_it_speaks_gemini(primary):
    primary.always(Answer(Says("Hm.", (Tool("a", PARIS),))))

    plain = post(primary.port, f"{FLASH}:generateContent", GEMINI).json()
    events = data(post(primary.port, f"{FLASH}:streamGenerateContent?alt=sse", GEMINI).body)

    call = {"functionCall": {"name": "a", "args": PARIS}}
    assert plain["candidates"][0]["content"]["parts"] == [{"text": "Hm."}, call]
    assert plain["modelVersion"] == "gemini-2.5-flash"
    assert events[-1]["candidates"][0]["content"]["parts"] == [call]
    assert [e["candidates"][0].get("finishReason") for e in events] == [None, "STOP"]


@pytest.mark.parametrize("reset", [False, True])
def test_a_cut_is_no_end(primary, client, reset):
    gate = primary.gate()
    primary.always(Cut(after=2, reset=reset, gate=gate))
    body = {"model": "gpt-4.1", "messages": HELLO, "stream": True}

    reply = post(primary.port, "/v1/chat/completions", body, on_first=gate.open)

    assert reply.whole is not reset
    assert b"[DONE]" not in reply.body and b'"stop"' not in reply.body
    assert sum("content" in str(event["choices"][0]["delta"]) for event in data(reply.body)) == 3


def test_an_error_may_come_first(primary, client):
    primary.always(ErrorFirst("too much"))

    stream = ask(client, "gpt-4.1", stream=True).parse()
    with pytest.raises(openai.APIError, match="too much"):
        listen(stream)


def test_it_knows_when_a_client_leaves(primary, client):
    primary.then(Silent(), Silent(after=1))
    with pytest.raises(openai.APITimeoutError):
        ask(client.with_options(timeout=0.2), "gpt-4.1")
    stream = ask(client, "gpt-4.1", stream=True).parse()
    next(chunk for chunk in stream if chunk.choices[0].delta.content)
    before = time.monotonic()
    stream.close()

    plain, streamed = primary.calls
    assert plain.left() and streamed.left()
    assert streamed.left_at >= before
    ask(client, "gpt-4.1")
    assert not primary.calls[2].left()


def test_connections_are_kept_alive_and_refused_when_told(primary):
    with Connection(primary.port) as connection:
        for _ in range(3):
            assert connection.ask("POST", "/v1/messages", json.dumps(CLAUDE)).status == 200
        assert not connection.renewed
    primary.stop_listening()
    with pytest.raises(ConnectionRefusedError):
        Connection(primary.port)
