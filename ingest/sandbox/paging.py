"""Pages: cursors, and the `paging` object with its full links.

A cursor is an offset in base64, `=` written as `ZD`. The `next` link holds the token in
clear, as Meta's does, so that it can be proved that nobody stores it.
"""

import base64
import binascii
from dataclasses import dataclass
from urllib.parse import urlencode

import orjson

from ingest.sandbox.errors import bad_parameter
from ingest.sandbox.params import Request

DEFAULT_LIMIT = 25
BAD_CURSOR = "Invalid cursors values. The cursor may be invalid or have expired."
_AFTER_EMPTY = "e"


@dataclass(frozen=True)
class Place:
    """Where a page begins and how long it may be.

    `is_after_empty` marks the page that follows an empty one at the same offset.
    """

    offset: int
    limit: int
    is_after_empty: bool


@dataclass(frozen=True)
class Page:
    """`rows` are runs of rows already joined by commas, `count` in all."""

    place: Place
    rows: list[bytes]
    count: int
    has_more: bool


def encoded(text: str) -> str:
    """The cursor of an offset."""
    return base64.b64encode(text.encode()).decode().replace("=", "ZD")


def place(request: Request) -> Place:
    """Where the requested page begins. Raises: GraphError for a bad cursor or limit."""
    given = request.params.get("limit", str(DEFAULT_LIMIT))
    if not given.isascii() or not given.isdigit() or int(given) < 1:
        raise bad_parameter("Param limit must be an integer greater than 0")
    after = request.params.get("after")
    if not after:
        return Place(0, int(given), False)
    offset = _decoded(after)
    is_after_empty = offset.endswith(_AFTER_EMPTY)
    offset = offset.removesuffix(_AFTER_EMPTY)
    if not offset.isascii() or not offset.isdigit():
        raise _bad_cursor()
    return Place(int(offset), int(given), is_after_empty)


def is_emptied(page: Page, every: int | None) -> bool:
    """Whether the page is one of those to be served empty though rows follow."""
    at = page.place
    if every is None or at.is_after_empty or page.count == 0:
        return False
    return (at.offset // at.limit) % every == every - 1


def emptied(page: Page) -> Page:
    """No rows, and a link to the same rows again."""
    return Page(page.place, [], 0, has_more=True)


def body(request: Request, page: Page) -> bytes:
    """The answer's JSON text."""
    if page.count == 0 and not page.has_more:
        return b'{"data":[]}'
    offset = page.place.offset
    end = f"{offset + page.count}" + ("" if page.count else _AFTER_EMPTY)
    paging: dict[str, object] = {
        "cursors": {"before": encoded(str(offset)), "after": encoded(end)}
    }
    if page.has_more:
        paging["next"] = link(request, encoded(end))
    return b'{"data":[%b],"paging":%b}' % (b",".join(page.rows), orjson.dumps(paging))


def link(request: Request, after: str) -> str:
    """The address of the page at a cursor, with the token in clear."""
    params = {**request.params, "after": after}
    query = {"access_token": request.token or "", **params}
    return f"{request.base_url}{request.path}?{urlencode(query)}"


def _decoded(cursor: str) -> str:
    padding = ""
    while cursor.endswith("ZD"):
        cursor, padding = cursor.removesuffix("ZD"), padding + "="
    try:
        return base64.b64decode(cursor + padding, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise _bad_cursor() from error


def _bad_cursor() -> Exception:
    return bad_parameter(BAD_CURSOR)
