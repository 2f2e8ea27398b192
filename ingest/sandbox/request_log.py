"""Which requests came and what became of them. Never a token."""

from dataclasses import asdict, dataclass
from pathlib import Path
from threading import Lock

import orjson


@dataclass(frozen=True)
class Entry:
    """One request. `clock` is the sandbox's moment; `rows` those in the answer.

    `refused` is "throttled" where a quota or block refused it; `during_block` says that
    an earlier call had been refused for the same block.
    """

    number: int
    clock: str
    method: str
    path: str
    params: dict[str, str]
    status: int
    rows: int
    fault: bool
    refused: str | None = None
    during_block: bool = False


class RequestLog:
    """All requests in the order of their answers; JSON lines too when given a file."""

    def __init__(self, path: Path | None) -> None:
        self._entries: list[Entry] = []
        self._lock = Lock()
        self._path = path

    def add(
        self,
        *,
        clock: str,
        method: str,
        path: str,
        params: dict[str, str],
        status: int,
        rows: int,
        fault: bool,
        refused: str | None = None,
        during_block: bool = False,
    ) -> None:
        with self._lock:
            entry = Entry(
                len(self._entries) + 1,
                clock,
                method,
                path,
                params,
                status,
                rows,
                fault,
                refused,
                during_block,
            )
            self._entries.append(entry)
            if self._path is not None:
                with self._path.open("ab") as file:
                    file.write(orjson.dumps(asdict(entry)) + b"\n")

    def entries(self, after: int = 0) -> list[Entry]:
        """The requests after this number."""
        with self._lock:
            return self._entries[after:]
