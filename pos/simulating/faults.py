"""A bad network: a small TCP proxy that cuts answers, drops, doubles, holds and reorders requests.

It reads HTTP only as far as it must: one request for each connection, its length by its head.
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from random import Random
from typing import Final

_HEAD: Final = 64 * 1024
_WAIT: Final = 60


@dataclass(slots=True)
class Chances:
    """Parts of 1 by which a request that writes meets each fault; reading ones are held or dropped."""

    drop: float = 0.03
    cut: float = 0.06
    double: float = 0.05
    late_copy: float = 0.04
    hold: float = 0.08
    longest_hold: float = 3.0


@dataclass(slots=True)
class Proxy:
    """Between terminals and the server at `host`:`port`; `done` counts the faults by their names."""

    host: str
    port: int
    chances: Chances = field(default_factory=Chances)
    seed: int = 1
    own_port: int = 0
    done: Counter[str] = field(default_factory=Counter)
    _chance: Random = field(init=False)
    _copies: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._chance = Random(self.seed)  # noqa: S311 - chance for show, not for secrets

    @contextmanager
    def running(self) -> Iterator[Proxy]:
        """Listen on a free port of this machine, in a thread of its own, until the block ends."""
        ready, loop = threading.Event(), asyncio.new_event_loop()
        over = asyncio.Event()

        async def serve() -> None:
            server = await asyncio.start_server(
                self._serve, "127.0.0.1", 0, limit=_HEAD, backlog=512
            )
            self.own_port = int(server.sockets[0].getsockname()[1])
            ready.set()
            await over.wait()
            server.close()
            # What was copied arrives, late as it is: the books are looked at afterwards.
            if self._copies:
                await asyncio.wait(self._copies, timeout=_WAIT)
            for task in asyncio.all_tasks() - {asyncio.current_task()}:
                task.cancel()

        thread = threading.Thread(target=lambda: loop.run_until_complete(serve()), name="network")
        thread.start()
        ready.wait()
        try:
            yield self
        finally:
            loop.call_soon_threadsafe(over.set)
            thread.join()
            loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            async with asyncio.timeout(_WAIT):
                request = await _request(reader)
                await self._pass(request, writer)
        except (OSError, EOFError, TimeoutError, ValueError, asyncio.LimitOverrunError):
            self.done["line lost"] += 1
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _pass(self, request: bytes, writer: asyncio.StreamWriter) -> None:
        chances, name = self.chances, self._name(request)
        if name == "drop":
            self.done["requests dropped"] += 1
            return
        if name == "hold":
            self.done["requests held, so that others overtook"] += 1
            await asyncio.sleep(self._chance.uniform(0.1, chances.longest_hold))
        if name == "double":
            self.done["requests doubled at once"] += 1
            self._copy(request, 0)
        if name == "late copy":
            self.done["requests doubled late"] += 1
            self._copy(request, self._chance.uniform(0.5, 8))
        answer = await self._ask(request)
        if name == "cut":
            self.done["answers cut after the commit"] += 1
            # All of it, half of it or nothing at all.
            answer = answer[: self._chance.choice((0, 0, len(answer) // 2, len(answer) - 1))]
        writer.write(answer)
        await writer.drain()

    def _name(self, request: bytes) -> str:
        chances, roll = self.chances, self._chance.random()
        wants = {"drop": chances.drop, "hold": chances.hold}
        if b" /api/v1/sales" in request[:40] and request.startswith(b"POST"):
            wants |= {
                "cut": chances.cut,
                "double": chances.double,
                "late copy": chances.late_copy,
            }
        for name, part in wants.items():
            roll -= part
            if roll < 0:
                return name
        return ""

    def _copy(self, request: bytes, wait: float) -> None:
        async def send() -> None:
            await asyncio.sleep(wait)
            with contextlib.suppress(OSError, EOFError, TimeoutError):
                async with asyncio.timeout(_WAIT):
                    await self._ask(request)

        task = asyncio.get_running_loop().create_task(send())
        self._copies.add(task)
        task.add_done_callback(self._copies.discard)

    async def _ask(self, request: bytes) -> bytes:
        """The whole answer; the server closes, because the request says so."""
        reader, writer = await asyncio.open_connection(self.host, self.port)
        try:
            writer.write(request)
            await writer.drain()
            answer = await reader.read(-1)
        finally:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
        if not answer:
            raise EOFError
        return answer


async def _request(reader: asyncio.StreamReader) -> bytes:
    """Head and body, the head saying that the connection ends with the answer."""
    head = await reader.readuntil(b"\r\n\r\n")
    lines = head[:-4].split(b"\r\n")
    length = 0
    kept = [lines[0]]
    for line in lines[1:]:
        name = line.partition(b":")[0].strip().lower()
        if name == b"content-length":
            length = int(line.partition(b":")[2])
        if name != b"connection":
            kept.append(line)
    kept.append(b"Connection: close")
    return b"\r\n".join(kept) + b"\r\n\r\n" + await reader.readexactly(length)
