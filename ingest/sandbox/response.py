"""An answer on its way out, and the way out itself. No HTTP words: see `transport`."""

import select
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

JSON = "application/json; charset=UTF-8"


class Outlet:
    """The way back to one client. Writing raises OSError once the client has gone."""

    def __init__(self, connection: socket.socket) -> None:
        self._connection = connection
        self.is_closed = False

    def write(self, data: bytes) -> None:
        self._connection.sendall(data)

    def wait(self, seconds: float) -> bool:
        """Waits in real time; False as soon as client or sandbox hang up."""
        poll = select.poll()
        poll.register(self._connection, select.POLLIN | select.POLLHUP)
        if not poll.poll(seconds * 1_000):
            return True
        with suppress(OSError):
            return self._connection.recv(1, socket.MSG_PEEK) != b""
        return False

    def close(self) -> None:
        """Says goodbye after what was written so far."""
        with suppress(OSError):
            self._connection.shutdown(socket.SHUT_WR)
        self.is_closed = True

    def reset(self) -> None:
        """Breaks the connection off."""
        # Lingering for no time makes the system send a reset, not a goodbye.
        self._connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        self._connection.close()
        self.is_closed = True


# How head and body go out where it is not in one write.
Deliver = Callable[[Outlet, bytes, bytes], None]


@dataclass(frozen=True)
class Response:
    """What goes out. `length` is the Content-Length; None: that of `body`.

    `is_chunked` leaves the length out: `deliver` then writes chunks. `date` is what the
    Date header says; None is the real time. `has_answer` is False where the client gets
    no status.
    """

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = JSON
    length: int | None = None
    is_chunked: bool = False
    date: datetime | None = None
    deliver: Deliver | None = None
    has_answer: bool = True
