"""Faults in pages that arrive whole: rows, cursors, links and headers that lie."""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from ingest.sandbox import paging
from ingest.sandbox.errors import GraphError
from ingest.sandbox.faults import Fault, graph_error
from ingest.sandbox.params import Request
from ingest.sandbox.response import Response

Document = dict[str, Any]

_USAGE_HEADERS = {
    "x-app-usage",
    "x-business-use-case-usage",
    "x-ad-account-usage",
    "x-fb-ads-insights-throttle",
}


def edited(edit: Callable[[bytes], bytes]) -> Fault:
    """The true answer with its body as `edit` makes it."""
    return Fault(change=lambda _, true: replace(true, body=edit(true.body)))


def page_edited(edit: Callable[[Request, Document], Document]) -> Fault:
    """The true page as `edit` makes it of request and JSON document.

    What is no page, such as an error, goes out as it is.
    """

    def change(request: Request, true: Response) -> Response:
        # Not orjson: it refuses the lone surrogates that odd names hold.
        document = json.loads(true.body)
        if not isinstance(document, dict) or "data" not in document:
            return true
        body = json.dumps(edit(request, document), separators=(",", ":"))
        return replace(true, body=body.encode())

    return Fault(change=change)


def emptied() -> Fault:
    """HTTP 200 with no rows and no `next`, whatever there is."""
    return Fault(change=lambda _, true: replace(true, status=200, body=b'{"data":[]}'))


def rows_dropped(count: int) -> Fault:
    """The page without its last rows; cursors and `next` as if they were there."""
    return page_edited(
        lambda _, page: {
            **page,
            "data": page["data"][: max(len(page["data"]) - count, 0)],
        }
    )


def rows_repeated(count: int) -> Fault:
    """The page with its last rows a second time."""
    return page_edited(
        lambda _, page: {
            **page,
            "data": page["data"] + page["data"][max(len(page["data"]) - count, 0) :],
        }
    )


def page_overlapping(count: int) -> Fault:
    """A page that begins with the last rows of the one before. A first page is true."""

    def rewrite(request: Request) -> Request:
        try:
            at = paging.place(request)
        except GraphError:
            return request
        moved = min(count, at.offset)
        if moved == 0:
            return request
        params = {
            "after": paging.encoded(str(at.offset - moved)),
            "limit": str(at.limit + moved),
        }
        return replace(request, params=request.params | params)

    return Fault(rewrite=rewrite)


def cursor_repeated() -> Fault:
    """True rows, and a `next` that leads to this page again."""

    def edit(request: Request, page: Document) -> Document:
        own = request.params.get("after") or paging.encoded("0")
        return {**page, "paging": _paging(request, own)}

    return page_edited(edit)


def cursor_missing() -> Fault:
    """True rows, and a `next` without any cursors beside it."""

    def edit(request: Request, page: Document) -> Document:
        after = paging.encoded(str(_offset(request) + len(page["data"])))
        return {**page, "paging": {"next": paging.link(request, after)}}

    return page_edited(edit)


def stale_cursor() -> Fault:
    """The refusal of a cursor that was good a moment ago."""
    return graph_error(100, status=400, message=f"(#100) {paging.BAD_CURSOR}")


def endless() -> Fault:
    """The first page's rows with a `next` and a fresh cursor, whatever the cursor.

    Order it for ever (`times=None`) for pages without an end.
    """
    return replace(page_edited(_going_on), rewrite=_first_page)


def endless_empty() -> Fault:
    """No rows, but a `next` and a fresh cursor, whatever the cursor."""
    return replace(
        page_edited(lambda request, _: _going_on(request, {"data": []})),
        rewrite=_first_page,
    )


def foreign_next(url: str) -> Fault:
    """True rows and cursors, and a `next` on another host, such as `http://other`."""

    def edit(request: Request, page: Document) -> Document:
        after = paging.encoded(str(_offset(request) + len(page["data"])))
        abroad = replace(request, base_url=url.rstrip("/"))
        shown = _paging(request, after) | {"next": paging.link(abroad, after)}
        return {**page, "paging": shown}

    return page_edited(edit)


def deep(levels: int) -> Fault:
    """True rows, the first with a field that holds lists in lists, so many deep."""

    def edit(body: bytes) -> bytes:
        field = b'"nested":' + b"[" * levels + b"]" * levels
        if body.startswith(b'{"data":[{'):
            return body.replace(b'{"data":[{', b'{"data":[{%b,' % field, 1)
        return body.replace(b'{"data":[', b'{"data":[{%b}' % field, 1)

    return edited(edit)


def headers_garbled() -> Fault:
    """Usage headers that are no JSON."""
    return _usage_said("{call_count: 28%")


def headers_absent() -> Fault:
    """No usage headers."""

    def change(request: Request, true: Response) -> Response:
        kept = {
            name: value
            for name, value in true.headers.items()
            if name not in _USAGE_HEADERS
        }
        return replace(true, headers=kept)

    return Fault(change=change)


def headers_of_other_types() -> Fault:
    """Usage headers that are JSON of other types than they ought to be."""
    return _usage_said('[null,"28",{"call_count":{"value":"28"}}]')


def headers_with_odd_values() -> Fault:
    """Usage headers of the right shape whose numbers are text, null, or below zero."""
    odd = {
        "call_count": "28",
        "total_cputime": None,
        "total_time": -1,
        "acc_id_util_pct": "9.67",
        "app_id_util_pct": None,
        "reset_time_duration": None,
        "estimated_time_to_regain_access": None,
        "ads_api_access_tier": None,
    }

    def change(request: Request, true: Response) -> Response:
        said = {
            name: json.dumps({"x": [odd]} if "business" in name else odd)
            for name in true.headers
            if name in _USAGE_HEADERS
        }
        return replace(true, headers=true.headers | said)

    return Fault(change=change)


def _usage_said(text: str) -> Fault:
    def change(request: Request, true: Response) -> Response:
        said = {name: text for name in true.headers if name in _USAGE_HEADERS}
        return replace(true, headers=true.headers | said)

    return Fault(change=change)


def _first_page(request: Request) -> Request:
    kept = {name: text for name, text in request.params.items() if name != "after"}
    return replace(request, params=kept)


def _going_on(request: Request, page: Document) -> Document:
    fresh = paging.encoded(str(_offset(request) + 1))
    return {**page, "paging": _paging(request, fresh)}


def _paging(request: Request, after: str) -> Document:
    cursors = {"before": paging.encoded(str(_offset(request))), "after": after}
    return {"cursors": cursors, "next": paging.link(request, after)}


def _offset(request: Request) -> int:
    return paging.place(request).offset
