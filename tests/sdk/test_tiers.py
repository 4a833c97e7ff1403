"""What a deployment cannot do, and what a caller gets where no one answers."""

import re

import openai
import pytest
from configs import THREE
from steps import Answer, Fail
from talk import WEATHER, ask, listen

# `claude` says of itself that it calls no functions; `gpt` stands behind it.
NO_TOOLS = """
model_list:
  - model_name: claude
    litellm_params: {model: anthropic/claude-x, api_key: os.environ/ANTHROPIC_API_KEY}
    model_info: {supports_function_calling: false}
  - model_name: gpt
    litellm_params: {model: openai/gpt-x, api_key: os.environ/OPENAI_API_KEY}
litellm_settings: {num_retries: 0, fallbacks: [claude: [gpt]]}
"""
ALONE = """
model_list:
  - model_name: gpt
    litellm_params: {model: openai/gpt-x, api_key: os.environ/OPENAI_API_KEY}
litellm_settings: {num_retries: 0}
sanso: {degradation: {stored: {stale_for: 1h}}}
"""


def test_who_cannot_call_functions_is_passed_over(start, primary, backup):
    reply = ask(start(NO_TOOLS).client(), "claude", tools=[WEATHER])

    assert reply.headers["x-sanso-served-by"] == "openai/gpt-x"
    assert reply.headers["x-sanso-degradation"] == "partial"
    warnings = reply.headers["x-sanso-warnings"]
    assert warnings == "`anthropic/claude-x` was passed over: it does not support tools"
    assert primary.calls == []
    assert len(backup.calls) == 1


def test_what_no_one_can_do_is_a_mistake_of_the_caller(start, primary):
    with pytest.raises(openai.BadRequestError) as error:
        ask(start(THREE).client(), "claude", n=2)

    assert error.value.code == "unsupported_by_model"
    assert "does not support more than one candidate" in error.value.message
    assert primary.calls == []


def test_a_stored_answer_is_complete_and_marked(start, backup):
    client = start(ALONE).client()
    backup.then(Answer())
    backup.always(Fail(500))
    good = ask(client, "gpt").parse()

    reply = ask(client, "gpt")

    assert reply.parse() == good
    assert reply.headers["x-sanso-served-by"] == "stored"
    assert reply.headers["x-sanso-degradation"] == "degraded"
    warning = reply.headers["x-sanso-warnings"]
    assert re.fullmatch(
        r"no deployment answered: this is the answer of openai/gpt-x from \d+ s ago", warning
    )
    with pytest.raises(openai.InternalServerError):
        ask(client, "gpt", messages=[{"role": "user", "content": "Another question"}])


def test_a_stored_stream_is_complete_and_marked(start, backup):
    client = start(ALONE).client()
    backup.then(Answer())
    backup.always(Fail(500))
    good = listen(ask(client, "gpt", stream=True).parse())

    reply = ask(client, "gpt", stream=True)

    assert reply.headers["x-sanso-degradation"] == "degraded"
    assert listen(reply.parse()) == good
    assert good.text
    assert good.finishes == ["stop"]


def test_another_key_never_gets_what_was_stored(start, backup):
    gateway = start(ALONE)
    backup.then(Answer())
    backup.always(Fail(500))
    ask(gateway.client(), "gpt")

    with pytest.raises(openai.InternalServerError):
        ask(gateway.client(api_key="sk-of-another"), "gpt")
    assert ask(gateway.client(), "gpt").headers["x-sanso-degradation"] == "degraded"


def test_a_static_text_stands_in(start, backup):
    gateway = start(ALONE.replace("stored: {stale_for: 1h}", 'static: "Please come back later."'))
    backup.always(Fail(500))

    reply = ask(gateway.client(), "gpt")

    answer = reply.parse()
    assert answer.choices[0].message.content == "Please come back later."
    assert answer.model == "sanso/static"
    assert reply.headers["x-sanso-served-by"] == "static"
