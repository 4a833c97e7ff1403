"""Answers that are well-formed and no answers: `sanso.checks`, by way of the SDK's own helpers."""

import json

import openai
import pytest
from configs import THREE
from dialects import Says, Tool
from gateway import trail
from pydantic import BaseModel
from steps import Answer
from talk import HELLO, WEATHER, ask, listen, until

CHAIN = THREE + "  fallbacks:\n    - gpt: [claude]\n"
CHECKED = CHAIN + "sanso:\n  checks: { schema: true, tool_schemas: true, refusal: true }\n"


class Person(BaseModel):
    """What the client wants to read."""

    name: str
    age: int


GOOD = '{"name": "Ada", "age": 36}'
BAD = '{"name": "Ada"}'


def soft_faults(sanso):
    samples = [s for s in sanso.metrics() if s.name == "sanso_soft_faults_total"]
    return {sample.labels["reason"]: sample.value for sample in samples}


@pytest.fixture
def checked(start):
    """`gpt`, and `claude` after it; schema, tools and refusals are looked at."""
    return start(CHECKED)


def test_what_breaks_its_schema_is_answered_by_the_fallback(checked, primary, backup):
    backup.always(Answer(Says(BAD)))
    primary.always(Answer(Says(GOOD)))

    answer = checked.client().chat.completions.parse(
        model="gpt", messages=HELLO, response_format=Person
    )

    assert answer.choices[0].message.parsed == Person(name="Ada", age=36)
    assert len(backup.calls) == len(primary.calls) == 1
    assert soft_faults(checked) == {"schema": 1}


def test_where_every_answer_breaks_it_the_first_is_given_with_a_warning(checked, primary, backup):
    backup.always(Answer(Says(BAD)))
    primary.always(Answer(Says("I would rather talk.")))
    wanted = {"name": "person", "schema": Person.model_json_schema()}

    reply = ask(
        checked.client(),
        "gpt",
        response_format={"type": "json_schema", "json_schema": wanted},
    )

    assert reply.parse().choices[0].message.content == BAD
    assert "schema" in reply.headers["x-sanso-warnings"]
    assert reply.headers["x-sanso-fallback"] == "false"
    assert [attempt.outcome for attempt in trail(reply.headers)] == ["soft_schema"] * 2


def test_without_the_check_the_answer_is_the_callers_to_judge(start, primary, backup):
    backup.always(Answer(Says(BAD)))

    with pytest.raises(ValueError):
        start(CHAIN).client().chat.completions.parse(
            model="gpt", messages=HELLO, response_format=Person
        )

    assert primary.calls == []


def test_a_tool_call_that_does_not_fit_goes_to_the_fallback(checked, primary, backup):
    backup.always(Answer(Says(tools=(Tool("get_weather", {"town": "Kyoto"}),))))
    primary.always(Answer(Says(tools=(Tool("get_weather", {"city": "Kyoto"}),))))

    reply = ask(checked.client(), "gpt", tools=[WEATHER])

    [call] = reply.parse().choices[0].message.tool_calls
    assert json.loads(call.function.arguments) == {"city": "Kyoto"}
    assert [attempt.outcome for attempt in trail(reply.headers)] == ["soft_tools", "200"]


def test_a_refusal_goes_to_the_fallback(checked, backup):
    backup.always(Answer(Says("I'm sorry, but I can't help with that.")))

    reply = ask(checked.client(), "gpt")

    assert reply.headers["x-sanso-served-by"].startswith("anthropic/")
    assert soft_faults(checked) == {"refusal": 1}


def test_a_live_stream_is_recorded_and_not_touched(checked, primary, backup):
    backup.always(Answer(Says("I'm sorry, but I can't help with that.")))

    stream = checked.client().chat.completions.create(model="gpt", messages=HELLO, stream=True)

    assert listen(stream).text == "I'm sorry, but I can't help with that."
    assert until(lambda: soft_faults(checked), within=5) == {"refusal": 1}
    assert primary.calls == []


def test_a_schema_that_points_elsewhere_is_not_followed(checked, primary, backup, third):
    reference = {"$ref": f"http://127.0.0.1:{third.port}/schema.json"}
    wanted = {"name": "remote", "schema": reference}
    backup.always(Answer(Says(GOOD)))

    reply = ask(
        checked.client(),
        "gpt",
        response_format={"type": "json_schema", "json_schema": wanted},
    )

    assert reply.parse().choices[0].message.content == GOOD
    assert "not checked" in reply.headers["x-sanso-warnings"]
    assert primary.calls == third.calls == []


def test_an_error_is_no_soft_fault(checked, primary, backup):
    for provider in (primary, backup):
        provider.stop_listening()

    with pytest.raises(openai.InternalServerError):
        ask(checked.client(), "gpt")

    assert soft_faults(checked) == {}
