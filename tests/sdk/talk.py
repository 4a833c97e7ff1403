"""The few phrases that every test needs."""

import json
import time
from dataclasses import dataclass, field

HELLO = [{"role": "user", "content": "Hello"}]

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "The weather of a city.",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}, "unit": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
    },
}


def ask(client, model="main-model", messages=HELLO, **options):
    """Asks, and gives headers and answer: `reply.headers`, `reply.parse()`."""
    completions = client.chat.completions.with_raw_response
    return completions.create(model=model, messages=messages, **options)


@dataclass
class Heard:
    """A stream put together."""

    ids: set = field(default_factory=set)
    roles: list = field(default_factory=list)
    text: str = ""
    tools: dict = field(default_factory=dict)
    finishes: list = field(default_factory=list)
    usage: object = None

    def add(self, chunk):
        self.ids.add(chunk.id)
        self.usage = chunk.usage or self.usage
        for choice in chunk.choices:
            delta = choice.delta
            self.text += delta.content or ""
            if delta.role:
                self.roles.append(delta.role)
            if choice.finish_reason:
                self.finishes.append(choice.finish_reason)
            for call in delta.tool_calls or []:
                tool = self.tools.setdefault(call.index, {"id": None, "name": "", "arguments": ""})
                tool["id"] = tool["id"] or call.id
                tool["name"] += call.function.name or ""
                tool["arguments"] += call.function.arguments or ""

    def arguments(self):
        """Each tool call's name and parsed arguments, by index."""
        return [(t["name"], json.loads(t["arguments"])) for _, t in sorted(self.tools.items())]


def listen(stream):
    """Everything that a stream says, up to its end."""
    heard = Heard()
    for chunk in stream:
        heard.add(chunk)
    return heard


def until(condition, within, pause=0.05):
    """Asks `condition` again and again until it gives something true; fails after `within` s."""
    limit = time.monotonic() + within
    while not (result := condition()):
        assert time.monotonic() < limit, f"not within {within} s"
        time.sleep(pause)
    return result
