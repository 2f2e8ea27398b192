"""Load from a process of its own: keep-alive connections that ask as fast as they get.

Run as a module, with a JSON document on stdin: host, port, headers, targets, clients,
seconds. Prints requests, seconds, milliseconds and how often each status came.
"""

import asyncio
import json
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import chain, cycle, repeat
from typing import Any


@dataclass
class Seen:
    """What came back."""

    milliseconds: list[float] = field(default_factory=list)
    statuses: Counter[str] = field(default_factory=Counter)


async def _client(load: dict[str, Any], targets: Iterator[str], seen: Seen) -> None:
    reader, writer = await asyncio.open_connection(load["host"], load["port"])
    headers = "".join(f"{name}: {text}\r\n" for name, text in load["headers"].items())
    rest = f" HTTP/1.1\r\nHost: {load['host']}\r\n{headers}\r\n"
    end = time.perf_counter() + load["seconds"]
    for target in targets:
        begun = time.perf_counter()
        if begun >= end:
            break
        writer.write(f"GET {target}{rest}".encode())
        head = await reader.readuntil(b"\r\n\r\n")
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        status = head[9:12].decode()
        if length and status != "304":
            await reader.readexactly(int(length))
        seen.milliseconds.append(1000 * (time.perf_counter() - begun))
        seen.statuses[status] += 1
    writer.close()


async def run(load: dict[str, Any]) -> dict[str, Any]:
    """All clients at once; they share the targets, or each ask for the only one."""
    seen = Seen()
    one = load["targets"]
    shared = cycle(one) if len(one) == 1 else chain(one, repeat(None, 0))
    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(load["clients"]):
            group.create_task(_client(load, shared, seen))
    seconds = time.perf_counter() - begun
    ordered = sorted(seen.milliseconds)
    return {
        "requests": len(ordered),
        "seconds": round(seconds, 2),
        "per_second": round(len(ordered) / seconds),
        **{
            f"p{part}_ms": round(
                ordered[min(len(ordered) * part // 100, len(ordered) - 1)], 2
            )
            for part in (50, 99)
        },
        "statuses": dict(seen.statuses),
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run(json.load(sys.stdin)))))
