"""Makes models.tsv from public price lists.

Usage: renew.py SOURCE LITELLM GENAI_PRICES, the last two being the versions of the lists, for the
file's head. SOURCE is a folder with `litellm/model_prices_and_context_window.json` and
`genai-prices/data.json`. Where both know a model, LiteLLM's entry counts, and a difference is told.
Only chat models of the providers that sanso speaks are kept, and only what is read from the file.
Of several prices for longer prompts that of the shortest is kept; a tier that is not understood ends the run.
"""

import datetime
import json
import re
import sys
from pathlib import Path

HERE = Path(__file__).resolve().parent
PROVIDERS = HERE.parents[1] / "sanso-wire/src/providers/table.rs"

# genai-prices' names of our providers, where they differ.
GENAI = {
    "fireworks": "fireworks_ai",
    "google": "gemini",
    "moonshotai": "moonshot",
    "together": "together_ai",
    "x-ai": "xai",
    "zhipuai": "zai",
}
# Parts of names that are no chat models, or are named by size rather than by name.
LEFT_OUT = re.compile(
    r"^ft:|^together-ai-|image|audio|tts|lyria|live|embed|whisper|guard|transcri|robotics|veo-|"
    r"computer-use|deep-research|/container"
)
# How a provider spells one model in two ways; the short one is kept, and found by both.
PREFIXES = ("accounts/fireworks/models/",)
MILLION = 1_000_000
# A price of prompts longer than so many thousand tokens.
TIER = re.compile(r"input_cost_per_token_above_(\d+)k_tokens")
# What else may be said of a price above a length: of other kinds of service, and of how long a cache
# entry is kept.
OTHER_TIER = re.compile(
    r"(?:output_cost_per_token|cache_(?:read|creation)_input_token_cost|input_cost_per_token)"
    r"(?:_above_\d+hr)?(?:_above_\d+k_tokens)?(?:_(?:batches|flex|priority|ultrafast|decisions))?"
    r"|input_cost_per_(?:audio_per_second|character|image|video_per_second)_above_\d+k_tokens"
    r"|output_cost_per_character_above_\d+k_tokens"
)

NOTICE = """\
# Chat models: prices in USD per million tokens, and the longest prompt in tokens.
# Made by renew.py on {date}; do not edit. Facts from two collections under the MIT licence:
# LiteLLM {litellm} (Copyright (c) 2023 Berri AI) and genai-prices {genai_prices} (Copyright (c)
# Pydantic Services Inc. 2025 to present). Their notice:
#   Permission is hereby granted, free of charge, to any person obtaining a copy of this software and
#   associated documentation files (the "Software"), to deal in the Software without restriction,
#   including without limitation the rights to use, copy, modify, merge, publish, distribute,
#   sublicense, and/or sell copies of the Software, and to permit persons to whom the Software is
#   furnished to do so, subject to the following conditions: The above copyright notice and this
#   permission notice shall be included in all copies or substantial portions of the Software.
#   THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT
#   NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND
#   NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM,
#   DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM, OUT
#   OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
# @provider, then: model, input, output, cache read, cache write, window, and for prompts longer than
# `from` tokens: from, input, output. An empty field is unknown.
"""


def our_providers():
    table = re.split(r"const UNBUILT", PROVIDERS.read_text())[0]
    found = re.findall(r'(?:openai_like|local)\(\s*"([^"]+)"|\bname: "([^"]+)"', table)
    return {a or b for a, b in found}


def per_million(price):
    return None if price is None else round(float(price) * MILLION, 6)


def from_litellm(source, providers):
    listed = json.loads((source / "litellm/model_prices_and_context_window.json").read_text())
    for key, entry in listed.items():
        provider = entry.get("litellm_provider")
        if provider not in providers or entry.get("mode") != "chat":
            continue
        name = key.removeprefix(f"{provider}/")
        unknown = [field for field in entry if "_above_" in field and not OTHER_TIER.fullmatch(field)]
        if unknown:
            sys.exit(f"{key}: a price tier that is not understood: {', '.join(unknown)}")
        yield provider, name, litellm_row(entry)


def litellm_row(entry):
    long = {}
    lengths = sorted(int(found[1]) for found in map(TIER.fullmatch, entry) if found)
    if lengths:
        suffix = f"_above_{lengths[0]}k_tokens"
        long = {
            "from": lengths[0] * 1000,
            "input": entry[f"input_cost_per_token{suffix}"],
            "output": entry.get(f"output_cost_per_token{suffix}"),
        }
    base = entry
    tiers = entry.get("tiered_pricing") or []
    if "input_cost_per_token" not in entry and tiers:
        base = tiers[0]
        if len(tiers) > 1:
            upper = tiers[1]
            long = {
                "from": int(upper["range"][0]),
                "input": upper.get("input_cost_per_token"),
                "output": upper.get("output_cost_per_token"),
            }
    return row(
        per_million(base.get("input_cost_per_token")),
        per_million(base.get("output_cost_per_token")),
        per_million(base.get("cache_read_input_token_cost")),
        per_million(base.get("cache_creation_input_token_cost")),
        entry.get("max_input_tokens"),
        long.get("from"),
        per_million(long.get("input")),
        per_million(long.get("output")),
    )


def from_genai(source, providers):
    listed = json.loads((source / "genai-prices/data.json").read_text())
    for provider in listed:
        name = GENAI.get(provider["id"], provider["id"])
        if name not in providers:
            continue
        for model in provider["models"]:
            found = genai_row(model)
            for spelling in spellings(model):
                yield name, spelling, found


def spellings(model):
    """The names that are matched as a whole: what a family is called is no model's name."""
    match = model.get("match", {})
    rules = match.get("or", [match])
    return {model["id"]} | {rule["equals"] for rule in rules if "equals" in rule}


def genai_row(model):
    prices = model["prices"]
    if isinstance(prices, list):
        # The last one without a date, or the newest.
        undated = [entry for entry in prices if not entry.get("constraint")]
        prices = (undated or prices)[-1]["prices"]

    def price(key):
        value = prices.get(key)
        return value["base"] if isinstance(value, dict) else value

    def long(key):
        value = prices.get(key)
        tiers = value.get("tiers") if isinstance(value, dict) else None
        return tiers[0] if tiers else {}

    return row(
        price("input_mtok"),
        price("output_mtok"),
        price("cache_read_mtok"),
        price("cache_write_mtok"),
        model.get("context_window"),
        long("input_mtok").get("start"),
        long("input_mtok").get("price"),
        long("output_mtok").get("price"),
    )


def row(*fields):
    """Nobody sells tokens for nothing: two zeros are an unknown price."""
    fields = list(fields)
    if not fields[0] and not fields[1]:
        fields[:4] = [None] * 4
        fields[5:] = [None] * 3
    return tuple(fields)


def is_price(value):
    return isinstance(value, (int, float)) and 0 <= value < 100_000


def is_usable(found):
    prices = [*found[:4], *found[6:]]
    return all(value is None or is_price(value) for value in prices) and any(
        found[i] is not None for i in (0, 1, 4)
    )


def gather(source):
    providers = our_providers()
    models = {}
    differing = 0
    for origin in (from_litellm, from_genai):
        for provider, name, found in origin(source, providers):
            for prefix in PREFIXES:
                name = name.removeprefix(prefix)
            if LEFT_OUT.search(name) or not is_usable(found) or re.search(r"\s", name):
                continue
            known = models.setdefault((provider, name), found)
            if origin is from_genai and known[:2] != found[:2] and None not in known[:2]:
                differing += 1
    print(f"{len(models)} models; the sources differ on the price of {differing}", file=sys.stderr)
    return models


def shown(value):
    if value is None:
        return ""
    return f"{value:.6f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    source, litellm, genai_prices = sys.argv[1:]
    models = gather(Path(source))
    today = datetime.date.today().isoformat()
    lines = [NOTICE.format(date=today, litellm=litellm, genai_prices=genai_prices)]
    last = None
    for (provider, name), found in sorted(models.items()):
        if provider != last:
            lines.append(f"@{provider}\n")
            last = provider
        lines.append("\t".join([name, *map(shown, found)]).rstrip("\t") + "\n")
    (HERE / "models.tsv").write_text("".join(lines))


if __name__ == "__main__":
    main()
