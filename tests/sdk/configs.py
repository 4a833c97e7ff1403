"""The configurations under test, and the keys that they name."""

from pathlib import Path

_HERE = Path(__file__).parent

# The smallest configuration that must work, byte for byte.
SEED = (_HERE / "seed.yaml").read_text()
# One model of each dialect: `claude`, `gemini`, `gpt`.
THREE = (_HERE / "three.yaml").read_text()

# Canaries: none of them may be seen in any output or answer.
KEYS = {
    "ANTHROPIC_API_KEY": "sk-ant-canary-primary",
    "OPENAI_API_KEY": "sk-canary-fallback",
    "GEMINI_API_KEY": "canary-gemini",
}
