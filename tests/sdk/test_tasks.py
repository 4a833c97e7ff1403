"""Tasks: named by model, by metadata, by header; each with a chain of its own."""

import openai
import pytest
from configs import THREE
from steps import Fail
from talk import ask

TASKS = THREE + """
sanso:
  tasks:
    summarize: {models: [gemini, gpt]}
    medical: {models: [claude, gpt], fallback: deny}
"""


@pytest.fixture
def tasks(start):
    return start(TASKS)


@pytest.mark.parametrize(
    "named",
    [
        {"model": "task/summarize"},
        {"extra_body": {"metadata": {"task": "summarize"}}},
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
