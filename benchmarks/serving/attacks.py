"""What a service must bear: too much work, its end, slow clients, hours of use, clients who are wrong or unfair.

Each attack prints what was seen and returns the aims that were missed.
"""

import argparse
import asyncio
import http.client
import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Sequence

import numpy as np

from benchmarks.serving.clients import CUT, Answer, Clients, Line, request_of
from benchmarks.serving.processes import Running, service
from benchmarks.serving.texts import some

_PROXY = {"trusted_proxies": "127.0.0.1"}
"""So that clients of one machine count as many."""


def overload(arguments: argparse.Namespace, texts: Sequence[str]) -> list[str]:
    """Ask for ten times as much as the service can do; refusals are quick, memory is bounded, and it recovers."""
    seconds = arguments.seconds or 60.0
    with Clients() as clients, service(arguments.model, **_PROXY) as running:
        warm = clients.ask("closed", port=running.port, clients=32, texts=some(texts, 0, 160))
        rate = 10 * _rate(warm)
        before, highest = running.memory(), [0]
        clients.begin("paced", port=running.port, rate=rate, seconds=seconds, texts=list(texts))
        watched, patient = threading.Event(), list[Answer]()
        watchers = [
            threading.Thread(target=_watch, args=(running, watched, highest)),
            threading.Thread(target=_ask_calmly, args=(running, watched, texts, patient)),
        ]
        for watcher in watchers:
            watcher.start()
        answers = clients.answers()
        watched.set()
        for watcher in watchers:
            watcher.join()
        recovery = _recovered(clients, running, texts[0])
        after = running.memory()
    done, crowded = _seconds(answers, 200), [1000 * one for one in _seconds(answers, 503)]
    refused = [1000 * one for one in _seconds(patient, 503)]
    print(f"overload: {rate:.0f} requests/s for {seconds:.0f} s; {_counted(answers)}")
    print(f"  {len(done) / seconds:.1f}/s translated, p50 {_percentile(done, 50):.1f} s; refused in", end=" ")
    print(f"p50 {_percentile(crowded, 50):.0f} ms, as these clients see it, who are late themselves;")
    print(
        f"  a client beside them, who asks ten times a second: {_counted(patient)}, refused in p50", end=" "
    )
    print(f"{_percentile(refused, 50):.0f} ms, p99 {_percentile(refused, 99):.0f} ms, slowest", end=" ")
    print(f"{max(refused, default=0):.0f} ms; answered {recovery:.2f} s after the end")
    print(f"  {_megabytes(before, highest[0], after)}", flush=True)
    return _missed(
        ("the slowest refusal takes 50 ms or more", max(refused, default=0) >= 50),
        ("nothing was refused", not refused),
        ("a status other than 200 and 503", bool({answer.status for answer in answers} - {200, 503})),
        ("memory grew by more than 256 MB", max(highest[0], after) - before > 256e6),
        ("not recovered within 1 s", recovery > 1),
    )


def _ask_calmly(
    running: Running, ended: threading.Event, texts: Sequence[str], answers: list[Answer]
) -> None:
    """Ask ten times a second, in a thread that has nothing else to do, until it has ended."""
    number = 0
    while not ended.wait(0.1):
        line = http.client.HTTPConnection("127.0.0.1", running.port, timeout=60)
        body = json.dumps({"q": texts[number % len(texts)], "source": "en", "target": "fr"})
        began = time.perf_counter()
        try:
            line.request("POST", "/translate", body, {"Content-Type": "application/json"})
            status = line.getresponse().status
        except (OSError, http.client.HTTPException):
            status = CUT
        answers.append(Answer(status, time.perf_counter() - began, time.time()))
        line.close()
        number += 1


def terminate(arguments: argparse.Namespace, texts: Sequence[str]) -> list[str]:
    """End the service while many requests are in flight; each that it accepted is answered."""
    count = arguments.in_flight
    settings = {"drain_seconds": 240, "deadline_seconds": 240, "queue_tokens": 200_000}
    with Clients() as clients, service(arguments.model, **settings, **_PROXY) as running:
        clients.ask("closed", port=running.port, clients=16, texts=some(texts, 0, 32))
        clients.begin("closed", port=running.port, clients=count, texts=some(texts, 0, count), spread=4)
        time.sleep(6)
        waiting = _figure(running, "clearhead_in_flight_requests")
        running.terminate()
        told = time.time()
        answers = clients.answers()
        code = running.process.wait(timeout=60)
    late = sum(answer.at > told for answer in answers)
    print(
        f"terminate: {waiting:.0f} in flight at SIGTERM; {_counted(answers)}, {late} of them after it, the last after "
        f"{max(answer.at for answer in answers) - told:.1f} s; the service ended with {code}"
    )
    return _missed(
        ("an accepted request was lost", any(answer.status not in (200, 503) for answer in answers)),
        ("fewer in flight than wanted", late < 0.8 * count),
        ("it did not end with 0", code != 0),
    )


def slowloris(arguments: argparse.Namespace, texts: Sequence[str]) -> list[str]:
    """Send headers and bodies by the byte on many connections; they are cut off, and health answers."""
    post = b"POST /translate HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{"
    starts = {"nothing": b"", "headers": b"GET /health HTTP/1.1\r\nhost: a\r\nx-a: ", "bodies": post}
    seconds: dict[str, list[float]] = {name: [] for name in starts}
    health: list[float] = []
    statuses: Counter[int] = Counter()
    with service(arguments.model) as running:
        threads = [
            threading.Thread(target=lambda n=name, s=start: seconds[n].append(_until_closed(running.port, s)))
            for name, start in starts.items()
            for _ in range(50)
        ]
        for thread in threads:
            thread.start()
        while any(thread.is_alive() for thread in threads):
            began = time.monotonic()
            statuses[running.get("/health")[0]] += 1
            health.append(time.monotonic() - began)
            time.sleep(0.1)
    worst = {name: max(several) for name, several in seconds.items()}
    listed = ", ".join(f"{name} after {value:.1f} s at most" for name, value in worst.items())
    print(
        f"slowloris: 50 connections each, closed: {listed}; health {dict(statuses)}, slowest {max(health):.2f} s"
    )
    return _missed(
        *((f"{name} are not cut off within 5 s", value > 5.5) for name, value in worst.items()),
        ("health did not answer", set(statuses) != {200}),
    )


def mixed(arguments: argparse.Namespace, texts: Sequence[str]) -> list[str]:
    """Ask for all kinds of things for a long time; the memory stays as it is."""
    seconds = arguments.seconds or 600.0
    with service(arguments.model, cache_entries=1000) as running:
        sizes: list[int] = []
        statuses = asyncio.run(_mixed(running, seconds, texts, sizes))
    quarter = max(1, len(sizes) // 4)
    early, late = np.median(sizes[quarter : 2 * quarter]), np.median(sizes[-quarter:])
    listed = ", ".join(f"{path} {dict(found)}" for path, found in statuses.items())
    print(
        f"mixed: {seconds:.0f} s; {listed}; memory {sizes[0] / 1e6:.0f} MB at the beginning, "
        f"{early / 1e6:.0f} MB in the second quarter, {late / 1e6:.0f} MB in the last, "
        f"{max(sizes) / 1e6:.0f} MB at most"
    )
    failed = any(status >= 500 or status == CUT for found in statuses.values() for status in found)
    return _missed(("memory grew by more than 5 %", late > 1.05 * early), ("a request failed", failed))


async def _mixed(
    running: Running, seconds: float, texts: Sequence[str], sizes: list[int]
) -> dict[str, Counter[int]]:
    end = time.monotonic() + seconds
    kinds: dict[str, list[bytes]] = {
        "/translate": [request_of(text) for text in texts],
        "/translate html": [request_of(f"<p>{text} <b>{text}</b></p>", format="html") for text in texts],
        "/translate auto": [request_of(text, source="auto", alternatives=2) for text in texts],
        "/translate list": [request_of("", q=list(texts[n : n + 5])) for n in range(0, len(texts), 5)],
        "/translate wrong": [request_of(text, target="xx") for text in texts],
        "/api/v1/translate": [
            request_of(text, path="/api/v1/translate", align=True, words=True) for text in texts
        ],
        "/api/v1/look": [request_of(text, path="/api/v1/look") for text in texts[:50]],
        "/v2/translate": [
            request_of("", path="/v2/translate", text=text, target_lang="FR") for text in texts
        ],
        "/detect": [request_of(text, path="/detect") for text in texts],
    }
    statuses: dict[str, Counter[int]] = {name: Counter() for name in kinds}

    async def client(name: str) -> None:
        line, number = Line(running.port), 0
        while time.monotonic() < end:
            statuses[name][(await line.ask(kinds[name][number % len(kinds[name])])).status] += 1
            number += 1
        line.close()

    async def watch() -> None:
        while time.monotonic() < end:
            sizes.append(running.memory())
            await asyncio.sleep(min(1.0, seconds / 40))

    await asyncio.gather(watch(), *map(client, kinds))
    return statuses


def manners(arguments: argparse.Namespace, texts: Sequence[str]) -> list[str]:
    """Have clients ask for too much, for what is wrong, and leave; the others do not feel it."""
    with service(arguments.model, deadline_seconds=3, **_PROXY) as running:
        return asyncio.run(_manners(running, texts))


async def _manners(running: Running, texts: Sequence[str]) -> list[str]:
    few = Line(running.port)
    alone = [await few.ask(request_of(text, client="10.2.0.1")) for text in texts[:5]]
    greedy = [
        request_of("", q=some(texts, 100 * number, 60), client="10.2.0.2") for number in range(12)
    ]  # more than is translated before its deadline
    lines = [Line(running.port) for _ in greedy]
    tasks = [asyncio.create_task(line.ask(one)) for line, one in zip(lines, greedy, strict=True)]
    await asyncio.sleep(0.5)
    beside = [await few.ask(request_of(text, client="10.2.0.1")) for text in texts[5:10]]
    crowd = await asyncio.gather(*tasks)
    rest = await _busy_after(running)
    leaving = [asyncio.create_task(line.ask(one)) for line, one in zip(lines, greedy, strict=True)]
    await asyncio.sleep(0.5)
    for task in leaving:
        task.cancel()
    await asyncio.gather(*leaving, return_exceptions=True)
    for line in lines:
        line.close()
    left = await _busy_after(running)
    poisoned = await _poisoned(running, texts)
    slowest, before = (max(answer.seconds for answer in answers) for answers in (beside, alone))
    late = [answer.seconds for answer in crowd if answer.status == 504]
    asked = 60 * len(greedy)
    print(
        f"manners: a client waits {before:.2f} s at most, beside one with {asked} texts {slowest:.2f} s; of those"
    )
    print(
        f"  {len(late)} of {len(greedy)} lists were given up after {max(late, default=0):.2f} s (the deadline: 3 s);"
    )
    print(f"  idle {rest:.2f} s later, and {left:.2f} s after all had left; beside a wrong text: {poisoned}")
    return _missed(
        ("a client waits more than 2 s for another", slowest > 2 or any(a.status != 200 for a in beside)),
        ("a deadline did not hold", not late or max(late) > 3.5),
        ("decoding went on after a deadline", rest > 1),
        ("decoding went on after clients had left", left > 1),
        ("a wrong text did not fail alone", poisoned != "200 200 200 400 200 200"),
    )


async def _busy_after(running: Running) -> float:
    """Return the seconds until the service uses no processor time any more."""
    began = time.monotonic()
    while True:
        before = running.processor_seconds()
        await asyncio.sleep(0.25)
        if running.processor_seconds() - before < 0.05 or time.monotonic() - began > 30:
            return max(0.0, time.monotonic() - began - 0.25)


async def _poisoned(running: Running, texts: Sequence[str]) -> str:
    """Ask for texts that share a batch with one of a language that the model lacks; return the statuses."""
    asked = [request_of(text, client=f"10.3.0.{n}") for n, text in enumerate(texts[:6])]
    asked[3] = request_of(texts[3], path="/api/v1/translate", target="xx", model="default")
    answers = await asyncio.gather(*(Line(running.port).ask(one) for one in asked))
    return " ".join(str(answer.status) for answer in answers)


def _until_closed(port: int, start: bytes) -> float:
    """Send a start and then a byte now and then; return the seconds until the server closed."""
    with socket.create_connection(("127.0.0.1", port)) as line:
        began = time.monotonic()
        line.sendall(start)
        line.settimeout(0.3)
        while time.monotonic() - began < 15:
            try:
                if not line.recv(4096):
                    break
            except TimeoutError:
                try:
                    line.sendall(b"a" if start else b"")
                except OSError:
                    break
            except OSError:
                break
        return time.monotonic() - began


def _recovered(clients: Clients, running: Running, text: str) -> float:
    """Return the seconds until a text is translated."""
    began = time.monotonic()
    while time.monotonic() - began < 60:
        [answer] = clients.ask("closed", port=running.port, clients=1, texts=[text])
        if answer.status == 200:
            break
        time.sleep(0.05)
    return time.monotonic() - began


def _watch(running: Running, ended: threading.Event, highest: list[int]) -> None:
    while not ended.wait(0.5):
        highest[0] = max(highest[0], running.memory())


def _figure(running: Running, name: str) -> float:
    """Return a gauge of /metrics."""
    lines = running.get("/metrics")[1].decode().splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith(name))


def _rate(answers: Sequence[Answer]) -> float:
    """Return the requests a second between the first answer and the last."""
    moments = sorted(answer.at for answer in answers)
    return (len(moments) - 1) / max(moments[-1] - moments[0], 1e-3)


def _seconds(answers: Sequence[Answer], status: int) -> list[float]:
    return [answer.seconds for answer in answers if answer.status == status]


def _percentile(values: Sequence[float], share: float) -> float:
    return float(np.percentile(values, share)) if values else 0.0


def _counted(answers: Sequence[Answer]) -> str:
    counts = Counter(answer.status for answer in answers)
    return "answers " + json.dumps({str(status): count for status, count in sorted(counts.items())})


def _megabytes(before: int, highest: int, after: int) -> str:
    return f"memory {before / 1e6:.0f} MB before, {highest / 1e6:.0f} MB at most, {after / 1e6:.0f} MB after"


def _missed(*aims: tuple[str, bool]) -> list[str]:
    return [text for text, was_missed in aims if was_missed]
