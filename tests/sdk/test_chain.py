"""Retry and fallback, as a client sees them."""

import asyncio

import openai
import pytest
from dialects import Says
from gateway import trail
from steps import Answer, Cut, Fail
from talk import HELLO, ask

PRIMARY = "anthropic/claude-sonnet-4-6"
FALLBACK = "openai/gpt-4.1"


def test_a_healthy_primary_answers(seed, primary, backup):
    reply = ask(seed.client())
    answer = reply.parse()

    assert answer.object == "chat.completion"
    assert answer.choices[0].message.content == Says().spoken("claude-sonnet-4-6")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens
    assert answer.model == "claude-sonnet-4-6", "the provider's own word, never the alias"
    assert reply.headers["x-sanso-served-by"] == PRIMARY
    assert reply.headers["x-sanso-model-group"] == "main-model"
    assert reply.headers["x-sanso-fallback"] == "false"
    assert reply.headers["x-sanso-degradation"] == "full"
    assert reply.headers["x-sanso-request-id"]
    assert [attempt.model for attempt in trail(reply.headers)] == [PRIMARY]
    [call] = primary.calls
    assert call.headers["x-api-key"] == "sk-ant-canary-primary"
    assert call.headers["anthropic-version"] == "2023-06-01"
    assert backup.calls == []


def test_a_healthy_primary_answers_the_async_client(seed):
    async def scene():
        async with seed.async_client() as client:
            return await asyncio.gather(
                *(
                    client.chat.completions.create(model="main-model", messages=HELLO)
                    for _ in range(10)
                )
            )

    answers = asyncio.run(scene())
    texts = {answer.choices[0].message.content for answer in answers}
    assert texts == {Says().spoken("claude-sonnet-4-6")}
    assert len({answer.id for answer in answers}) == 10


def test_a_blip_is_ridden_out_on_the_primary(seed, primary, backup):
    primary.then(Fail(503), Fail(503))

    reply = ask(seed.client())

    attempts = trail(reply.headers)
    assert [attempt.model for attempt in attempts] == [PRIMARY] * 3
    assert [attempt.outcome for attempt in attempts[:2]] == ["503", "503"]
    assert reply.headers["x-sanso-served-by"] == PRIMARY
    assert reply.headers["x-sanso-fallback"] == "false"
    assert len(primary.calls) == 3
    assert backup.calls == []


@pytest.mark.parametrize("status", [500, 503, 529])
def test_a_primary_that_is_down_is_replaced(seed, primary, backup, status):
    primary.always(Fail(status))

    reply = ask(seed.client())

    answer = reply.parse()
    assert answer.choices[0].message.content == Says().spoken("gpt-4.1")
    assert answer.model == "gpt-4.1-2025-04-14"
    assert reply.headers["x-sanso-served-by"] == FALLBACK
    assert reply.headers["x-sanso-model-group"] == "main-model"
    assert reply.headers["x-sanso-fallback"] == "true"
    assert reply.headers["x-sanso-degradation"] == "partial"
    assert 1 <= len(primary.calls) <= 4, "num_retries: 3"
    models = [attempt.model for attempt in trail(reply.headers)]
    assert models == [PRIMARY] * len(primary.calls) + [FALLBACK]
    assert {attempt.outcome for attempt in trail(reply.headers)[:-1]} == {str(status)}
    [call] = backup.calls
    assert call.headers["authorization"] == "Bearer sk-canary-fallback"
    assert call.body["model"] == "gpt-4.1"


def test_a_primary_that_is_gone_is_replaced(seed, primary, backup):
    primary.stop_listening()

    reply = ask(seed.client())

    assert reply.headers["x-sanso-served-by"] == FALLBACK
    assert reply.headers["x-sanso-fallback"] == "true"
    assert len(backup.calls) == 1


def test_all_down_is_one_honest_error(seed, primary, backup):
    primary.always(Fail(503))
    backup.always(Fail(503, "backup is overloaded"))

    with pytest.raises(openai.InternalServerError) as error:
        ask(seed.client())

    assert error.value.status_code == 503
    assert error.value.type
    headers = error.value.response.headers
    assert headers["x-sanso-request-id"]
    assert len(trail(headers)) == len(primary.calls) + len(backup.calls)
    assert {attempt.model for attempt in trail(headers)} == {PRIMARY, FALLBACK}


def test_a_bad_request_is_passed_straight_back(seed, primary, backup):
    primary.always(Fail(400, "temperature: range: 0..1"))

    with pytest.raises(openai.BadRequestError) as error:
        ask(seed.client())

    assert "temperature: range: 0..1" in error.value.message
    assert error.value.type == "invalid_request_error"
    assert [a.model for a in trail(error.value.response.headers)] == [PRIMARY]
    assert len(primary.calls) == 1
    assert backup.calls == []


def test_a_refused_key_of_the_operator_is_never_the_callers(seed, primary, backup):
    primary.always(Fail(401, "invalid x-api-key"))
    backup.always(Fail(401, "Incorrect API key provided: sk-canary-fallback"))

    with pytest.raises(openai.InternalServerError) as error:
        ask(seed.client())

    assert error.value.status_code == 502
    assert len(primary.calls) == 1 and len(backup.calls) == 1
    assert "sk-canary-fallback" not in error.value.response.text


def test_the_counters_tell_what_happened(seed, primary):
    client = seed.client()
    ask(client)
    primary.always(Fail(503))
    ask(client)

    metrics = seed.metrics()
    attempts = [s for s in metrics if s.name == "sanso_attempts_total"]
    by_provider = {p: 0 for p in ("anthropic", "openai")}
    for sample in attempts:
        by_provider[sample.labels["provider"]] += sample.value
    assert by_provider == {"anthropic": len(primary.calls), "openai": 1}
    assert sum(s.value for s in metrics if s.name == "sanso_fallbacks_total") == 1


def test_an_answer_is_whole_when_the_primary_breaks_in_the_middle_of_it(seed, primary):
    primary.then(Cut())

    reply = ask(seed.client())

    assert reply.headers["x-sanso-served-by"] == PRIMARY
    assert len(primary.calls) == 2
    assert reply.parse().choices[0].message.content == Says().spoken("claude-sonnet-4-6")


def test_a_slow_answer_is_waited_for(seed, primary, backup):
    gate = primary.gate()
    primary.always(Answer(gate=gate))

    async def scene():
        async with seed.async_client() as client:
            asked = asyncio.create_task(
                client.chat.completions.create(model="main-model", messages=HELLO)
            )
            await asyncio.to_thread(primary.wait_calls, 1)
            gate.open()
            return await asked

    answer = asyncio.run(scene())
    assert answer.choices[0].message.content == Says().spoken("claude-sonnet-4-6")
    assert backup.calls == []
