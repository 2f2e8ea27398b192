"""Bad connections and bodies: servers that hang, trickle, break off or never end.

Large bodies are made while they are sent; nothing holds them whole.
"""

import json
import re
import zlib
from collections.abc import Iterator
from dataclasses import replace

from ingest.sandbox.faults import Fault
from ingest.sandbox.params import Request
from ingest.sandbox.response import JSON, Deliver, Outlet, Response

_PIECE_BYTES = 2**20
_STEPS_A_SECOND = 10
_LENGTH = re.compile(rb"content-length: \d+", re.IGNORECASE)
_GZIP_HEAD = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff"
_ROW = {
    "account_id": "100000000000001",
    "campaign_id": "600001000000000",
    "spend": "1.23",
    "impressions": "456",
    "date_start": "2026-03-01",
    "date_stop": "2026-03-01",
}


def hanging(seconds: float) -> Fault:
    """No byte is sent, then a goodbye; ends early when client or sandbox hang up."""

    def deliver(outlet: Outlet, head: bytes, body: bytes) -> None:
        outlet.wait(seconds)
        outlet.close()

    return Fault(
        change=lambda _, true: replace(true, deliver=deliver, has_answer=False)
    )


def slow(bytes_per_second: int) -> Fault:
    """The true answer, its body at this speed."""
    step = max(bytes_per_second // _STEPS_A_SECOND, 1)

    def deliver(outlet: Outlet, head: bytes, body: bytes) -> None:
        outlet.write(head)
        for begin in range(0, len(body), step):
            if not outlet.wait(step / bytes_per_second):
                outlet.close()
                return
            outlet.write(body[begin : begin + step])

    return _delivered(deliver)


def slow_head(seconds_a_byte: float) -> Fault:
    """The true answer, its status line and headers byte by byte."""

    def deliver(outlet: Outlet, head: bytes, body: bytes) -> None:
        for begin in range(len(head)):
            if not outlet.wait(seconds_a_byte):
                outlet.close()
                return
            outlet.write(head[begin : begin + 1])
        outlet.write(body)

    return _delivered(deliver)


def slow_chunk_size(seconds_a_byte: float) -> Fault:
    """True headers, and a body whose first chunk says its size for ever."""

    def deliver(outlet: Outlet, head: bytes, body: bytes) -> None:
        outlet.write(_LENGTH.sub(b"Transfer-Encoding: chunked", head))
        while outlet.wait(seconds_a_byte):
            outlet.write(b"0")
        outlet.close()

    return _delivered(deliver)


def reset_mid_body() -> Fault:
    """Half of the body that the length promises, then a reset."""

    def deliver(outlet: Outlet, head: bytes, body: bytes) -> None:
        outlet.write(head + body[: len(body) // 2])
        # A reset at once would let the system throw away what was just written.
        outlet.wait(0.05)
        outlet.reset()

    return _delivered(deliver)


def closed_mid_body() -> Fault:
    """Half of the body that the length promises, then a goodbye."""

    def deliver(outlet: Outlet, head: bytes, body: bytes) -> None:
        outlet.write(head + body[: len(body) // 2])
        outlet.close()

    return _delivered(deliver)


def huge(size_bytes: int) -> Fault:
    """A page of at least this size, all of one row over and over, without a `next`."""

    def change(request: Request, true: Response) -> Response:
        begin, row, end = _page(true)
        block = (row + b",") * max(_PIECE_BYTES // (len(row) + 1), 1)
        blocks = -(-size_bytes // len(block))

        def deliver(outlet: Outlet, head: bytes, body: bytes) -> None:
            outlet.write(head + begin)
            for _ in range(blocks):
                outlet.write(block)
            outlet.write(row + end)

        length = len(begin) + blocks * len(block) + len(row) + len(end)
        return _page_of(true, deliver, length)

    return Fault(change=change)


def gzip_bomb(size_bytes: int) -> Fault:
    """The page of `huge`, packed: a few thousandths of that size on the wire."""

    def change(request: Request, true: Response) -> Response:
        begin, row, end = _page(true)
        block = (row + b",") * max(_PIECE_BYTES // (len(row) + 1), 1)
        blocks = -(-size_bytes // len(block))

        def deliver(outlet: Outlet, head: bytes, body: bytes) -> None:
            outlet.write(head)
            for piece in _packed(begin, block, blocks, row + end):
                outlet.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            outlet.write(b"0\r\n\r\n")

        packed = _page_of(true, deliver, None)
        headers = {**packed.headers, "Content-Encoding": "gzip"}
        return replace(packed, headers=headers, is_chunked=True)

    return Fault(change=change)


def redirected(url: str) -> Fault:
    """HTTP 302 to another address."""
    return Fault(status=302, headers={"Location": url})


def _delivered(deliver: Deliver) -> Fault:
    return Fault(change=lambda _, true: replace(true, deliver=deliver))


def _page_of(true: Response, deliver: Deliver, length: int | None) -> Response:
    return replace(
        true,
        status=200,
        body=b"",
        content_type=JSON,
        length=length,
        deliver=deliver,
    )


def _page(true: Response) -> tuple[bytes, bytes, bytes]:
    """Begin, row and end of a page like the true one; a made-up row where it has none.

    The end has cursors and no `next`.
    """
    document = json.loads(true.body) if true.status == 200 else {}
    rows = document.get("data") if isinstance(document, dict) else None
    row = rows[0] if isinstance(rows, list) and rows else _ROW
    end = b'],"paging":{"cursors":{"before":"MAZDZD","after":"MQZDZD"}}}'
    return b'{"data":[', json.dumps(row, separators=(",", ":")).encode(), end


def _packed(begin: bytes, block: bytes, blocks: int, end: bytes) -> Iterator[bytes]:
    """The gzip file of begin, so many blocks and end, piece by piece.

    A full flush forgets what came before, so a block packs to the same bytes each time
    and is packed once.
    """
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    first = packer.compress(begin) + packer.flush(zlib.Z_FULL_FLUSH)
    again = packer.compress(block) + packer.flush(zlib.Z_FULL_FLUSH)
    last = packer.compress(end) + packer.flush(zlib.Z_FINISH)
    yield _GZIP_HEAD + first
    checksum = zlib.crc32(begin)
    for _ in range(blocks):
        yield again
        checksum = zlib.crc32(block, checksum)
    checksum = zlib.crc32(end, checksum)
    size = len(begin) + blocks * len(block) + len(end)
    yield last + checksum.to_bytes(4, "little") + (size % 2**32).to_bytes(4, "little")
