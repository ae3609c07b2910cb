"""Clients of a service, many in one process of their own, on plain sockets so that they leave the cores to it.

Run as a module it takes orders as lines of JSON: texts to ask for, by so many clients that each wait for their answer
(`closed`), or so many a second whatever becomes of them (`paced`).
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

ROOT = Path(__file__).parents[2]
PATIENCE = 240.0
"""Seconds after which a client gives up: longer than any deadline here."""
CUT = 0
"""Status of a request whose connection ended without an answer."""
NOT_CONNECTED = -1
"""Status of a request that no connection took."""


class Answer(NamedTuple):
    """What became of a request."""

    status: int
    seconds: float
    at: float
    """When it was answered, by `time.time`."""


class Line:
    """A connection that is kept."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, request: bytes) -> Answer:
        """Send a request and return what became of it."""
        began = time.perf_counter()
        status, _ = await self.answer(request)
        return Answer(status, time.perf_counter() - began, time.time())

    async def answer(self, request: bytes) -> tuple[int, bytes]:
        """Send a request; return the status and the body of its answer."""
        try:
            if self._streams is None:
                self._streams = await asyncio.open_connection("127.0.0.1", self._port, limit=1 << 20)
        except OSError:
            return NOT_CONNECTED, b""
        reader, writer = self._streams
        try:
            async with asyncio.timeout(PATIENCE):
                writer.write(request)
                head = (await reader.readuntil(b"\r\n\r\n")).lower()
                length = int(head.partition(b"content-length: ")[2].split(b"\r\n")[0] or 0)
                body = await reader.readexactly(length)
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            self.close()
            return CUT, b""
        if b"connection: close" in head:
            self.close()
        return int(head.split()[1]), body

    def close(self) -> None:
        """Leave."""
        if self._streams:
            self._streams[1].close()
        self._streams = None


def request_of(text: str, /, *, path: str = "/translate", client: str = "", **values: Any) -> bytes:
    """Return the bytes of a request to translate from English into French, unless `values` say otherwise."""
    body = json.dumps({"q": text, "source": "en", "target": "fr", **values}).encode()
    forwarded = f"x-forwarded-for: {client}\r\n" if client else ""
    head = f"POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\n{forwarded}"
    return f"{head}content-length: {len(body)}\r\n\r\n".encode() + body


async def closed(port: int, clients: int, texts: Sequence[str], spread: float = 0.0) -> list[Answer]:
    """Ask for all texts, by clients that each wait for an answer before they ask again.

    They begin one after the other within `spread` seconds.
    """
    left, answers = iter(texts), []

    async def client(number: int) -> None:
        line = Line(port)
        await asyncio.sleep(spread * number / clients)
        for text in left:
            answers.append(
                await line.ask(request_of(text, client=f"10.0.{number // 250}.{number % 250 + 1}"))
            )
        line.close()

    await asyncio.gather(*map(client, range(clients)))
    return answers


async def paced(port: int, rate: float, seconds: float, texts: Sequence[str]) -> list[Answer]:
    """Ask for texts at a rate, whether they are answered or not; at the end leave what is not answered."""
    answers: list[Answer] = []
    idle: list[Line] = []
    tasks: set[asyncio.Task[None]] = set()

    async def ask(number: int) -> None:
        line = idle.pop() if idle else Line(port)
        client = f"10.1.0.{number % 50 + 1}"
        try:
            answers.append(await line.ask(request_of(texts[number % len(texts)], client=client)))
        except asyncio.CancelledError:
            line.close()
            raise
        idle.append(line)

    began, number = time.perf_counter(), 0
    while (now := time.perf_counter() - began) < seconds:
        while number < rate * now:
            task = asyncio.create_task(ask(number))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
        await asyncio.sleep(0.005)
    for task in list(tasks):
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for line in idle:
        line.close()
    return answers


class Clients:
    """The process of the clients."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.serving.clients"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=30)

    def begin(self, way: str, **order: Any) -> None:
        """Have them ask (`closed` or `paced`)."""
        assert self._process.stdin
        self._process.stdin.write(json.dumps({"way": way, **order}) + "\n")
        self._process.stdin.flush()

    def answers(self) -> list[Answer]:
        """Return what became of what they were last told to ask."""
        assert self._process.stdout
        return [Answer(*answer) for answer in json.loads(self._process.stdout.readline())]

    def ask(self, way: str, **order: Any) -> list[Answer]:
        """Have them ask, and return what became of it."""
        self.begin(way, **order)
        return self.answers()


def main() -> None:
    """Take orders until there are none."""
    ways = {"closed": closed, "paced": paced}
    for line in sys.stdin:
        order = json.loads(line)
        print(json.dumps(asyncio.run(ways[order.pop("way")](**order))), flush=True)


if __name__ == "__main__":
    main()
