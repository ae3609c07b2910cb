"""A process whose loop is late refuses at the door, lets health through, and opens again."""

import asyncio
import json
import time

from clearhead.serving.door import Door


async def busy(scope, receive, send):
    """Take as many turns as a request does, with a little work at each."""
    if scope["path"] == "/work":
        for _ in range(20):
            time.sleep(0.001)
            await asyncio.sleep(0)
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def ask(door, path):
    sent = []

    async def send(message):
        sent.append(message)

    await door({"type": "http", "path": path, "headers": [], "state": {}}, None, send)
    return sent


def test_what_comes_while_the_loop_is_late_is_refused_quickly_and_afterwards_nothing_is():
    async def run():
        door = Door(busy, late_seconds=0.1)
        crowd = [asyncio.create_task(ask(door, "/work")) for _ in range(40)]  # 40 ms a turn
        await asyncio.sleep(0.2)
        late = door.late
        refused, health = await ask(door, "/work"), await ask(door, "/health")
        await asyncio.gather(*crowd)
        await asyncio.sleep(0.12)
        again = await ask(door, "/work")
        return late, refused, health, [sent[0]["status"] for sent in map(asyncio.Task.result, crowd)], again

    late, refused, health, crowd, again = asyncio.run(run())
    assert late > 0.1
    assert refused[0]["status"] == 503
    assert dict(refused[0]["headers"])[b"retry-after"] == b"1"
    assert json.loads(refused[1]["body"])["code"] == "busy"
    assert health[0]["status"] == 200
    assert crowd == [200] * 40  # nobody is refused who is inside
    assert again[0]["status"] == 200


def test_a_few_requests_that_wait_for_something_are_not_lateness():
    async def waits(scope, receive, send):
        await asyncio.sleep(0.2)

    async def run():
        door = Door(waits, late_seconds=0.1)
        tasks = [asyncio.create_task(ask(door, "/work")) for _ in range(200)]
        await asyncio.sleep(0.1)
        late = door.late
        await asyncio.gather(*tasks)
        return late

    assert asyncio.run(run()) < 0.1
