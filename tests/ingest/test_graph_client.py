"""The client against a real HTTP server: token, retries, pages, what is refused."""

import hashlib
import hmac
import json
import logging
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
import requests

from ingest import errors
from ingest.fields import status_filter
from ingest.graph_client import GraphClient
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import default_world
from tests.fixtures.fake_time import FakeTime
from tests.fixtures.loopback import Answer, Loopback, in_turn

TOKEN = "EAAmarker0123456789"
LAST = Answer(b'{"data":[{"id":"1"}],"paging":{"cursors":{"after":"QzE"}}}')


@contextmanager
def client(
    url: str, waits: list[float] | None = None, app_secret: str | None = None
) -> Iterator[GraphClient]:
    time = FakeTime(waits=[] if waits is None else waits)
    opened = GraphClient(url, "v25.0", TOKEN, app_secret, clock=time.clock)
    try:
        yield opened
    finally:
        opened.close()


def refusal(status: int, code: int, message: str = "No.", **more: object) -> Answer:
    error = {"message": message, "code": code, **more}
    return Answer(json.dumps({"error": error}).encode(), status)


def page(rows: bytes, after: str) -> Answer:
    paging = {"cursors": {"after": after}, "next": "https://127.0.0.1/?access_token=x"}
    return Answer(b'{"data":%b,"paging":%b}' % (rows, json.dumps(paging).encode()))


def test_token_travels_in_the_header_and_in_no_url() -> None:
    with (
        Loopback(in_turn(page(b"[]", "QzI"), LAST)) as server,
        client(server.url) as it,
    ):
        list(it.pages("act_1/campaigns", {"fields": "id", "limit": 500}))

    assert [asked.method for asked in server.asked] == ["GET", "GET"]
    assert {asked.headers["Authorization"] for asked in server.asked} == {
        f"Bearer {TOKEN}"
    }
    assert not any(TOKEN in asked.target for asked in server.asked)


def test_version_and_path_make_the_address() -> None:
    with Loopback(in_turn(LAST)) as server, client(f"{server.url}/") as it:
        list(it.pages("act_1/insights", {}))

    assert server.asked[0].path == "/v25.0/act_1/insights"


def test_structures_are_sent_as_json_and_texts_as_they_are() -> None:
    params = {
        "time_range": {"since": "2026-03-01", "until": "2026-03-02"},
        "fields": "spend,clicks",
        "time_increment": 1,
    }

    with Loopback(in_turn(LAST)) as server, client(server.url) as it:
        list(it.pages("act_1/insights", params))

    assert server.asked[0].params == {
        "time_range": '{"since":"2026-03-01","until":"2026-03-02"}',
        "fields": "spend,clicks",
        "time_increment": "1",
    }


def test_netrc_entry_does_not_replace_the_token(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine graph.facebook.com login someone password else\n")
    monkeypatch.setenv("NETRC", str(netrc))
    sent: list[requests.PreparedRequest] = []

    def send(_: object, request: requests.PreparedRequest, **__: object) -> None:
        sent.append(request)
        raise requests.ConnectionError("Nobody is there.")

    # Such an entry counts for https alone, which no server here speaks.
    monkeypatch.setattr(requests.Session, "send", send)
    with (
        client("https://graph.facebook.com") as it,
        pytest.raises(errors.NoUsableAnswer),
    ):
        list(it.pages("act_1/campaigns", {}))

    assert {each.headers["Authorization"] for each in sent} == {f"Bearer {TOKEN}"}


def test_proof_is_the_tokens_hmac_under_the_app_secret() -> None:
    # RFC 4231, test case 2.
    key, data = "Jefe", "what do ya want for nothing?"

    with Loopback(in_turn(LAST)) as server:
        it = GraphClient(server.url, "v25.0", data, key)
        list(it.pages("act_1/campaigns", {}))
        it.close()

    assert server.asked[0].params["appsecret_proof"] == (
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"
    )


def test_no_proof_is_sent_without_an_app_secret() -> None:
    with Loopback(in_turn(LAST)) as server, client(server.url) as it:
        list(it.pages("act_1/campaigns", {}))

    assert "appsecret_proof" not in server.asked[0].params


PASSING = [
    pytest.param(refusal(500, 1, error_subcode=99), id="code 1 with 500"),
    pytest.param(refusal(400, 2), id="code 2 with 400"),
    pytest.param(refusal(200, 2), id="code 2 with 200"),
    pytest.param(Answer(b"<html>Sorry</html>", 500), id="HTML with 500"),
    pytest.param(Answer(b"<html>Sorry</html>", 200), id="HTML with 200"),
    pytest.param(Answer(b"", 503), id="empty 503"),
    pytest.param(Answer(b'{"data":[{"id"', missing=40), id="cut by the connection"),
    pytest.param(Answer(b'{"data":[{"id"'), id="cut, length as announced"),
    pytest.param(Answer(is_dropped=True), id="connection dropped"),
]


@pytest.mark.parametrize("trouble", PASSING)
def test_passing_trouble_is_asked_again_after_a_wait(trouble: Answer) -> None:
    waits: list[float] = []

    with Loopback(in_turn(trouble, LAST)) as server, client(server.url, waits) as it:
        (found,) = it.pages("act_1/campaigns", {})

    assert found.rows == b'[{"id":"1"}]'
    assert waits == [1.0]
    assert len(server.asked) == 2
    assert (it.usage.calls, it.usage.retries) == (2, 1)


@pytest.mark.parametrize("trouble", PASSING)
def test_trouble_that_stays_is_given_up_after_five_tries(trouble: Answer) -> None:
    waits: list[float] = []

    with (
        Loopback(in_turn(trouble)) as server,
        client(server.url, waits) as it,
        pytest.raises(errors.NoUsableAnswer) as caught,
    ):
        list(it.pages("act_1/campaigns", {}))

    assert len(server.asked) == 5
    assert waits == [1.0, 2.0, 4.0, 8.0]
    assert "act_1/campaigns in 5 tries" in caught.value.message


def test_server_that_is_not_there_is_given_up_after_five_tries() -> None:
    with Loopback(in_turn(LAST)) as gone:
        pass
    waits: list[float] = []

    with client(gone.url, waits) as it, pytest.raises(errors.NoUsableAnswer):
        list(it.pages("act_1/campaigns", {}))

    assert waits == [1.0, 2.0, 4.0, 8.0]


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        pytest.param(refusal(500, 190), errors.TokenInvalid, id="token, with 500"),
        pytest.param(refusal(403, 200), errors.PermissionMissing, id="permission"),
        pytest.param(refusal(500, 100), errors.RequestRefused, id="parameter, 500"),
        pytest.param(
            refusal(500, 1, "Please reduce the amount of data"),
            errors.TooMuchData,
            id="too much data",
        ),
    ],
)
def test_refusal_is_not_asked_again_whatever_its_status(
    answer: Answer, kind: type[errors.MetaError]
) -> None:
    waits: list[float] = []

    with (
        Loopback(in_turn(answer)) as server,
        client(server.url, waits) as it,
        pytest.raises(kind),
    ):
        list(it.pages("act_1/campaigns", {}))

    assert len(server.asked) == 1
    assert waits == []


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_redirect_is_refused_and_never_followed(status: int) -> None:
    with Loopback(in_turn(LAST)) as elsewhere:
        moved = Answer(status=status, headers={"Location": f"{elsewhere.url}/v25.0/x"})

        with (
            Loopback(in_turn(moved)) as server,
            client(server.url) as it,
            pytest.raises(errors.MetaError) as caught,
        ):
            list(it.pages("act_1/campaigns", {}))

    assert caught.value.code == "META-HOST"
    assert len(server.asked) == 1
    assert elsewhere.asked == []


def test_cursor_decides_the_next_page_and_the_link_is_not_followed() -> None:
    with Loopback(in_turn(LAST)) as elsewhere:
        link = {"cursors": {"after": "QzI"}, "next": f"{elsewhere.url}/stolen"}
        first = Answer(b'{"data":[],"paging":%b}' % json.dumps(link).encode())

        with Loopback(in_turn(first, LAST)) as server, client(server.url) as it:
            list(it.pages("act_1/campaigns", {"limit": 2}))

    assert elsewhere.asked == []
    assert [asked.params for asked in server.asked] == [
        {"limit": "2"},
        {"limit": "2", "after": "QzI"},
    ]


@pytest.mark.parametrize(
    ("cursors", "calls"),
    [
        pytest.param(["QzI"], 2, id="the same one at once"),
        pytest.param(["QzI", "QzM", "QzI"], 3, id="one from before"),
    ],
)
def test_repeated_cursor_is_refused(cursors: list[str], calls: int) -> None:
    answers = [
        page(b'[{"id":"%d"}]' % number, cursor) for number, cursor in enumerate(cursors)
    ]

    with (
        Loopback(in_turn(*answers)) as server,
        client(server.url) as it,
        pytest.raises(errors.NoUsableAnswer) as caught,
    ):
        list(it.pages("act_1/campaigns", {}))

    assert caught.value.code == "META-CURSOR"
    assert len(server.asked) == calls


@pytest.mark.parametrize(
    ("empty_every", "sizes"),
    [
        pytest.param(None, [2, 2, 2, 1], id="no empty pages"),
        # Every second page comes empty first, with a link to its rows.
        pytest.param(2, [2, 0, 2, 2, 0, 1], id="every second page empty"),
        pytest.param(1, [0, 2, 0, 2, 0, 2, 0, 1], id="every page empty at first"),
    ],
)
def test_pages_go_on_until_there_is_no_next_one(
    empty_every: int | None, sizes: list[int]
) -> None:
    params = {"fields": "id", "limit": 2, "filtering": [status_filter("campaign")]}

    with Sandbox(default_world(), empty_page_every=empty_every) as sandbox:
        it = GraphClient(sandbox.url, "v25.0", sandbox.token)
        pages = list(it.pages("act_100000000000001/campaigns", params))
        it.close()

    rows = [json.loads(page.rows) for page in pages]
    ids = [row["id"] for of_page in rows for row in of_page]
    # The default world gives each account seven campaigns.
    assert [len(of_page) for of_page in rows] == sizes
    assert len(set(ids)) == len(ids) == 7


def leaks() -> Iterator[object]:
    quoted = f"Malformed access token {TOKEN}"
    link = f"https://graph.facebook.com/v25.0/act_1?access_token={TOKEN}"
    yield pytest.param(refusal(400, 190, quoted), id="token quoted in a refusal")
    yield pytest.param(refusal(200, 190, quoted), id="refusal with status 200")
    rows = b'{"data":[{"id":"1","name":"%b"}],' % (b"x" * 100)
    late = rows + refusal(200, 190, quoted).body[1:]
    yield pytest.param(Answer(late), id="refusal behind rows")
    yield pytest.param(refusal(400, 2, quoted), id="quoted in passing trouble")
    yield pytest.param(refusal(400, 100, link), id="link quoted in a refusal")
    yield pytest.param(Answer(link.encode(), 500), id="link in a plain text")
    yield pytest.param(
        Answer(status=302, headers={"Location": link}), id="link in a redirect"
    )
    yield pytest.param(Answer(is_dropped=True), id="connection dropped")
    yield pytest.param(Answer(b"{", missing=9), id="connection cut")


@pytest.mark.parametrize("answer", leaks())
def test_token_is_in_no_log_and_no_exception(
    answer: Answer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)

    with (
        Loopback(in_turn(answer)) as server,
        client(server.url) as it,
        pytest.raises(errors.MetaError) as caught,
    ):
        list(it.pages("act_1/campaigns", {}))

    trace = "".join(traceback.format_exception(caught.value))
    assert TOKEN not in trace + str(caught.value) + caught.value.hint
    assert caplog.records
    assert TOKEN not in caplog.text


def test_proof_is_in_no_exception() -> None:
    proof = hmac.new(b"app secret", TOKEN.encode(), hashlib.sha256).hexdigest()
    quoted = refusal(400, 100, f"Unknown: ?appsecret_proof={proof}")
    with Loopback(in_turn(quoted)) as server:
        url = server.url
        said = refused_with_a_proof(url)
    assert server.asked[0].params["appsecret_proof"] == proof

    # Nobody listens there any more.
    said += refused_with_a_proof(url)

    assert said.count("<proof>") >= 2
    assert proof not in said


def refused_with_a_proof(url: str) -> str:
    with (
        client(url, app_secret="app secret") as it,
        pytest.raises(errors.MetaError) as caught,
    ):
        list(it.pages("act_1/campaigns", {}))
    return "".join(traceback.format_exception(caught.value))


def test_bytes_are_counted() -> None:
    answer = Answer(b'{"data":[]}')

    with Loopback(in_turn(answer)) as server, client(server.url) as it:
        list(it.pages("act_1/campaigns", {}))

    assert it.usage.received_bytes == 11
