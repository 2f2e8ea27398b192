"""What one answer of the Graph API says: rows and the next cursor, or an error."""

import re
from dataclasses import dataclass

import orjson

from ingest import errors

# Half of a pair, which is no character: JSON may hold it, no text can.
_SURROGATES = re.compile(
    rb"\\\\|\\u[dD][89aAbB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)
_DATA_STARTS = b'{"data":['
_DATA_ENDS = b'],"paging":'

TOKEN_CODES = frozenset({102, 104, 190, 463, 467})
# 10 and 200 to 299: the app or the user may not read this account.
PERMISSION_CODES = frozenset({3, 10, *range(200, 300)})
THROTTLE_CODES = frozenset(
    {4, 17, 32, 341, 368, 613, *range(80000, 80015)},
)
# 1 and 2 are passing trouble, unless the message or the subcode says otherwise.
TRANSIENT_CODES = frozenset({1, 2})
# -2 (2490547) is how a report job words it; 2650 is of the same kind.
TOO_MUCH_DATA = frozenset({(100, 1487534), (100, 1504018), (2, 1504038), (-2, 2490547)})
NEVER_AGAIN = frozenset({(2, 1504041), (2, 1504042)})


class Transient(Exception):
    """An answer worth asking for again: passing trouble, or no usable JSON.

    Attributes:
        may_be_size: when it stays, less data may help.
    """

    def __init__(self, message: str, may_be_size: bool = False) -> None:
        super().__init__(message)
        self.may_be_size = may_be_size


class TimedOut(Transient):
    """No whole answer in the time that one has; it may be too large."""

    def __init__(self, message: str) -> None:
        super().__init__(message, may_be_size=True)


@dataclass(frozen=True)
class Page:
    """One page of a listing.

    Attributes:
        rows: the `data` array as Meta sent it, a JSON array in bytes.
        after: cursor of the next page; None on the last one.
    """

    rows: bytes
    after: str | None


def read_page(status: int, body: bytes) -> Page:
    """The rows and next cursor of an answer.

    `next` decides whether there is another page, since Meta sends `after` on the last
    page too, and an empty page may have a `next`. The link itself holds the token and
    is dropped here.

    Raises:
        Transient: the answer is no usable JSON or reports passing trouble.
        errors.MetaError: Meta refused.
    """
    if status == 200 and body.startswith(_DATA_STARTS):
        end = body.rfind(_DATA_ENDS)
        if end > 0:
            try:
                envelope = orjson.loads(b"{" + body[end + 2 :])
            except orjson.JSONDecodeError:
                envelope = None
            if isinstance(envelope, dict) and set(envelope) <= {"paging", "summary"}:
                rows = body[len(_DATA_STARTS) - 1 : end + 1]
                return Page(_mended(rows), _next(envelope))
    envelope = read_object(status, body)
    if not isinstance(envelope.get("data"), list):
        raise Transient("an answer without a `data` list")
    return Page(orjson.dumps(envelope["data"]), _next(envelope))


def _mended(body: bytes) -> bytes:
    """The JSON with each lone surrogate as the replacement character.

    One such name would otherwise keep the whole window from being read.
    """
    if b"\\ud" not in body and b"\\uD" not in body:
        return body
    return _SURROGATES.sub(lambda found: b"\\ufffd" if found[1] else found[0], body)


def read_object(status: int, body: bytes) -> dict[str, object]:
    """The JSON object of an answer that is not a listing.

    Raises:
        Transient: the answer is no usable JSON or reports passing trouble.
        errors.MetaError: Meta refused.
    """
    try:
        answer = orjson.loads(_mended(body))
    except orjson.JSONDecodeError as problem:
        raise Transient(
            f"HTTP {status} with a body that is not JSON", may_be_size=status == 504
        ) from problem
    if not isinstance(answer, dict):
        raise Transient(f"HTTP {status} with a JSON body that is not an object")
    if "error" in answer:
        _refuse(status, answer["error"])
    if status != 200:
        raise Transient(
            f"HTTP {status} without an error in its body", may_be_size=status == 504
        )
    return answer


def _next(envelope: dict[str, object]) -> str | None:
    paging = envelope.get("paging")
    if not isinstance(paging, dict) or not paging.get("next"):
        return None
    cursors = paging.get("cursors")
    after = cursors.get("after") if isinstance(cursors, dict) else None
    if not isinstance(after, str) or not after:
        raise Transient("a page with a `next` but no `after` cursor")
    return after


def _refuse(status: int, error: object) -> None:
    """Raise what an error body means, by code and subcode before the HTTP status."""
    if not isinstance(error, dict):
        raise Transient(f"HTTP {status} with an unreadable error")
    code = error.get("code")
    subcode = error.get("error_subcode")
    text = f"code {code}" + (f", subcode {subcode}" if subcode else "")
    message = str(error.get("message"))
    said = f"({text}: {message}; trace {error.get('fbtrace_id')})"
    if not isinstance(code, int):
        raise Transient(f"HTTP {status} with an error without a code {said}")
    if code in TOKEN_CODES:
        raise errors.TokenInvalid(
            f"Meta refused the access token {said}.",
            "Renew the token of this store and set it again.",
        )
    if code in PERMISSION_CODES:
        raise errors.PermissionMissing(
            f"This token may not read the account {said}.",
            "Grant `ads_read` on the ad account to the token's user or system user.",
            code=f"META-{code}",
        )
    if code in THROTTLE_CODES:
        raise errors.Throttled(f"Meta asks to wait {said}.", code)
    if (
        (code, subcode) in TOO_MUCH_DATA
        or code == 2650
        or (code == 1 and "reduce the amount" in message)
    ):
        raise errors.TooMuchData(
            f"The answer is too large for Meta {said}.", "Ask for fewer days."
        )
    if code in TRANSIENT_CODES and (code, subcode) not in NEVER_AGAIN:
        raise Transient(f"passing trouble at Meta {said}", may_be_size=code == 1)
    if error.get("is_transient") or "weren't there while creating" in message:
        raise Transient(f"passing trouble at Meta {said}")
    kind, hint = _refusal(code, subcode, message)
    raise kind(f"Meta refused the request {said}.", hint, code=f"META-{code}")


def _refusal(
    code: object, subcode: object, message: str
) -> tuple[type[errors.MetaError], str]:
    """What kind of refusal it is, and what to do."""
    if code == 100 and subcode == 33:
        return errors.ObjectUnknown, "Check the id, and what the token may see."
    if code == 100 and "cursor" in message.lower():
        return errors.CursorStale, "The window is read again in the next run."
    if code == 2601:
        return errors.ReportFailed, "The window is read again in the next run."
    if code == 2635:
        return (
            errors.RequestRefused,
            "Meta has retired this version: set a newer `api_version`.",
        )
    return (
        errors.RequestRefused,
        "Check the field or parameter that it names, and `api_version`.",
    )
