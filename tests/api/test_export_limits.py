"""What exports may take: places, time, bytes and memory; and that nothing stays."""

import asyncio
import gc
import hashlib
import json
import logging
import shutil
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pytest
import requests
from starlette.types import ASGIApp, Message

from api import export_folder
from api.callers import EVERYONE, Caller
from api.errors import BadRange, TooManyExports, TooSlow
from api.exports import Export, Exports
from api.main import create_app
from api.schemas import Meta
from api.schemas_objects import CampaignRow
from api.settings import Settings
from api.snapshots import QUERIES, Query, Reader, Snapshots
from tests.fixtures.listening import listening
from tests.fixtures.local_client import LocalClient
from tests.fixtures.worlds import NOW

CSV = "/v1/rows/campaign?format=csv"
# What DuckDB never ends with; it can only be interrupted.
ENDLESS = (
    "copy (select sum(a.range + b.range) from range(10000000) a, range(10000000) b) "
    "to $file (format csv)"
)
GROWING = "copy (from range(1000000000000)) to $file (format csv)"

pytestmark = pytest.mark.usefixtures("acme_only")


def files() -> list[Path]:
    return list(export_folder.path().iterdir())


@pytest.fixture
def snapshots(settings: Settings) -> Iterator[Snapshots]:
    snapshots = Snapshots(settings)
    yield snapshots
    snapshots.close()


def asked() -> Export:
    values = {
        "level": "campaign",
        "store": "acme",
        "since": "2026-03-04",
        "until": "2026-03-10",
        "object_id": None,
        "country": None,
        "campaign_ids": None,
    }
    nothing = dict.fromkeys(Meta.model_fields)
    told = Meta.model_validate(
        {**nothing, "generated_at": NOW, "timezone": [], "partial_days": []}
        | {"warnings": []}
    )
    return Export("csv", CampaignRow, values, "name", told, has_bom=False)


def test_only_so_many_exports_are_under_way(
    snapshots: Snapshots, settings: Settings
) -> None:
    exports = Exports(replace(settings, exports_at_once=1))

    with snapshots.reading(EVERYONE) as reader:
        first = exports.answer(reader, asked(), lambda: False)
        with pytest.raises(TooManyExports):
            exports.answer(reader, asked(), lambda: False)
        # Not even begun to be downloaded, it has no name any more.
        assert files() == []
        del first
        exports.answer(reader, asked(), lambda: False)


def test_half_of_the_exports_stay_for_other_keys(
    snapshots: Snapshots, settings: Settings
) -> None:
    exports = Exports(replace(settings, exports_at_once=4))
    one, other = Caller("one", None), Caller("other", None)

    with snapshots.reading(one) as reader:
        held = [exports.answer(reader, asked(), lambda: False) for _ in range(2)]
        with pytest.raises(TooManyExports):
            exports.answer(reader, asked(), lambda: False)
    with snapshots.reading(other) as reader:
        held += [exports.answer(reader, asked(), lambda: False) for _ in range(2)]

    assert len(held) == 4


def test_a_refusal_that_anyone_can_cause_is_not_logged(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    client = LocalClient(create_app(replace(settings, exports_at_once=0)))

    with caplog.at_level(logging.INFO):
        answer = client.get(CSV)

    assert (answer.status_code, answer.json()["code"]) == (503, "API-503-EXPORTS")
    assert answer.headers["Retry-After"]
    assert [record for record in caplog.records if record.levelno > logging.INFO] == []


def request() -> dict[str, Any]:
    """For an export, as a server tells it."""
    return {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": "/v1/rows/campaign",
        "raw_path": b"/v1/rows/campaign",
        "query_string": b"format=csv",
        "headers": [(b"host", b"127.0.0.1:8000")],
        "state": {},
    }


async def begin_download(app: ASGIApp, goes_away: bool) -> None:
    """Ask for an export, take one piece of it and no more; stay there or go away."""
    has_piece, never = asyncio.Event(), asyncio.Event()

    async def receive() -> Message:
        await (has_piece if goes_away else never).wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.body":
            has_piece.set()
            await never.wait()

    await asyncio.wait_for(app(request(), receive, send), 30)


@contextmanager
def without_collector() -> Iterator[None]:
    """Nothing that stands in a circle ends by itself."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


@pytest.mark.parametrize("goes_away", [True, False], ids=["aborted", "stalled"])
def test_a_download_that_does_not_end_gives_its_place_back(
    settings: Settings, goes_away: bool
) -> None:
    seconds = 600 if goes_away else 0.2
    app = create_app(replace(settings, exports_at_once=1, download_seconds=seconds))

    with without_collector():
        for _ in range(3):
            asyncio.run(begin_download(app, goes_away))
        answer = LocalClient(app).get(CSV)

    assert answer.status_code == 200


def test_a_download_that_is_broken_off_is_told(
    settings: Settings, caplog: pytest.LogCaptureFixture
) -> None:
    app = create_app(replace(settings, download_seconds=0.2))

    asyncio.run(begin_download(app, goes_away=False))

    (record,) = [one for one in caplog.records if one.levelno >= logging.WARNING]
    assert record.getMessage() == "A download was broken off after 0.2 s."


def test_more_rows_than_an_export_may_have_are_refused(
    client: LocalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("api.exports.MOST_ROWS", 5)
    whole = client.get(CSV)
    monkeypatch.setattr("api.exports.MOST_ROWS", 4)
    # Another window, or the answer would be 304 or kept.
    answer = client.get("/v1/rows/campaign?format=csv&period=last_7d")

    assert whole.status_code == 200
    assert (answer.status_code, answer.json()["code"]) == (422, "API-422-RANGE")
    assert "fewer days" in answer.json()["hint"]


def test_an_export_of_more_bytes_than_it_may_have_is_refused(
    settings: Settings,
) -> None:
    size = len(LocalClient(create_app(settings)).get(CSV).content)

    codes = []
    for most in (size, size - 1):
        app = create_app(replace(settings, export_bytes=most, exports_at_once=1))
        answers = [LocalClient(app).get(CSV) for _ in range(2)]
        codes.append(
            {(answer.status_code, "bytes" in answer.text) for answer in answers}
        )

    assert codes == [{(200, False)}, {(422, True)}]
    assert files() == []


@pytest.mark.parametrize(
    ("sql", "changes", "is_given_up", "error"),
    [
        pytest.param(ENDLESS, {}, True, TooSlow, id="given up"),
        pytest.param(ENDLESS, {"export_seconds": 0.5}, False, TooSlow, id="too slow"),
        pytest.param(
            GROWING, {"export_bytes": 10_000}, False, BadRange, id="too large"
        ),
    ],
)
def test_an_export_that_is_not_made_leaves_nothing(
    snapshots: Snapshots,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    sql: str,
    changes: dict[str, Any],
    is_given_up: bool,
    error: type[Exception],
) -> None:
    monkeypatch.setitem(QUERIES, "export_csv", Query(sql, frozenset({"file"})))
    exports = Exports(replace(settings, exports_at_once=1, **changes))

    with snapshots.reading(EVERYONE) as reader:
        for _ in range(2):
            with pytest.raises(error):
                exports.answer(reader, asked(), lambda: is_given_up)

    assert files() == []


def test_a_question_that_fails_takes_no_bound_away(
    snapshots: Snapshots,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setitem(QUERIES, "export_csv", Query(ENDLESS, frozenset({"file"})))
    exports = Exports(settings)

    with snapshots.reading(EVERYONE) as reader, pytest.raises(TooSlow):
        exports.answer(reader, asked(), lambda: bool(1 / 0))

    assert "Whether a query is given up is not known" in caplog.text
    assert files() == []


def test_a_body_of_more_than_may_be_read_stops_the_query_of_the_export(
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """It does not say how long it is, and no route of exports reads one."""
    monkeypatch.setitem(QUERIES, "export_csv", Query(ENDLESS, frozenset({"file"})))
    app = create_app(replace(settings, export_seconds=600))
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"x" * 70_000, "more_body": True}

    async def send(message: Message) -> None:
        told.append(message)

    asyncio.run(app(request(), receive, send))

    assert told[0]["status"] == 503
    assert "is not known" not in caplog.text
    assert files() == []


def test_the_folder_of_exports_is_made_again_where_it_was_cleaned_away(
    client: LocalClient,
) -> None:
    before = client.get(CSV)
    shutil.rmtree(export_folder.path())

    after = client.get(f"{CSV}&period=last_7d")

    assert after.content == before.content
    assert export_folder.path().stat().st_mode & 0o777 == 0o700


def test_a_folder_that_another_user_made_is_not_written_to(
    client: LocalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.getuid", lambda: -1)

    answer = client.get(CSV)

    assert (answer.status_code, answer.json()["code"]) == (503, "API-503-EXPORT")


def test_an_export_that_cannot_be_written_says_so(
    client: LocalClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = export_folder.path() / "missing" / "file"
    monkeypatch.setattr(export_folder, "new_file", lambda: missing)

    answer = client.get(CSV)

    assert (answer.status_code, answer.json()["code"]) == (503, "API-503-EXPORT")
    assert "missing" not in answer.text


def test_a_caller_who_goes_away_stops_the_query_of_the_export(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(QUERIES, "export_csv", Query(ENDLESS, frozenset({"file"})))
    begun, ended = threading.Event(), threading.Event()
    write = Reader.write

    def watched(*arguments: Any) -> Any:
        begun.set()
        try:
            return write(*arguments)
        finally:
            ended.set()

    monkeypatch.setattr(Reader, "write", watched)
    app = create_app(replace(settings, export_seconds=600))
    with listening(app, timeout_graceful_shutdown=1) as url:
        port = int(url.rpartition(":")[2])
        with socket.create_connection(("127.0.0.1", port)) as caller:
            caller.sendall(
                b"GET /v1/rows/campaign?format=csv HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
            )
            assert begun.wait(10)

        assert ended.wait(10)
    assert files() == []


MILLION = """
    insert into core.meta_daily_metrics by name
    select
        'acme' as store,
        '111' as account_id,
        cast(c.range as varchar) as campaign_id,
        '=campaign ' || c.range as campaign_name,
        'C' || k.range as country_code,
        'USD' as account_currency,
        '1' as load_id,
        c.range + 0.25 as spend,
        1000 as impressions,
        cast(date '2026-03-10' - cast(d.range as integer) as date) as date_day,
        timestamptz '2026-03-10 09:25:00+00' as loaded_at
    from range(1000) d, range(100) c, range(10) k
"""


@pytest.mark.slow
@pytest.mark.parametrize("form", ["csv", "ndjson", "parquet"])
def test_a_million_rows_are_exported_within_little_memory(
    publish: Callable[..., None],
    report: Callable[..., None],
    settings: Settings,
    acme_world: Any,
    form: str,
) -> None:
    acme_world["core.meta_daily_metrics"] = []
    publish(acme_world)
    report()
    file = settings.data_dir / "snapshots" / "s1.duckdb"
    with duckdb.connect(file) as connection:
        connection.execute(MILLION)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    for names_it in (file.with_suffix(".json"), settings.data_dir / "current.json"):
        told = json.loads(names_it.read_text()) | {"sha256": digest}
        names_it.write_text(json.dumps(told))
    app = create_app(replace(settings, memory_limit="200MB"))
    target = f"/v1/rows/campaign?format={form}&since=2023-06-15&until=2026-03-10"

    with listening(app) as url:
        answer = requests.get(url + target, stream=True, timeout=120)
        assert answer.status_code == 200, answer.text
        size = lines = 0
        for piece in answer.iter_content(2**20):
            size += len(piece)
            lines += piece.count(b"\n")

    assert answer.headers["X-Row-Count"] == "1000000"
    assert size == int(answer.headers["Content-Length"])
    assert lines == {"csv": 1_000_001, "ndjson": 1_000_000}.get(form, lines)
    assert files() == []
