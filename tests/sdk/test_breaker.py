"""An outage that lasts: the breaker opens, one probe looks, traffic returns."""

import asyncio
import collections
import time

from configs import SEED
from gateway import trail
from steps import Answer, Fail
from talk import HELLO, ask, until

PRIMARY = "anthropic/claude-sonnet-4-6"
FALLBACK = "openai/gpt-4.1"
CLOSED, OPEN, HALF_OPEN, RECOVERING = 0, 1, 2, 3
ALLOWED_FAILS = 3
CLIENTS = 50
# `cooldown_time: 1`, jittered by 0.8 to 1.2: the open time is never shorter than this.
SHORTEST_OPEN_S = 0.8


def breaker_state(gateway):
    """The state of the primary's breaker, whatever its deployment is called."""
    metrics = gateway.metrics()
    [deployment] = {
        sample.labels["deployment"]
        for sample in metrics
        if sample.name == "sanso_attempts_total" and sample.labels["provider"] == "anthropic"
    }
    [state] = [
        sample.value
        for sample in metrics
        if sample.name == "sanso_breaker_state" and sample.labels["deployment"] == deployment
    ]
    return state


def trip(gateway):
    """Fails until the breaker opens; without retries, so that each failure is one request's."""
    client = gateway.client()
    for _ in range(ALLOWED_FAILS + 1):
        reply = ask(client, extra_body={"num_retries": 0})
        assert reply.headers["x-sanso-served-by"] == FALLBACK


class Crowd:
    """Many clients that ask again and again, and count who answered each of them."""

    def __init__(self, gateway):
        self._gateway, self._over = gateway, False
        self.answers = [collections.Counter() for _ in range(CLIENTS)]

    async def __aenter__(self):
        self._client = self._gateway.async_client()
        self._tasks = [asyncio.create_task(self._ask(counter)) for counter in self.answers]
        return self

    async def __aexit__(self, *_):
        self._over = True
        await asyncio.gather(*self._tasks)
        await self._client.close()

    async def _ask(self, counter):
        completions = self._client.chat.completions.with_raw_response
        while not self._over:
            reply = await completions.create(model="main-model", messages=HELLO)
            counter[reply.headers["x-sanso-served-by"]] += 1
            await asyncio.sleep(0.02)

    def answered(self, model):
        return [counter[model] for counter in self.answers]

    async def more_rounds(self, rounds, all_but=0):
        """Waits until every client, but for a few, got `rounds` more answers."""
        before = [counter.total() for counter in self.answers]
        limit = time.monotonic() + 20

        def waiting():
            return sum(c.total() < b + rounds for c, b in zip(self.answers, before, strict=True))

        while waiting() > all_but:
            assert time.monotonic() < limit, f"{waiting()} clients still wait"
            await asyncio.sleep(0.02)


def test_an_outage_opens_the_breaker_and_one_probe_ends_it(start, primary, backup):
    sanso = start(SEED.replace("cooldown_time: 60", "cooldown_time: 1"))
    primary.always(Fail(503))

    trip(sanso)
    assert breaker_state(sanso) == OPEN
    assert len(primary.calls) == ALLOWED_FAILS + 1

    gate = primary.gate()
    primary.always(Answer(gate=gate))
    crowd = Crowd(sanso)

    async def scene():
        async with crowd:
            probed = await asyncio.to_thread(primary.wait_calls, ALLOWED_FAILS + 2)
            failed, probe = probed[ALLOWED_FAILS:]
            assert probe.at - failed.at >= SHORTEST_OPEN_S, "a call came while open"
            # All others are served by the fallback as long as the probe has no answer.
            await crowd.more_rounds(3, all_but=1)
            assert len(primary.calls) == ALLOWED_FAILS + 2, "one probe, and no other"
            assert sum(crowd.answered(PRIMARY)) == 0
            gate.open()
            while not all(crowd.answered(PRIMARY)):
                await crowd.more_rounds(1)

    asyncio.run(asyncio.wait_for(scene(), 40))
    assert all(crowd.answered(FALLBACK)), "nobody waited for the breaker"

    client = sanso.client()

    def closed():
        assert ask(client).headers["x-sanso-served-by"] == PRIMARY
        return breaker_state(sanso) == CLOSED

    until(closed, within=30, pause=0.2)
    backup_calls = len(backup.calls)
    assert [attempt.model for attempt in trail(ask(client).headers)] == [PRIMARY]
    assert len(backup.calls) == backup_calls


def test_a_probe_that_fails_keeps_the_breaker_open(start, primary):
    sanso = start(SEED.replace("cooldown_time: 60", "cooldown_time: 1"))
    primary.always(Fail(503))
    trip(sanso)
    client = sanso.client()

    def probed():
        ask(client)
        return len(primary.calls) > ALLOWED_FAILS + 1

    until(probed, within=10)
    assert breaker_state(sanso) == OPEN
    failed, probe = primary.calls[ALLOWED_FAILS : ALLOWED_FAILS + 2]
    assert probe.at - failed.at >= SHORTEST_OPEN_S
    assert trail(ask(client).headers)[-1].model == FALLBACK
