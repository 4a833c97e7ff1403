"""What else must reach a provider in its own shape: schemas, images, instructions, limits."""

import base64

import pytest
from dialects import Says
from pydantic import BaseModel
from steps import Answer
from talk import HELLO, ask

PIXEL = base64.b64encode(b"\x89PNG\r\n\x1a\n a very small picture").decode()
URL = "https://example.com/cat.png"


class City(BaseModel):
    name: str
    people: int


@pytest.mark.parametrize(
    "group, vendor", [("claude", "primary"), ("gemini", "third"), ("gpt", "backup")]
)
def test_an_answer_follows_a_json_schema(three, request, group, vendor):
    provider = request.getfixturevalue(vendor)
    provider.always(Answer(Says('{"name":"Kyoto","people":1464000}')))

    answer = three.client().chat.completions.parse(
        model=group, messages=HELLO, response_format=City
    )

    assert answer.choices[0].message.parsed == City(name="Kyoto", people=1464000)
    body = provider.calls[0].body
    if group == "claude":
        wanted = body["output_config"]["format"]
        assert wanted["type"] == "json_schema"
        schema = wanted["schema"]
    elif group == "gemini":
        assert body["generationConfig"]["responseMimeType"] == "application/json"
        schema = body["generationConfig"]["responseJsonSchema"]
    else:
        schema = body["response_format"]["json_schema"]["schema"]
    assert schema["required"] == ["name", "people"]
    assert schema["properties"].keys() == {"name", "people"}


def looking_at(*urls):
    parts = [{"type": "text", "text": "What is this?"}]
    parts += [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    return [{"role": "user", "content": parts}]


def test_images_reach_anthropic(three, primary):
    ask(three.client(), "claude", looking_at(URL, f"data:image/png;base64,{PIXEL}"))

    text, linked, inline = primary.calls[0].body["messages"][0]["content"]
    assert text == {"type": "text", "text": "What is this?"}
    assert linked == {"type": "image", "source": {"type": "url", "url": URL}}
    source = {"type": "base64", "media_type": "image/png", "data": PIXEL}
    assert inline == {"type": "image", "source": source}


def test_images_reach_gemini(three, third):
    ask(three.client(), "gemini", looking_at(URL, f"data:image/png;base64,{PIXEL}"))

    [content] = third.calls[0].body["contents"]
    text, linked, inline = content["parts"]
    assert text == {"text": "What is this?"}
    assert linked == {"fileData": {"mimeType": "image/png", "fileUri": URL}}
    assert inline == {"inlineData": {"mimeType": "image/png", "data": PIXEL}}


def test_images_reach_openai(three, backup):
    messages = looking_at(URL, f"data:image/png;base64,{PIXEL}")
    ask(three.client(), "gpt", messages)

    assert backup.calls[0].body["messages"] == messages


def test_instructions_and_limits_reach_each_provider(three, primary, third, backup):
    messages = [{"role": "system", "content": "Be brief."}] + HELLO
    for group in ("claude", "gemini", "gpt"):
        ask(three.client(), group, messages, max_tokens=77, temperature=0.5, stop=["END"])

    claude = primary.calls[0].body
    system = claude["system"]
    assert (system if isinstance(system, str) else system[0]["text"]) == "Be brief."
    assert [message["role"] for message in claude["messages"]] == ["user"]
    assert (claude["max_tokens"], claude["temperature"]) == (77, 0.5)
    assert claude["stop_sequences"] == ["END"]

    gemini = third.calls[0].body
    assert gemini["systemInstruction"]["parts"] == [{"text": "Be brief."}]
    limits = gemini["generationConfig"]
    assert (limits["maxOutputTokens"], limits["temperature"]) == (77, 0.5)
    assert limits["stopSequences"] == ["END"]
    assert third.calls[0].headers["x-goog-api-key"] == "canary-gemini"
    assert third.calls[0].path == "/v1beta/models/gemini-2.5-flash:generateContent"

    assert backup.calls[0].body == {
        "model": "gpt-4.1",
        "messages": messages,
        "max_tokens": 77,
        "temperature": 0.5,
        "stop": ["END"],
    }
