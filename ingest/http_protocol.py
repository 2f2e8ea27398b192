"""What uvicorn leaves open: how long and how large a request may be on its way in, and
how long its answer may wait to be read.

Without it a client that never ends its headers, or reads nothing, keeps a connection
for ever, or fills the memory, before any key is looked at.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import (
    HttpToolsProtocol,
    RequestResponseCycle,
)

HEAD_BYTES = 32_768
TOO_LARGE = "431 Request Header Fields Too Large"
REQUEST_SECONDS = 10.0
# For which a client may read nothing of what was written for it. Longer than the other:
# of a slow line the system buffers a lot, and shows progress in large steps.
UNREAD_SECONDS = 30.0
# Below the 1,024 files that a process may open: snapshots and exports need some too.
MOST_CONNECTIONS = 800


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's, with a bound on the size of a head and the time of a request.

    The time runs from the connection, then from the first byte behind each request, to
    the last byte of a body. Idle connections are uvicorn's to close, those on which an
    answer lies unread are ours.
    """

    _is_in_head = True
    # Of reads, but for the one that a head begins in, and of headers that have ended.
    _head_bytes = 0
    _header_bytes = 0
    _deadline: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None
    # uvicorn's `cycle` is the last request that came, not the one being answered.
    _answering: RequestResponseCycle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        if len(self.connections) > MOST_CONNECTIONS:
            transport.abort()
            return
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        self._end_waiting()
        if self._answering is not None:
            self._answering.disconnected = True
            self._answering.message_event.set()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # Blank lines between two requests begin none, but end uvicorn's own waiting.
        if self._deadline is None:
            self._begin()
        if self._is_in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._is_in_head and self._head_bytes > HEAD_BYTES:
            self._refuse(TOO_LARGE)

    def on_header(self, name: bytes, value: bytes) -> None:
        super().on_header(name, value)
        self._header_bytes += len(name) + len(value) + len(": \r\n")
        if self._header_bytes > HEAD_BYTES:
            # It ends the parsing: uvicorn refuses, and calls no application.
            raise ValueError(TOO_LARGE)

    def send_400_response(self, msg: str) -> None:
        if self._header_bytes > HEAD_BYTES:
            self._refuse(TOO_LARGE)
        else:
            super().send_400_response(msg)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._end()
        super().on_message_complete()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._wait_for_reader()

    def resume_writing(self) -> None:
        self._end_waiting()
        super().resume_writing()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        # What is closed stays all the same until its last byte is read.
        if self.transport.is_closing():
            self._wait_for_reader()

    def timeout_keep_alive_handler(self) -> None:
        super().timeout_keep_alive_handler()
        self._wait_for_reader()

    def _start_asgi_task(self, cycle: RequestResponseCycle, app: Any) -> None:
        self._answering = cycle
        super()._start_asgi_task(cycle, app)

    def _begin(self) -> None:
        self._is_in_head, self._head_bytes, self._header_bytes = True, 0, 0
        if self._deadline is None:
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self._too_late)

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _too_late(self) -> None:
        self._deadline = None
        if self._is_answering() and (self._is_in_head or self.pipeline):
            # The request before this one may take its time.
            self._deadline = self.loop.call_later(REQUEST_SECONDS, self._too_late)
            return
        self._refuse("408 Request Timeout")

    def _wait_for_reader(self) -> None:
        self._end_waiting()
        if self in self.connections:
            left = self.transport.get_write_buffer_size()
            self._unread = self.loop.call_later(
                UNREAD_SECONDS, self._look_at_reader, left
            )

    def _look_at_reader(self, left_before: int) -> None:
        if self.transport.get_write_buffer_size() < left_before:
            self._wait_for_reader()
        else:
            self.transport.abort()

    def _end_waiting(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _is_answering(self) -> bool:
        return self._answering is not None and not self._answering.response_complete

    def _refuse(self, status: str) -> None:
        self._end()
        if self.transport.is_closing():
            return
        if self._is_in_head and not self._is_answering():
            lines = (f"HTTP/1.1 {status}", "content-length: 0", "connection: close")
            self.transport.write("\r\n".join((*lines, "", "")).encode())
        self.transport.close()
        self._wait_for_reader()
