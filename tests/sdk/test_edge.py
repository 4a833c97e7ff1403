"""The edge itself: models, keys, malformed bodies, health."""

import json

import openai
import pytest
from configs import SEED
from plain_http import Connection, get, post
from talk import HELLO, ask

CHAT = "/v1/chat/completions"


def test_an_unknown_model_is_named_with_the_known_ones(seed, primary, backup):
    with pytest.raises(openai.NotFoundError) as error:
        ask(seed.client(), "main-modle")

    assert "main-modle" in error.value.message
    assert "main-model" in error.value.message
    assert "fallback-gpt" in error.value.message
    assert error.value.response.headers["x-sanso-request-id"]
    assert primary.calls == backup.calls == []


def test_the_models_are_listed(seed):
    models = seed.client().models.list()

    assert {model.id for model in models} == {"main-model", "fallback-gpt"}
    assert {model.object for model in models} == {"model"}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b'{"model":"main-model","messages":[{"role":"user","content":"\xff"}]}',
        b"[]",
        b'"main-model"',
        b'{"model":"main-model"}',
        b'{"model":"main-model","messages":"Hello"}',
        b'{"model":7,"messages":[{"role":"user","content":"Hello"}]}',
        b'{"messages":[{"role":"user","content":"Hello"}]}',
        b'{"model":"main-model","messages":[{"role":"user","content":"Hello"}]} and more',
    ],
    ids=[
        "empty",
        "cut off",
        "not UTF-8",
        "a list",
        "a string",
        "no messages",
        "messages of a wrong kind",
        "model of a wrong kind",
        "no model",
        "two values",
    ],
)
def test_a_malformed_body_costs_no_call_and_no_connection(seed, primary, backup, body):
    good = json.dumps({"model": "main-model", "messages": HELLO}).encode()
    with Connection(seed.port) as connection:
        refused = connection.ask("POST", CHAT, body)
        assert refused.status == 400
        error = refused.json()["error"]
        assert error["message"]
        assert error["type"] == "invalid_request_error"
        assert error.keys() >= {"message", "type", "param", "code"}
        assert refused.headers["x-sanso-request-id"]
        assert primary.calls == backup.calls == []

        assert connection.ask("POST", CHAT, good).status == 200
        assert not connection.renewed


def test_a_missing_field_is_named(seed):
    error = post(seed.port, CHAT, {"model": "main-model"}).json()["error"]

    assert "messages" in error["message"]


def test_an_unknown_path_is_a_404_in_openais_shape(seed):
    reply = get(seed.port, "/v1/nothing")

    assert reply.status == 404
    assert reply.json()["error"]["message"]


@pytest.mark.parametrize("path", ["/health/liveliness", "/health/liveness", "/health/readiness"])
def test_health_is_told_without_a_call(seed, primary, backup, path):
    assert get(seed.port, path).status == 200
    assert primary.calls == backup.calls == []


def test_a_master_key_is_demanded(start, primary):
    sanso = start(SEED + "general_settings:\n  master_key: sk-of-the-house\n")

    for wrong in ("sk-of-someone-else", "sk-of-the-house-", "sk-of-the-hous"):
        with pytest.raises(openai.AuthenticationError):
            ask(sanso.client(wrong))
    without = post(sanso.port, CHAT, {"model": "main-model", "messages": HELLO})
    assert without.status == 401
    assert without.json()["error"]["message"]
    assert get(sanso.port, "/v1/models").status == 401
    assert primary.calls == []

    assert ask(sanso.client("sk-of-the-house")).headers["x-sanso-fallback"] == "false"
    assert get(sanso.port, "/health/liveliness").status == 200
    [call] = primary.calls
    assert "sk-of-the-house" not in str(call.headers), "our key is not the provider's business"
    assert "sk-of-the-house" not in sanso.output


def test_without_a_master_key_the_clients_key_goes_nowhere(seed, primary):
    ask(seed.client("sk-private-to-the-client"))

    [call] = primary.calls
    assert "sk-private-to-the-client" not in str(call.headers)
