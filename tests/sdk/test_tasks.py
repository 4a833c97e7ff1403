"""Tasks: named by model, by metadata, by header; each with a chain and an order of its own."""

import openai
import pytest
from configs import THREE
from plain_http import Connection
from steps import Fail
from talk import ask

TASKS = THREE + """
sanso:
  tasks:
    summarize: {models: [gemini, gpt]}
    medical: {models: [claude, gpt], fallback: deny}
"""

ORDERS = THREE + """
sanso:
  tasks:
    batch: {strategy: cost}
    law: {strategy: quality, models: [gemini, gpt, claude]}
    live-chat: {strategy: latency, models: [gpt, gemini]}
"""


@pytest.fixture
def tasks(start):
    return start(TASKS)


@pytest.fixture
def orders(start):
    return start(ORDERS)


@pytest.mark.parametrize(
    "named",
    [
        {"model": "task/summarize"},
        {"metadata": {"task": "summarize"}},
        {"extra_headers": {"x-sanso-task": "summarize"}},
    ],
    ids=["model", "metadata", "header"],
)
def test_a_task_decides_who_is_asked(tasks, primary, backup, third, named):
    reply = ask(tasks.client(), **{"model": "claude"} | named)

    assert reply.headers["x-sanso-served-by"] == "gemini/gemini-2.5-flash"
    assert reply.headers["x-sanso-model-group"] == "task/summarize"
    assert reply.headers["x-sanso-degradation"] == "full"
    assert (len(primary.calls), len(backup.calls), len(third.calls)) == (0, 0, 1)


def test_a_body_that_names_a_task_outdoes_the_header(tasks, third):
    reply = ask(tasks.client(), "task/summarize", extra_headers={"x-sanso-task": "medical"})

    assert len(third.calls) == 1
    assert "`x-sanso-task` does not" in reply.headers["x-sanso-warnings"]


def test_the_next_of_a_tasks_models_stands_in(tasks, third):
    third.always(Fail(503))

    reply = ask(tasks.client(), "task/summarize")

    assert reply.headers["x-sanso-served-by"] == "openai/gpt-4.1"
    assert reply.headers["x-sanso-degradation"] == "partial"


def test_a_task_may_forbid_to_fall_back(tasks, primary, backup):
    primary.always(Fail(503))

    with pytest.raises(openai.InternalServerError) as error:
        ask(tasks.client(), "task/medical", extra_body={"fallback": "allow"})

    assert error.value.status_code == 503
    assert backup.calls == []


def test_an_unknown_task_is_told_with_those_that_are(tasks, primary, backup, third):
    with pytest.raises(openai.NotFoundError) as error:
        ask(tasks.client(), "task/sumarize")

    assert (error.value.code, error.value.param) == ("task_not_found", "model")
    assert "summarize, medical" in error.value.message
    assert primary.calls + backup.calls + third.calls == []


def test_tasks_are_listed_as_models(tasks):
    models = [model.id for model in tasks.client().models.list()]

    assert models == ["claude", "gemini", "gpt", "task/summarize", "task/medical"]


@pytest.mark.parametrize(
    ("named", "param"),
    [
        ({"metadata": {"task": "nope"}}, "metadata.task"),
        ({"extra_headers": {"x-sanso-task": "nope"}}, "x-sanso-task"),
    ],
    ids=["metadata", "header"],
)
def test_an_unknown_task_is_told_with_where_it_was_named(tasks, named, param):
    with pytest.raises(openai.NotFoundError) as error:
        ask(tasks.client(), "claude", **named)

    assert (error.value.code, error.value.param) == ("task_not_found", param)


@pytest.mark.parametrize(
    ("task", "model"),
    [("batch", "gemini/gemini-2.5-flash"), ("law", "anthropic/claude-sonnet-4-6")],
)
def test_each_task_has_its_order(orders, task, model):
    reply = ask(orders.client(), f"task/{task}")

    assert reply.headers["x-sanso-served-by"] == model
    assert reply.headers["x-sanso-fallback"] == "false"


def test_an_answer_says_what_it_cost(orders):
    reply = ask(orders.client(), "task/law")

    usage = reply.parse().usage
    dollars = usage.prompt_tokens * 3e-6 + usage.completion_tokens * 15e-6
    assert float(reply.headers["x-litellm-response-cost"]) == pytest.approx(dollars)


def test_who_fails_is_no_longer_the_quickest(orders, backup, third):
    backup.always(Fail(500))

    for _ in range(12):
        ask(orders.client(), "task/live-chat")
    late = [ask(orders.client(), "task/live-chat").headers for _ in range(12)]

    # One in twenty may go out to measure someone else.
    first = [headers["x-sanso-fallback"] == "false" for headers in late]
    assert sum(first) >= 8, late


def test_what_would_become_of_a_request_is_told_without_a_call(orders, primary, backup, third):
    body = b'{"model": "task/batch", "messages": [{"role": "user", "content": "Hello"}]}'

    told = Connection(orders.port).ask("POST", "/admin/explain", body).json()

    assert told["strategy"] == "cost"
    assert [leg["model_group"] for leg in told["legs"]] == ["gemini", "gpt", "claude"]
    assert [leg["turn"] for leg in told["legs"]] == ["first", "later", "later"]
    assert primary.calls + backup.calls + third.calls == []


def test_requests_are_counted_by_their_task(tasks):
    ask(tasks.client(), "task/summarize")
    ask(tasks.client(), "claude", metadata={"task": "summarize"})
    ask(tasks.client(), "claude")

    counted = [sample for sample in tasks.metrics() if sample.name == "sanso_requests_total"]
    by_task = {}
    for sample in counted:
        task = sample.labels["task"]
        by_task[task] = by_task.get(task, 0) + sample.value
    assert by_task == {"summarize": 2, "medical": 0, "": 1}
