"""What a provider says, in each vendor's own shape: plain answers, event streams, errors.

Every dialect has the same four functions: `answer`, `events`, `error` and `error_event`. Key sets
and the order of events follow the vendors' documents and recorded traffic; ids are made up.
"""

import itertools
import json
from dataclasses import dataclass, field

_serial = itertools.count(1)


@dataclass(frozen=True)
class Tool:
    """A tool that the model wants called."""

    name: str
    arguments: dict


@dataclass(frozen=True)
class Says:
    """What the model has to say, before any vendor's syntax. Empty text means the default one."""

    text: str = ""
    tools: tuple[Tool, ...] = ()

    def words(self, model):
        """The text in stream-sized pieces; together they are `spoken(model)`."""
        return [] if self.tools and not self.text else _pieces(self.spoken(model), 6)

    def spoken(self, model):
        return self.text or ("" if self.tools else f"{model} at your service, as ever.")


@dataclass(frozen=True)
class Event:
    """One server-sent event. `content` is what a reader would see: the moment of commit."""

    data: bytes
    content: bool = field(default=False)


def _pieces(text, size):
    return [text[i : i + size] for i in range(0, len(text), size)]


def _json(value):
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


class OpenAi:
    """Chat Completions."""

    @staticmethod
    def _finish(says):
        return "tool_calls" if says.tools else "stop"

    @staticmethod
    def _usage():
        return {
            "prompt_tokens": 12,
            "completion_tokens": 7,
            "total_tokens": 19,
            "prompt_tokens_details": {"cached_tokens": 0, "audio_tokens": 0},
            "completion_tokens_details": {"reasoning_tokens": 0, "audio_tokens": 0},
        }

    @classmethod
    def answer(cls, model, says, _request):
        message = {"role": "assistant", "content": says.spoken(model) or None, "refusal": None}
        if says.tools:
            message["tool_calls"] = [
                {
                    "id": f"call_{next(_serial):024d}",
                    "type": "function",
                    "function": {"name": tool.name, "arguments": json.dumps(tool.arguments)},
                }
                for tool in says.tools
            ]
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": cls._finish(says),
        }
        return _json(
            {
                "id": f"chatcmpl-{next(_serial)}",
                "object": "chat.completion",
                "created": 1751568771,
                "model": f"{model}-2025-04-14",
                "choices": [choice],
                "usage": cls._usage(),
                "service_tier": "default",
                "system_fingerprint": "fp_a1b2c3",
            }
        )

    @classmethod
    def events(cls, model, says, request):
        with_usage = (request.get("stream_options") or {}).get("include_usage", False)
        head = {
            "id": f"chatcmpl-{next(_serial)}",
            "object": "chat.completion.chunk",
            "created": 1751568771,
            "model": f"{model}-2025-04-14",
            "service_tier": "default",
            "system_fingerprint": "fp_a1b2c3",
        }

        def chunk(choices, usage=None, content=False):
            body = head | {"choices": choices} | ({"usage": usage} if with_usage else {})
            return Event(b"data: " + _json(body) + b"\n\n", content)

        def delta(value, finish=None, content=False):
            choice = {"index": 0, "delta": value, "logprobs": None, "finish_reason": finish}
            return chunk([choice], content=content)

        yield delta({"role": "assistant", "content": "", "refusal": None})
        for word in says.words(model):
            yield delta({"content": word}, content=True)
        for index, tool in enumerate(says.tools):
            call = {"index": index, "id": f"call_{next(_serial):024d}", "type": "function"}
            call["function"] = {"name": tool.name, "arguments": ""}
            yield delta({"tool_calls": [call]}, content=True)
            for piece in _pieces(json.dumps(tool.arguments), 5):
                fragment = {"index": index, "function": {"arguments": piece}}
                yield delta({"tool_calls": [fragment]}, content=True)
        yield delta({}, cls._finish(says))
        if with_usage:
            yield chunk([], cls._usage())
        yield Event(b"data: [DONE]\n\n")

    @staticmethod
    def error(status, message):
        kinds = {
            400: ("invalid_request_error", None),
            401: ("invalid_request_error", "invalid_api_key"),
            429: ("requests", "rate_limit_exceeded"),
        }
        kind, code = kinds.get(status, ("server_error", None))
        return _json({"error": {"message": message, "type": kind, "param": None, "code": code}})

    @classmethod
    def error_event(cls, message):
        return Event(b"data: " + cls.error(503, message) + b"\n\n")


class Anthropic:
    """Messages."""

    @staticmethod
    def _blocks(model, says):
        text = says.spoken(model)
        blocks = [{"type": "text", "text": text}] if text else []
        for tool in says.tools:
            block = {"type": "tool_use", "id": f"toolu_{next(_serial):022d}"}
            blocks.append(block | {"name": tool.name, "input": tool.arguments})
        return blocks

    @staticmethod
    def _message(model, content, stop_reason, output_tokens):
        return {
            "id": f"msg_{next(_serial):022d}",
            "type": "message",
            "role": "assistant",
            "model": model,
            "content": content,
            "stop_reason": stop_reason,
            "stop_sequence": None,
            "usage": {
                "input_tokens": 12,
                "cache_creation_input_tokens": 0,
                "cache_read_input_tokens": 0,
                "output_tokens": output_tokens,
                "service_tier": "standard",
            },
        }

    @staticmethod
    def _stop_reason(says):
        return "tool_use" if says.tools else "end_turn"

    @staticmethod
    def _event(body, content=False):
        return Event(
            b"event: " + body["type"].encode() + b"\ndata: " + _json(body) + b"\n\n", content
        )

    @classmethod
    def answer(cls, model, says, _request):
        return _json(cls._message(model, cls._blocks(model, says), cls._stop_reason(says), 7))

    @classmethod
    def events(cls, model, says, _request):
        yield cls._event({"type": "message_start", "message": cls._message(model, [], None, 1)})
        for index, block in enumerate(cls._blocks(model, says)):
            if block["type"] == "text":
                empty, name = block | {"text": ""}, "text"
                pieces = _pieces(block["text"], 6)
            else:
                empty, name = block | {"input": {}}, "partial_json"
                pieces = [""] + _pieces(json.dumps(block["input"]), 5)
            start = {"type": "content_block_start", "index": index, "content_block": empty}
            yield cls._event(start, content=name == "partial_json")
            yield cls._event({"type": "ping"})
            for piece in pieces:
                kind = "text_delta" if name == "text" else "input_json_delta"
                delta = {"type": kind, name: piece}
                body = {"type": "content_block_delta", "index": index, "delta": delta}
                yield cls._event(body, content=True)
            yield cls._event({"type": "content_block_stop", "index": index})
        delta = {"stop_reason": cls._stop_reason(says), "stop_sequence": None}
        yield cls._event({"type": "message_delta", "delta": delta, "usage": {"output_tokens": 7}})
        yield cls._event({"type": "message_stop"})

    @staticmethod
    def _error(status, message):
        kinds = {
            400: "invalid_request_error",
            401: "authentication_error",
            404: "not_found_error",
            429: "rate_limit_error",
            503: "overloaded_error",
            529: "overloaded_error",
        }
        error = {"type": kinds.get(status, "api_error"), "message": message}
        return {"type": "error", "error": error, "request_id": f"req_{next(_serial):022d}"}

    @classmethod
    def error(cls, status, message):
        return _json(cls._error(status, message))

    @classmethod
    def error_event(cls, message):
        return cls._event(cls._error(529, message))


class Gemini:
    """generateContent and streamGenerateContent."""

    @staticmethod
    def _chunk(model, response_id, parts, finish):
        candidate = {"content": {"parts": parts, "role": "model"}, "index": 0}
        if finish:
            candidate["finishReason"] = "STOP"
        if finish and any("functionCall" in part for part in parts):
            candidate["finishMessage"] = "Model generated function call(s)."
        tokens = {"promptTokenCount": 12, "candidatesTokenCount": 7, "totalTokenCount": 19}
        tokens["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": 12}]
        return {
            "candidates": [candidate],
            "usageMetadata": tokens,
            "modelVersion": model,
            "responseId": response_id,
        }

    @staticmethod
    def _calls(says):
        return [{"functionCall": {"name": t.name, "args": t.arguments}} for t in says.tools]

    @classmethod
    def answer(cls, model, says, _request):
        text = says.spoken(model)
        parts = ([{"text": text}] if text else []) + cls._calls(says)
        return _json(cls._chunk(model, f"resp-{next(_serial)}", parts, finish=True))

    @classmethod
    def events(cls, model, says, _request):
        response_id = f"resp-{next(_serial)}"
        batches = [[{"text": word}] for word in says.words(model)]
        batches += [cls._calls(says)] if says.tools else []
        for i, parts in enumerate(batches):
            body = cls._chunk(model, response_id, parts, finish=i == len(batches) - 1)
            yield Event(b"data: " + _json(body) + b"\r\n\r\n", content=True)

    @staticmethod
    def error(status, message):
        names = {400: "INVALID_ARGUMENT", 429: "RESOURCE_EXHAUSTED", 503: "UNAVAILABLE"}
        error = {"code": status, "message": message, "status": names.get(status, "INTERNAL")}
        return _json({"error": error})

    @classmethod
    def error_event(cls, message):
        return Event(b"data: " + cls.error(503, message) + b"\r\n\r\n")
