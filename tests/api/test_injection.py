"""No text of a request is in a statement, and none makes the API fail.

The hostile texts go into every parameter, header and part of a body and of a cursor.
Each holds MARK, and every statement that DuckDB is given is recorded.
"""

import base64
import copy
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import duckdb
import pytest

import api.snapshots
from api.callers import EVERYONE
from api.cursors import write_cursor
from api.main import create_app
from api.settings import Settings
from api.snapshots import QUERIES
from tests.fixtures.local_client import LocalClient
from tests.fixtures.published import served
from tests.fixtures.worlds import acme

MARK = "zqx7"
HOSTILE = [
    f"{MARK}' or 1=1 --",
    f"'; drop table core.meta_objects; -- {MARK}",
    f'{MARK}" union select * from duckdb_settings() --',
    f"{MARK}'); attach '/etc/passwd' as x; --",
    f"{MARK}'; copy (select 1) to '/tmp/x'; --",
    f"x' and (select 1) = 1 /* {MARK} */",
    f"$store {MARK}",
    f"{{{{ {MARK} }}}} %s%n {{0}}",
    f"../../{MARK}",
    f"{MARK}\x00",
    f"{MARK}\\' or 1=1",
    f"\uff07 or 1=1 {MARK}",
    f"\u202e\u2066{MARK}\u2028",
    f"{MARK}\r\nSet-Cookie: a=b",
    f"[{MARK}]",
    f'{{"$ne": "{MARK}"}}',
    f"1e309{MARK}",
    MARK * 1000,
    f"\U0001f4a3 نور {MARK}",
]
# All of them, in every place, take a minute.
SOME = [HOSTILE[0], HOSTILE[2], HOSTILE[9], HOSTILE[12]]
SLOW = pytest.mark.slow
HEADERS = [
    "Accept",
    "Authorization",
    "Cookie",
    "If-None-Match",
    "Origin",
    "Range",
    "User-Agent",
    "X-Forwarded-For",
    "X-Request-ID",
]
BODY = {
    "store": "acme",
    "measures": ["spend"],
    "dimensions": ["country_code"],
    "period": "last_7d",
    "filters": [{"dimension": "country_code", "operator": "equals", "values": ["US"]}],
    "order": {"name": "spend", "direction": "desc"},
    "limit": 10,
}
DAYS = {"since": "2026-03-01", "until": "2026-03-10"}
DATED = {name: part for name, part in BODY.items() if name != "period"} | DAYS


class Recording:
    """A connection or cursor that notes what it is told to run."""

    def __init__(self, inner: Any, statements: list[str]) -> None:
        self._inner, self._statements = inner, statements

    def execute(self, sql: str, values: Any = None) -> Any:
        self._statements.append(sql)
        return self._inner.execute(sql, values)

    def cursor(self) -> "Recording":
        return Recording(self._inner.cursor(), self._statements)

    def __enter__(self) -> "Recording":
        return self

    def __exit__(self, *_: object) -> None:
        self._inner.close()

    def __getattr__(self, name: str) -> Any:
        # Whatever else could run a statement is not among what is passed on.
        assert name in ("close", "description", "fetchall", "interrupt"), name
        return getattr(self._inner, name)


@pytest.fixture(scope="module")
def run() -> list[str]:
    """Every statement that DuckDB was given."""
    return []


@pytest.fixture(scope="module")
def client(
    tmp_path_factory: pytest.TempPathFactory, run: list[str]
) -> Iterator[LocalClient]:
    connect = duckdb.connect

    def recorded(*arguments: Any, **named: Any) -> Recording:
        return Recording(connect(*arguments, **named), run)

    folder = tmp_path_factory.mktemp("acme")
    with pytest.MonkeyPatch.context() as patch, ExitStack() as stack:
        client = stack.enter_context(served(folder, acme(), poll_seconds=60))
        patch.setattr(duckdb, "connect", recorded)
        yield client


@pytest.fixture(autouse=True)
def only_our_statements(client: LocalClient, run: list[str]) -> Iterator[None]:
    """Each that is run has to be one of ours, word for word."""
    yield
    ours = {query.sql for query in QUERIES.values()}
    source = Path(api.snapshots.__file__).read_text()
    assert run
    for sql in set(run) - ours:
        assert f'"{sql}"' in source
    assert [sql for sql in run if MARK in sql] == []


def parameters() -> list[tuple[str, str]]:
    app = create_app(Settings(Path("unused")))
    return [
        (path, parameter["name"])
        for path, methods in app.openapi()["paths"].items()
        for parameter in methods.get("get", {}).get("parameters", [])
    ]


def paths() -> list[Any]:
    """Every path with parameters. Those of all levels of rows are the same."""
    found = sorted({path for path, _ in parameters()})
    return [
        pytest.param(path, marks=SLOW) if "/rows/a" in path else path for path in found
    ]


@pytest.mark.parametrize("path", paths())
@pytest.mark.parametrize("texts", [SOME, pytest.param(HOSTILE, marks=SLOW)], ids=len)
def test_a_hostile_parameter_is_refused(
    client: LocalClient, path: str, texts: list[str]
) -> None:
    client.get("/v1/stores")
    for name in [name for of, name in parameters() if of == path]:
        for text in texts:
            answer = client.get(path, params={name: text})

            assert answer.status_code in (404, 422), (name, text, answer.text)
            assert answer.json()["code"].startswith("API-4")
        for odd in ("", "null"):
            answer = client.get(path, params={name: odd})

            assert answer.status_code in (200, 404, 422), (name, odd, answer.text)


@pytest.mark.parametrize("header", HEADERS)
def test_a_hostile_header_changes_nothing(client: LocalClient, header: str) -> None:
    usual = client.get("/v1/dashboard")
    for text in SOME:
        # A plain request id is the caller's to choose.
        is_plain = header == "X-Request-ID" and text.isalnum()
        if {"\x00", "\r"}.isdisjoint(text) and not is_plain:
            answer = client.get(
                "/v1/dashboard", headers={header.encode(): text.encode()}
            )

            assert (answer.status_code, answer.content) == (200, usual.content)
            assert MARK not in str(answer.headers)


def places(part: Any) -> Iterator[Callable[[Any, str], None]]:
    """For each text in a document, what puts another one there."""
    pairs = part.items() if isinstance(part, dict) else enumerate(part)
    for key, value in pairs:
        if isinstance(value, dict | list):
            for inner in places(value):

                def deeper(
                    to: Any, text: str, key: Any = key, put: Any = inner
                ) -> None:
                    put(to[key], text)

                yield deeper
        else:

            def here(to: Any, text: str, key: Any = key) -> None:
                to[key] = text

            yield here


@pytest.mark.parametrize("body", [BODY, DATED], ids=["period", "days"])
@pytest.mark.parametrize("texts", [SOME, pytest.param(HOSTILE, marks=SLOW)], ids=len)
def test_a_hostile_part_of_a_query_is_a_value_or_refused(
    client: LocalClient, body: dict[str, Any], texts: list[str]
) -> None:
    answered = 0
    for put in places(body):
        for text in texts:
            asked = copy.deepcopy(body)
            put(asked, text)

            answer = client.post("/v1/query", json=asked)

            if answer.status_code == 200:
                # As a country it is one where nothing was shown.
                answered += 1
                assert answer.json()["data"]["rows"] == []
            else:
                assert answer.status_code in (404, 422), answer.text
                assert answer.json()["code"].startswith("API-4")
    # Only the values of a filter are any text, of at most 500 letters.
    assert answered == len([text for text in texts if len(text) <= 500])


def test_a_hostile_name_of_a_part_is_refused(client: LocalClient) -> None:
    for text in (*SOME, "\ud800"):
        body = json.dumps({**BODY, text: text})

        answer = client.post(
            "/v1/query", content=body, headers={"Content-Type": "application/json"}
        )

        assert (answer.status_code, answer.json()["code"]) == (
            422,
            "API-422-PARAMETER",
        )


def test_half_of_a_letter_is_no_value(client: LocalClient) -> None:
    body: dict[str, Any] = copy.deepcopy(BODY)
    body["filters"][0]["values"][0] = "\ud800"

    answer = client.post(
        "/v1/query",
        content=json.dumps(body),
        headers={"Content-Type": "application/json"},
    )

    assert (answer.status_code, answer.json()["code"]) == (422, "API-422-PARAMETER")


def test_a_cursor_made_up_in_the_right_form_finds_nothing_or_is_refused(
    client: LocalClient,
) -> None:
    rows = {
        "level": "campaign",
        "store": "acme",
        "since": "2026-03-04",
        "until": "2026-03-10",
        "country": None,
        "campaign_ids": None,
        "object_id": None,
    }
    objects = {
        "route": "objects",
        "store": "acme",
        "type": None,
        "status": None,
        "include_absent": False,
    }
    snapshots = client.state.snapshots
    with snapshots.reading(EVERYONE) as reader:
        made_up = [
            (path, write_cursor(reader, request, key))
            for text in (*HOSTILE[:-2], "\ud800", "20260310", "2026-W11-2", "9" * 30)
            for path, request, key in (
                ("/v1/rows/campaign", rows, (text, "111", "1", "US")),
                ("/v1/rows/campaign", rows, ("2026-03-10", "111", "2", text)),
                ("/v1/objects", objects, (text, "1")),
                ("/v1/objects", objects, (3, "~" + text)),
            )
        ]

    taken = 0
    for path, cursor in made_up:
        answer = client.get(path, params={"cursor": cursor})

        if answer.status_code == 200:
            taken += 1
            data = answer.json()["data"]
            assert (
                not any(data[kind] for kind in data if kind != "summary")
                if (path == "/v1/objects")
                else data == []
            )
        else:
            assert (answer.status_code, answer.json()["code"]) == (
                422,
                "API-422-CURSOR",
            )
    assert taken > len(HOSTILE)


@pytest.mark.parametrize(
    "document",
    [[], {}, "", None, 1, [1, 2, 3], ["s1", [], ""], ["s1", [None] * 4, "x"]],
)
def test_a_cursor_of_another_form_is_refused(
    client: LocalClient, document: object
) -> None:
    text = base64.urlsafe_b64encode(json.dumps(document).encode()).decode()

    answer = client.get("/v1/rows/campaign", params={"cursor": text.rstrip("=")})

    assert (answer.status_code, answer.json()["code"]) == (422, "API-422-CURSOR")
