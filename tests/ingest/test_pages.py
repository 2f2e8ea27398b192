"""What an answer says: rows and the next cursor, or which error."""

import json

import orjson
import pytest

from ingest import errors
from ingest.pages import Page, Transient, read_object, read_page

NEXT = "https://graph.facebook.com/v25.0/act_1/insights?access_token=secret&after=QzI"


def refusal(
    code: int, subcode: int | None = None, message: str = "No.", **more: object
) -> bytes:
    error: dict[str, object] = {"message": message, "code": code, **more}
    if subcode is not None:
        error["error_subcode"] = subcode
    return json.dumps({"error": error}).encode()


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(
            b'{"data":[{"id":"1","spend":"1.50"}],'
            b'"paging":{"cursors":{"before":"QzE","after":"QzI"},"next":"%b"}}'
            % NEXT.encode(),
            id="as Meta writes it",
        ),
        pytest.param(
            b'{"paging":{"cursors":{"before":"QzE","after":"QzI"},"next":"%b"},'
            b'"data":[{"id":"1","spend":"1.50"}]}' % NEXT.encode(),
            id="paging first",
        ),
        pytest.param(
            b'{ "data": [ {"id": "1", "spend": "1.50"} ],\n'
            b'  "paging": {"cursors": {"after": "QzI"}, "next": "%b"} }'
            % NEXT.encode(),
            id="spaced out",
        ),
        pytest.param(
            b'{"data":[{"id":"1","spend":"1.50"}],"paging":{"cursors":{"after":"QzI"},'
            b'"next":"%b"},"summary":{"total_count":9}}' % NEXT.encode(),
            id="with a summary",
        ),
        pytest.param(
            b'{"data":[{"id":"1","spend":"1.50"}],"paging":{"cursors":{"after":"QzI"},'
            b'"next":"%b"},"__www_request_id__":"A"}' % NEXT.encode(),
            id="with a key nobody knows",
        ),
        pytest.param(
            b'{"data":[{"id":"1","spend":"1.50"}],'
            b'"paging":{"cursors":{"after":"QzI"},"next":"%b"}}' % NEXT.encode(),
            id="paging without before",
        ),
    ],
)
def test_page_has_its_rows_and_next_cursor_however_it_is_written(body: bytes) -> None:
    page = read_page(200, body)

    assert orjson.loads(page.rows) == [{"id": "1", "spend": "1.50"}]
    assert page.after == "QzI"


def test_rows_are_the_very_bytes_that_meta_sent() -> None:
    rows = (
        b'[{"id":"120200000000000001","spend":"1.50","n":1.10,"name":"a\\/b \\u00fc"}]'
    )

    page = read_page(200, b'{"data":' + rows + b',"paging":{"cursors":{}}}')

    assert page == Page(rows, None)


def test_page_keeps_nothing_of_the_link_with_the_token() -> None:
    body = (
        b'{"data":[{"id":"1"}],"paging":{"cursors":{"after":"QzI"},"next":"%b"}}'
        % NEXT.encode()
    )

    page = read_page(200, body)

    assert b"paging" not in page.rows
    assert "secret" not in repr(page)


@pytest.mark.parametrize(
    ("body", "rows"),
    [
        pytest.param(
            b'{"data":[{"ads":{"data":[{"id":"2"}],"paging":{"cursors":{}}}}]}',
            [{"ads": {"data": [{"id": "2"}], "paging": {"cursors": {}}}}],
            id="only a nested listing has paging",
        ),
        pytest.param(
            rb'{"data":[{"name":"],\"paging\":{\"next\":1}"}],"paging":{}}',
            [{"name": '],"paging":{"next":1}'}],
            id="a name that looks like the end",
        ),
        pytest.param(
            rb'{"data":[{"name":"],\"paging\":{\"next\":1}"}]}',
            [{"name": '],"paging":{"next":1}'}],
            id="such a name and no paging",
        ),
    ],
)
def test_rows_end_where_the_listing_ends(body: bytes, rows: object) -> None:
    page = read_page(200, body)

    assert orjson.loads(page.rows) == rows
    assert page.after is None


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(b'{"data":[]}', id="no paging"),
        pytest.param(b'{"data":[],"paging":{}}', id="empty paging"),
        pytest.param(b'{"data":[],"paging":null}', id="null paging"),
        pytest.param(b'{ "data": [] }', id="spaced out"),
    ],
)
def test_page_without_rows_and_next_is_the_last_one(body: bytes) -> None:
    page = read_page(200, body)

    assert page == Page(b"[]", None)


def test_empty_page_may_have_a_next_one() -> None:
    page = read_page(
        200, b'{"data":[],"paging":{"cursors":{"after":"QzI"},"next":"https://x/"}}'
    )

    assert page == Page(b"[]", "QzI")


@pytest.mark.parametrize(
    "paging",
    [
        pytest.param(b'{"cursors":{"before":"QzE","after":"QzI"}}', id="no next"),
        pytest.param(b'{"cursors":{"after":"QzI"},"next":""}', id="empty next"),
        pytest.param(b'{"cursors":{"after":"QzI"},"next":null}', id="null next"),
    ],
)
def test_cursor_without_next_ends_the_listing(paging: bytes) -> None:
    page = read_page(200, b'{"data":[{"id":"1"}],"paging":' + paging + b"}")

    assert page.after is None


@pytest.mark.parametrize(
    "paging",
    [
        pytest.param(b'{"next":"https://x/"}', id="no cursors"),
        pytest.param(
            b'{"cursors":{"before":"QzE"},"next":"https://x/"}', id="no after"
        ),
        pytest.param(b'{"cursors":{"after":""},"next":"https://x/"}', id="empty after"),
        pytest.param(b'{"cursors":{"after":7},"next":"https://x/"}', id="after 7"),
    ],
)
def test_next_without_a_cursor_is_asked_for_again(paging: bytes) -> None:
    body = b'{"data":[{"id":"1"}],"paging":' + paging + b"}"

    with pytest.raises(Transient, match="`next` but no `after`"):
        read_page(200, body)


@pytest.mark.parametrize(
    ("status", "body"),
    [
        pytest.param(200, b"<!DOCTYPE html><html>Sorry</html>", id="HTML with 200"),
        pytest.param(502, b"<html>Bad gateway</html>", id="HTML with 502"),
        pytest.param(200, b"", id="nothing with 200"),
        pytest.param(503, b"", id="nothing with 503"),
        pytest.param(200, b'{"data":[{"id":"1"},{"id":', id="cut in a row"),
        pytest.param(200, b'{"data":[{"id":"1"}]', id="cut after the rows"),
        pytest.param(
            200, b'{"data":[{"id":"1"}],"paging":{"cursors":{"af', id="cut in paging"
        ),
        pytest.param(200, b"[]", id="a list"),
        pytest.param(200, b"true", id="true"),
        pytest.param(200, b'{"data":{"id":"1"}}', id="data is no list"),
        pytest.param(200, b'{"success":true}', id="no data"),
        pytest.param(500, b'{"data":[]}', id="data with 500"),
        pytest.param(400, b'{"error":"no"}', id="an error that is text"),
    ],
)
def test_unusable_answer_is_asked_for_again(status: int, body: bytes) -> None:
    with pytest.raises(Transient):
        read_page(status, body)


REDUCE = "Please reduce the amount of data you're asking for, then retry your request"
REFUSALS = [
    # GRAPH_API.md section 6, line by line.
    pytest.param(400, 190, None, errors.TokenInvalid, "META-190", id="token malformed"),
    pytest.param(400, 190, 463, errors.TokenInvalid, "META-190", id="token expired"),
    pytest.param(401, 190, 460, errors.TokenInvalid, "META-190", id="password changed"),
    pytest.param(400, 190, 458, errors.TokenInvalid, "META-190", id="app removed"),
    pytest.param(500, 190, 467, errors.TokenInvalid, "META-190", id="token and 500"),
    pytest.param(400, 102, None, errors.TokenInvalid, "META-190", id="no session"),
    pytest.param(400, 104, None, errors.TokenInvalid, "META-190", id="no token"),
    pytest.param(403, 3, None, errors.PermissionMissing, "META-3", id="capability"),
    pytest.param(403, 10, None, errors.PermissionMissing, "META-10", id="app may not"),
    pytest.param(
        403, 200, None, errors.PermissionMissing, "META-200", id="first of 2xx"
    ),
    pytest.param(
        400, 299, None, errors.PermissionMissing, "META-299", id="last of 2xx"
    ),
    pytest.param(400, 100, 33, errors.ObjectUnknown, "META-100", id="unknown object"),
    pytest.param(400, 100, None, errors.RequestRefused, "META-100", id="bad parameter"),
    pytest.param(400, 100, 1487561, errors.RequestRefused, "META-100", id="bad status"),
    pytest.param(400, 100, 1487534, errors.TooMuchData, "META-001", id="data per call"),
    pytest.param(400, 100, 1504018, errors.TooMuchData, "META-001", id="timed out"),
    pytest.param(500, 2, 1504038, errors.TooMuchData, "META-001", id="timed out, 2"),
    pytest.param(400, 2, 1504041, errors.RequestRefused, "META-2", id="breakdowns"),
    pytest.param(500, 2, 1504042, errors.RequestRefused, "META-2", id="custom metrics"),
    pytest.param(403, 4, 1504022, errors.Throttled, "META-4", id="app's limit"),
    pytest.param(400, 17, 2446079, errors.Throttled, "META-17", id="user's limit"),
    pytest.param(400, 32, None, errors.Throttled, "META-32", id="page limit"),
    pytest.param(400, 613, 1487742, errors.Throttled, "META-613", id="custom limit"),
    pytest.param(400, 341, None, errors.Throttled, "META-341", id="limited"),
    pytest.param(400, 368, None, errors.Throttled, "META-368", id="blocked"),
    pytest.param(400, 80000, None, errors.Throttled, "META-80000", id="insights limit"),
    pytest.param(400, 80004, None, errors.Throttled, "META-80004", id="management"),
    pytest.param(400, 80014, None, errors.Throttled, "META-80014", id="last limit"),
    pytest.param(
        400, 2635, None, errors.RequestRefused, "META-2635", id="version gone"
    ),
    pytest.param(400, 3018, None, errors.RequestRefused, "META-3018", id="37 months"),
]


@pytest.mark.parametrize(("status", "code", "subcode", "kind", "stable"), REFUSALS)
def test_refusal_is_told_by_code_and_subcode(
    status: int,
    code: int,
    subcode: int | None,
    kind: type[errors.MetaError],
    stable: str,
) -> None:
    body = refusal(code, subcode, "Said so.", fbtrace_id="Atrace")

    with pytest.raises(errors.MetaError) as caught:
        read_page(status, body)

    assert type(caught.value) is kind
    assert caught.value.code == stable
    assert f"code {code}" in caught.value.message
    assert "Said so." in caught.value.message
    assert "Atrace" in caught.value.message
    assert caught.value.hint


def test_reduce_the_amount_of_data_asks_for_a_smaller_window() -> None:
    body = refusal(1, None, REDUCE)

    with pytest.raises(errors.TooMuchData):
        read_page(500, body)


@pytest.mark.parametrize(
    ("status", "code", "subcode"),
    [
        pytest.param(500, 1, 99, id="unknown error"),
        pytest.param(400, 1, None, id="unknown error with 400"),
        pytest.param(500, 2, 1504043, id="passing trouble"),
        pytest.param(503, 2, 1504044, id="passing trouble with 503"),
        pytest.param(400, 2, None, id="passing trouble with 400"),
    ],
)
def test_passing_trouble_is_asked_for_again(
    status: int, code: int, subcode: int | None
) -> None:
    body = refusal(code, subcode)

    with pytest.raises(Transient):
        read_page(status, body)


def test_error_beside_rows_is_an_error() -> None:
    body = b'{"data":[],"paging":{},"error":{"code":190,"message":"Expired."}}'

    with pytest.raises(errors.TokenInvalid):
        read_page(200, body)


def test_error_with_status_200_is_an_error() -> None:
    body = refusal(200, None, "(#200) No permission")

    with pytest.raises(errors.PermissionMissing):
        read_page(200, body)


def test_object_is_given_back_as_meta_sent_it() -> None:
    found = read_object(200, b'{"id":"act_1","account_status":1,"name":"A \\u00fc"}')

    assert found == {"id": "act_1", "account_status": 1, "name": "A ü"}
