"""What uvicorn leaves open: how long and how large a request may be on its way in.

Without it a client that never ends its headers keeps a connection for ever, or fills
the memory, before any key is looked at.
"""

import asyncio
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

HEAD_BYTES = 32_768
REQUEST_SECONDS = 10.0


class BoundedProtocol(HttpToolsProtocol):
    """uvicorn's, with a bound on the size of a head and the time of a request.

    The time runs from the connection, then from the first byte behind each request, to
    the last byte of a body. Idle connections are uvicorn's to close.
    """

    _is_in_head = True
    _head_bytes = 0
    _deadline: asyncio.TimerHandle | None = None

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._begin()

    def connection_lost(self, exc: Exception | None) -> None:
        self._end()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        # Blank lines between two requests begin none, but end uvicorn's own waiting.
        if self._deadline is None:
            self._begin()
        if self._is_in_head:
            self._head_bytes += len(data)
        super().data_received(data)
        if self._is_in_head and self._head_bytes > HEAD_BYTES:
            self._refuse("431 Request Header Fields Too Large")

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self._begin()

    def on_headers_complete(self) -> None:
        self._is_in_head = False
        super().on_headers_complete()

    def on_message_complete(self) -> None:
        self._end()
        super().on_message_complete()

    def _begin(self) -> None:
        self._is_in_head, self._head_bytes = True, 0
        if self._deadline is None:
            self._deadline = self.loop.call_later(
                REQUEST_SECONDS, self._refuse, "408 Request Timeout"
            )

    def _end(self) -> None:
        if self._deadline is not None:
            self._deadline.cancel()
            self._deadline = None

    def _refuse(self, status: str) -> None:
        self._end()
        if self.transport.is_closing():
            return
        is_answering = self.cycle is not None and not self.cycle.response_complete
        if self._is_in_head and not is_answering:
            lines = (f"HTTP/1.1 {status}", "content-length: 0", "connection: close")
            self.transport.write("\r\n".join((*lines, "", "")).encode())
        self.transport.close()
