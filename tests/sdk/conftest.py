"""Fixtures: scripted providers, and sanso in front of them."""

import contextlib

import pytest
from configs import KEYS, SEED, THREE
from gateway import BINARY, Gateway
from provider import Provider


@pytest.fixture
def providers():
    """Starts providers: `providers()`; all are gone when the test is over."""
    with contextlib.ExitStack() as stack:

        def start():
            provider = Provider()
            stack.callback(provider.stop)
            return provider

        yield start


@pytest.fixture
def primary(providers):
    """The provider behind every Anthropic model."""
    return providers()


@pytest.fixture
def backup(providers):
    """The provider behind every OpenAI model."""
    return providers()


@pytest.fixture
def third(providers):
    """The provider behind every Gemini model."""
    return providers()


@pytest.fixture
def env(primary, backup, third):
    """Keys, and where each vendor is to be found."""
    return KEYS | {
        "ANTHROPIC_API_BASE": primary.base("anthropic"),
        "OPENAI_API_BASE": backup.base("openai"),
        "GEMINI_API_BASE": third.base("gemini"),
    }


@pytest.fixture
def start(env, tmp_path):
    """Starts sanso with a configuration. Each one must end well, and have told no key."""
    if not BINARY.exists():
        pytest.fail(f"{BINARY} is missing: run `cargo build`, or set SANSO_BIN")
    running = []

    def start(config):
        folder = tmp_path / f"sanso-{len(running)}"
        folder.mkdir()
        running.append(Gateway(config, env, folder))
        return running[-1]

    yield start
    for gateway in running:
        gateway.terminate()
    for gateway in running:
        try:
            code = gateway.wait_exit()
        finally:
            gateway.kill()
        print(gateway.output)
        assert code == 0, "SIGTERM must end sanso with 0"
        told = [name for name, key in KEYS.items() if key in gateway.output]
        assert not told, f"the output holds {told}"


@pytest.fixture
def seed(start):
    """The smallest configuration that must work, byte for byte."""
    return start(SEED)


@pytest.fixture
def three(start):
    """One model of each dialect."""
    return start(THREE)
