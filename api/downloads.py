"""A file on its way to a caller: in pieces, and for so long at most."""

import asyncio
import logging
import os
import weakref
from collections.abc import Callable, Iterator, Mapping
from typing import BinaryIO

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

LOGGER = logging.getLogger("api")
PIECE_BYTES = 2**18


class Download(StreamingResponse):
    """Closes its file and tells so, once: sent, broken off, late, or never begun."""

    def __init__(
        self,
        file: BinaryIO,
        seconds: float,
        tell_end: Callable[[], None],
        media_type: str,
        headers: Mapping[str, str],
        start: bytes = b"",
    ) -> None:
        """Take over a file.

        Args:
            seconds: how long its way may take.
            tell_end: called in any thread, as soon as the file is closed.
            start: what goes before it.
        """
        size = len(start) + file.seek(0, os.SEEK_END)
        file.seek(0)
        super().__init__(
            _pieces(start, file),
            media_type=media_type,
            headers={"Content-Length": str(size), **headers},
        )
        self._seconds = seconds
        # Ends once however often it is called; an answer that is dropped on its way to
        # the server is never called.
        self._end = weakref.finalize(self, _end, file, tell_end)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; a caller who is not through in time is left with a part."""
        try:
            async with asyncio.timeout(self._seconds):
                await super().__call__(scope, receive, send)
        except TimeoutError:
            LOGGER.warning(
                "A download was broken off after %g s.",
                self._seconds,
                extra={"request_id": scope["state"]["request_id"]},
            )
        finally:
            # A caller who goes away leaves the iterator half read, and the file open.
            self._end()


def _pieces(start: bytes, file: BinaryIO) -> Iterator[bytes]:
    yield start
    while piece := file.read(PIECE_BYTES):
        yield piece


def _end(file: BinaryIO, tell_end: Callable[[], None]) -> None:
    file.close()
    tell_end()
