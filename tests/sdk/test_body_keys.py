"""Keys of the body that speak to the gateway, and those that are none of its business."""

import json

import openai
import pytest
from configs import THREE
from gateway import trail
from plain_http import post
from steps import Fail, Raw
from talk import HELLO, ask

CHAIN = THREE + "  fallbacks:\n    - claude: [gpt]\n"
OURS = {
    "fallbacks": ["gemini"],
    "num_retries": 0,
    "disable_fallbacks": False,
    "metadata": {"task": "summaries"},
}


@pytest.fixture
def chain(start):
    """`claude`, and `gpt` after it."""
    return start(CHAIN)


def test_fallbacks_of_a_request_replace_those_of_the_file(chain, primary, backup, third):
    primary.always(Fail(503))

    reply = ask(chain.client(), "claude", extra_body={"fallbacks": ["gemini"]})

    assert reply.headers["x-sanso-served-by"] == "gemini/gemini-2.5-flash"
    assert len(third.calls) == 1
    assert backup.calls == []


def test_num_retries_of_a_request_is_obeyed(seed, primary):
    primary.always(Fail(503))

    reply = ask(seed.client(), extra_body={"num_retries": 0})

    assert len(primary.calls) == 1
    assert len(trail(reply.headers)) == 2


def test_fallbacks_can_be_disabled(chain, primary, backup):
    primary.always(Fail(503, "the primary is overloaded"))

    with pytest.raises(openai.InternalServerError) as error:
        ask(chain.client(), "claude", extra_body={"disable_fallbacks": True})

    assert error.value.status_code == 503
    assert backup.calls == []


@pytest.mark.parametrize("group", ["gpt", "claude", "gemini"])
def test_our_keys_are_not_forwarded(start, primary, backup, third, group):
    sanso = start(CHAIN)

    ask(sanso.client(), group, extra_body=OURS)

    [call] = primary.calls + backup.calls + third.calls
    assert not call.body.keys() & {"fallbacks", "num_retries", "disable_fallbacks"}
    assert "task" not in (call.body.get("metadata") or {})


# Odd on purpose: order, spaces, exponents, a number beyond 64 bits, escapes, an unknown key.
ODD = (
    b'{ "x_vendor":{"b":1.50,"a":[1e5,-0.0,12345678901234567890123]},\n'
    b'  "model" : "gpt","messages":[{"role":"user",'
    b'"content":"caf\\u00e9 \xc3\xa9 \\/ \\ud83d\\ude00","x_note":null}],'
    b'"seed":7,"logit_bias":{"50256":-100} }'
)


def test_a_request_passes_through_byte_for_byte(three, backup):
    reply = post(three.port, "/v1/chat/completions", ODD)

    assert reply.status == 200
    assert backup.calls[0].raw == ODD.replace(b'"gpt"', b'"gpt-4.1"')


def test_an_answer_passes_through_byte_for_byte(three, backup):
    odd = (
        b'{"x_first":{"z":1.50,"a":"\\u00e9"},"id":"chatcmpl-1","object":"chat.completion",'
        b'"created":1,"model":"gpt-4.1-odd","choices":[{"index":0,"message":{"role":"assistant",'
        b'"content":"Hi","x_more":[1e2]},"finish_reason":"stop"}],"x_last":null}'
    )
    backup.always(Raw(200, odd))

    body = json.dumps({"model": "gpt", "messages": HELLO}).encode()
    reply = post(three.port, "/v1/chat/completions", body)

    assert reply.body == odd
    assert reply.headers["content-type"] == "application/json"
