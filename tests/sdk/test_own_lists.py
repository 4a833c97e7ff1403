"""Where a refused request goes: lists that it brings along, and `fallback_on`."""

import openai
import pytest
from configs import THREE
from gateway import trail
from steps import Fail
from talk import ask

CHAIN = THREE + "  fallbacks:\n    - gpt: [claude]\n"
TOO_LONG = "This model's maximum context length is 8192 tokens."


@pytest.fixture
def chain(start):
    """`gpt`, and `claude` after it; `gemini` stands by."""
    return start(CHAIN)


def too_long(status=400):
    return Fail(status, TOO_LONG)


def test_a_prompt_that_is_too_long_goes_to_the_requests_own_list(chain, primary, backup, third):
    backup.always(too_long())

    reply = ask(
        chain.client(), "gpt", extra_body={"context_window_fallbacks": [{"gpt": ["gemini"]}]}
    )

    assert reply.headers["x-sanso-served-by"] == "gemini/gemini-2.5-flash"
    assert len(third.calls) == 1
    assert primary.calls == []
    assert "context_window_fallbacks" not in third.calls[0].body


def test_a_list_for_another_model_leaves_none_for_this_one(chain, primary, backup):
    backup.always(too_long())

    with pytest.raises(openai.BadRequestError) as error:
        lists = [{"claude": ["gemini"]}]
        ask(chain.client(), "gpt", extra_body={"context_window_fallbacks": lists})

    assert "8192" in error.value.message
    assert primary.calls == []


def test_a_name_that_is_no_model_is_told(chain, backup):
    with pytest.raises(openai.BadRequestError) as error:
        ask(chain.client(), "gpt", extra_body={"content_policy_fallbacks": ["gemni"]})

    assert "gemni" in error.value.message
    assert error.value.param == "content_policy_fallbacks"
    assert backup.calls == []


def test_a_bad_request_goes_on_where_the_request_says_so(chain, primary, backup):
    backup.always(Fail(400, "no such parameter"))

    reply = ask(chain.client(), "gpt", extra_body={"fallback_on": ["bad_request"]})

    assert [attempt.outcome for attempt in trail(reply.headers)] == ["400", "200"]
    assert len(primary.calls) == 1
    assert "fallback_on" not in primary.calls[0].body


def test_a_bad_request_goes_on_where_the_group_says_so(start, primary, backup):
    sanso = start(CHAIN + "sanso:\n  groups:\n    gpt: { fallback_on: [bad_request] }\n")
    backup.always(Fail(400, "no such parameter"))

    assert ask(sanso.client(), "gpt").headers["x-sanso-fallback"] == "true"
    with pytest.raises(openai.BadRequestError):
        ask(sanso.client(), "gpt", extra_body={"fallback_on": []})
    assert len(primary.calls) == 1


def test_when_both_refuse_the_first_ones_words_are_told(chain, primary, backup):
    backup.always(Fail(400, "the first says no"))
    primary.always(Fail(400, "the second says no"))

    with pytest.raises(openai.BadRequestError) as error:
        ask(chain.client(), "gpt", extra_body={"fallback_on": ["bad_request"]})

    assert "the first says no" in error.value.message


def test_a_kind_that_cannot_be_said_is_told(chain, backup):
    with pytest.raises(openai.BadRequestError) as error:
        ask(chain.client(), "gpt", extra_body={"fallback_on": ["timeout"]})

    assert error.value.param == "fallback_on[0]"
    assert backup.calls == []
