"""How sanso begins and ends."""

import subprocess
import threading

import pytest
from configs import SEED
from gateway import BINARY
from plain_http import Connection
from steps import Answer
from talk import ask


def test_what_is_under_way_is_finished_before_the_end(seed, primary):
    gate = primary.gate()
    primary.always(Answer(gate=gate))
    replies = []
    asking = threading.Thread(target=lambda: replies.append(ask(seed.client()).parse()))
    asking.start()
    primary.wait_calls(1)

    seed.terminate()
    gate.open()

    asking.join(20)
    assert replies[0].choices[0].finish_reason == "stop"
    assert seed.wait_exit() == 0
    with pytest.raises(ConnectionRefusedError):
        Connection(seed.port)


def test_an_unset_key_is_named_before_anything_is_served(start, tmp_path):
    config = tmp_path / "config.yaml"
    config.write_text(SEED)

    ended = subprocess.run(
        [BINARY, "serve", "--config", config, "--port", "0"],
        env={"ANTHROPIC_API_KEY": "sk-ant-canary-primary"},
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=20,
    )

    assert ended.returncode == 2
    assert "OPENAI_API_KEY" in ended.stdout + ended.stderr
    assert "listening" not in ended.stdout
    assert "canary" not in ended.stdout + ended.stderr
