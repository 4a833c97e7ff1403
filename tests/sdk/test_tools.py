"""Tools through every dialect: the call, its stream, and the round trip of its result."""

import json

import pytest
from dialects import Says, Tool
from steps import Answer
from talk import WEATHER, ask, listen

PARIS = {"city": "Paris", "unit": "°C"}
ROME = {"city": 'Rome "the eternal"', "unit": "K"}
QUESTION = [{"role": "user", "content": "What is the weather in Paris?"}]

# Which provider stands behind which group of `three.yaml`.
GROUPS = {"claude": "primary", "gemini": "third", "gpt": "backup"}


@pytest.fixture(params=GROUPS)
def group(request):
    return request.param


@pytest.fixture
def provider(request, group):
    return request.getfixturevalue(GROUPS[group])


def test_a_tool_is_called(three, provider, group):
    provider.always(Answer(Says(tools=(Tool("get_weather", PARIS),))))

    answer = ask(three.client(), group, QUESTION, tools=[WEATHER]).parse()

    choice = answer.choices[0]
    assert choice.finish_reason == "tool_calls"
    [call] = choice.message.tool_calls
    assert call.id
    assert call.type == "function"
    assert call.function.name == "get_weather"
    assert json.loads(call.function.arguments) == PARIS
    assert offered(group, provider.calls[0].body) == WEATHER["function"]["parameters"]


def test_tool_calls_are_streamed(three, provider, group):
    tools = (Tool("get_weather", PARIS), Tool("get_weather", ROME))
    provider.always(Answer(Says(tools=tools)))

    heard = listen(ask(three.client(), group, QUESTION, tools=[WEATHER], stream=True).parse())

    assert heard.arguments() == [("get_weather", PARIS), ("get_weather", ROME)]
    assert sorted(heard.tools) == [0, 1]
    assert len({tool["id"] for tool in heard.tools.values()}) == 2
    assert heard.finishes == ["tool_calls"]
    assert heard.roles == ["assistant"]


def test_words_may_come_before_a_streamed_tool_call(three, provider, group):
    provider.always(Answer(Says("Let me see.", (Tool("get_weather", PARIS),))))

    heard = listen(ask(three.client(), group, QUESTION, tools=[WEATHER], stream=True).parse())

    assert heard.text == "Let me see."
    assert heard.arguments() == [("get_weather", PARIS)]


def test_a_tool_without_arguments_is_called(three, provider, group):
    provider.always(Answer(Says(tools=(Tool("now", {}),))))
    now = {"type": "function", "function": {"name": "now"}}
    client = three.client()

    plain = ask(client, group, QUESTION, tools=[now]).parse()
    streamed = listen(ask(client, group, QUESTION, tools=[now], stream=True).parse())

    assert json.loads(plain.choices[0].message.tool_calls[0].function.arguments) == {}
    assert streamed.arguments() == [("now", {})]


def test_the_result_of_a_tool_goes_back(three, provider, group):
    tools = (Tool("get_weather", PARIS), Tool("get_weather", ROME))
    provider.then(Answer(Says(tools=tools)))
    provider.always(Answer(Says("Mild in Paris, hot in Rome.")))
    client = three.client()
    asked = ask(client, group, QUESTION, tools=[WEATHER]).parse().choices[0].message

    messages = QUESTION + [asked.model_dump(exclude_none=True)]
    for call, result in zip(asked.tool_calls, ["18", "31"], strict=True):
        messages.append({"role": "tool", "tool_call_id": call.id, "content": result})
    told = ask(client, group, messages, tools=[WEATHER]).parse()

    assert told.choices[0].message.content == "Mild in Paris, hot in Rome."
    assert told.choices[0].finish_reason == "stop"
    assert exchange(group, provider.calls[1].body) == [
        ("get_weather", PARIS, "18"),
        ("get_weather", ROME, "31"),
    ]


@pytest.mark.parametrize(
    "choice", ["required", {"type": "function", "function": {"name": "get_weather"}}]
)
def test_a_tool_can_be_demanded(three, provider, group, choice):
    provider.always(Answer(Says(tools=(Tool("get_weather", PARIS),))))

    ask(three.client(), group, QUESTION, tools=[WEATHER], tool_choice=choice)

    body = provider.calls[0].body
    named = choice != "required"
    if group == "claude":
        expected = {"type": "tool", "name": "get_weather"} if named else {"type": "any"}
        assert body["tool_choice"].items() >= expected.items()
    elif group == "gemini":
        calling = body["toolConfig"]["functionCallingConfig"]
        assert calling["mode"] == "ANY"
        assert calling.get("allowedFunctionNames") == (["get_weather"] if named else None)
    else:
        assert body["tool_choice"] == choice


def offered(group, body):
    """The schema of the first tool, as the provider reads it."""
    tool = body["tools"][0]
    if group == "claude":
        return tool["input_schema"]
    if group == "gemini":
        return tool["functionDeclarations"][0]["parametersJsonSchema"]
    return tool["function"]["parameters"]


def exchange(group, body):
    """Each tool call of the history with its result: (name, arguments, result)."""
    return {"claude": _of_anthropic, "gemini": _of_gemini, "gpt": _of_openai}[group](body)


def _of_anthropic(body):
    question, calls, results = body["messages"]
    assert (question["role"], calls["role"], results["role"]) == ("user", "assistant", "user")
    told = {block["tool_use_id"]: block["content"] for block in results["content"]}
    return [
        (block["name"], block["input"], _text(told.pop(block["id"])))
        for block in calls["content"]
        if block["type"] == "tool_use"
    ]


def _of_gemini(body):
    question, calls, results = body["contents"]
    assert (question["role"], calls["role"], results["role"]) == ("user", "model", "user")
    called = [part["functionCall"] for part in calls["parts"]]
    told = [part["functionResponse"] for part in results["parts"]]
    assert [call["name"] for call in called] == [response["name"] for response in told]
    return [
        (call["name"], call["args"], str(response["response"]["result"]))
        for call, response in zip(called, told, strict=True)
    ]


def _of_openai(body):
    _, assistant, *results = body["messages"]
    told = {message["tool_call_id"]: message["content"] for message in results}
    return [
        (call["function"]["name"], json.loads(call["function"]["arguments"]), told.pop(call["id"]))
        for call in assistant["tool_calls"]
    ]


def _text(content):
    """Anthropic takes a result as a string, or as blocks of text."""
    if isinstance(content, str):
        return content
    return "".join(block["text"] for block in content)
