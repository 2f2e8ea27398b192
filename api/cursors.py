"""Where a page ends: an opaque text of the snapshot, the request and its last row.

It belongs to the caller it was made for; another gets the answer for a changed one.
"""

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence

from api.errors import BadCursor, CursorExpired
from api.snapshots import Reader

Key = Sequence[str | int]


def write_cursor(reader: Reader, request: Mapping[str, object], key: Key) -> str:
    """A cursor for the rows behind `key`: of this snapshot, caller and request."""
    document = [reader.snapshot_id, list(key), _digest(reader, request, key)]
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


def text(part: str) -> str:
    """A part of a key that is any text.

    Raises:
        ValueError: it is none that could be stored.
    """
    part.encode()
    return part


def read_cursor(
    cursor: str,
    reader: Reader,
    request: Mapping[str, object],
    kinds: Sequence[Callable[[str], object]],
) -> list[object]:
    """The key that a cursor names.

    Args:
        kinds: of each part of the key, what makes it of its text or raises ValueError.

    Raises:
        BadCursor: it was changed or made up, or made for another request or caller.
        CursorExpired: it was made for a snapshot that is no longer served.
    """
    again = "Ask again without a cursor."
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        named, key, digest = json.loads(base64.b64decode(padded, b"-_", validate=True))
        is_well_formed = isinstance(named, str) and isinstance(key, list)
    except (ValueError, TypeError) as error:
        raise BadCursor("This is not a cursor of this API.", again) from error
    if not is_well_formed or len(key) != len(kinds):
        raise BadCursor("This is not a cursor of this route.", again)
    if named != reader.snapshot_id:
        raise CursorExpired(
            "The cursor belongs to a snapshot that is no longer served; pages of two "
            "snapshots do not fit together.",
            "Start again from the first page, without a cursor.",
        )
    if digest != _digest(reader, request, key):
        raise BadCursor(
            "The cursor was changed, or belongs to a request with other parameters or "
            "another key.",
            "Repeat all parameters of the first page, with since and until as its "
            "meta.window names them.",
        )
    try:
        return [kind(str(part)) for kind, part in zip(kinds, key, strict=True)]
    except ValueError as error:
        raise BadCursor("This is not a cursor of this route.", again) from error


def _digest(reader: Reader, request: Mapping[str, object], key: Key) -> str:
    belongs_to = [reader.snapshot_id, reader.caller.key_id, request, list(key)]
    signed = json.dumps(belongs_to, sort_keys=True, default=str).encode()
    return hashlib.sha256(signed).hexdigest()[:24]
