"""429: wait when the wait is short, move when it is long, and leave the primary alone meanwhile."""

from gateway import trail
from steps import Fail
from talk import ask

PRIMARY = "anthropic/claude-sonnet-4-6"
FALLBACK = "openai/gpt-4.1"
LIMIT = "Number of requests has exceeded your per-minute rate limit"


def test_a_short_wait_is_waited_for(seed, primary, backup):
    primary.then(Fail(429, LIMIT, {"retry-after": "1"}))

    reply = ask(seed.client())

    attempts = trail(reply.headers)
    assert [attempt.model for attempt in attempts] == [PRIMARY, PRIMARY]
    assert attempts[0].outcome == "429"
    assert reply.headers["x-sanso-fallback"] == "false"
    first, second = primary.calls
    assert second.at - first.at >= 1.0, "no retry before the provider's own time"
    assert backup.calls == []


def test_a_long_wait_moves_to_the_fallback_and_spares_the_primary(seed, primary, backup):
    primary.always(Fail(429, LIMIT, {"retry-after": "60"}))
    client = seed.client()

    moved = ask(client)
    spared = ask(client)

    assert [(a.model, a.outcome) for a in trail(moved.headers)][0] == (PRIMARY, "429")
    assert [attempt.model for attempt in trail(moved.headers)] == [PRIMARY, FALLBACK]
    assert [attempt.model for attempt in trail(spared.headers)] == [FALLBACK]
    for reply in (moved, spared):
        assert reply.headers["x-sanso-served-by"] == FALLBACK
        assert reply.headers["x-sanso-fallback"] == "true"
    assert len(primary.calls) == 1
    assert len(backup.calls) == 2
