"""API-4: of equal requests at once one is made, and whoever waited gets its bytes."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from fastapi import FastAPI
from starlette.types import Message

from api.errors import TooSlow
from api.main import create_app
from api.settings import Settings
from api.single_flight import SingleFlight
from api.snapshots import Reader

AT_ONCE = 6
Told = tuple[int, bytes]


@pytest.fixture
def settings(settings: Settings) -> Settings:
    """What answers depend on is known without a look, once there was one."""
    return replace(settings, poll_seconds=60)


async def ask(app: FastAPI, path: str, reads: asyncio.Event | None = None) -> Told:
    """What a client is told; one with an event takes nothing before it is set."""
    told: list[Any] = []

    async def receive() -> Message:
        await asyncio.Event().wait()
        raise AssertionError

    async def send(message: Message) -> None:
        if reads is not None:
            await reads.wait()
        told.append(message.get("status", message.get("body")))

    scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"127.0.0.1")],
        "state": {},
    }
    await app(scope, receive, send)
    return told[0], b"".join(told[1:])


async def ask_at_once(app: FastAPI, path: str, go_on: Callable[[], None]) -> list[Told]:
    """What equal requests are told; `go_on` is called when all have come."""
    await ask(app, "/v1/stores")
    tasks = [asyncio.create_task(ask(app, path)) for _ in range(AT_ONCE)]
    for _ in range(50):
        await asyncio.sleep(0)
    go_on()
    return await asyncio.gather(*tasks)


class Held:
    """A query that does not go on before it is told to; it may fail the first time."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, query: str) -> None:
        self.runs = 0
        self.fails_first = False
        self.may_go_on = threading.Event()
        rows = Reader.rows

        def held(reader: Reader, name: str, values: Any) -> Any:
            if name == query:
                self.runs += 1
                assert self.may_go_on.wait(30)
                if self.fails_first and self.runs == 1:
                    raise TooSlow("Too slow.", "Ask for less.")
            return rows(reader, name, values)

        monkeypatch.setattr(Reader, "rows", held)


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/v1/dashboard", "dashboard"),
        ("/v1/objects", "objects"),
        ("/v1/budget", "budget_rows"),
    ],
)
def test_equal_requests_at_once_run_one_query(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, path: str, query: str
) -> None:
    held = Held(monkeypatch, query)

    told = asyncio.run(ask_at_once(create_app(settings), path, held.may_go_on.set))

    assert held.runs == 1
    assert {status for status, _ in told} == {200}
    assert len({body for _, body in told}) == 1


@pytest.mark.usefixtures("acme_only")
def test_equal_requests_at_once_run_one_query_where_no_answer_is_kept(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor is one kept that is too large."""
    held = Held(monkeypatch, "dashboard")
    app = create_app(replace(settings, kept_bytes=0))

    told = asyncio.run(ask_at_once(app, "/v1/dashboard", held.may_go_on.set))

    assert held.runs == 1
    assert {status for status, _ in told} == {200}
    assert len({body for _, body in told}) == 1


@pytest.mark.usefixtures("acme_only")
def test_equal_requests_behind_a_new_snapshot_run_one_query(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All have come before anybody knows what their answers depend on."""
    held = Held(monkeypatch, "dashboard")
    together, is_first_through = threading.Barrier(AT_ONCE), threading.Event()
    rows, waiting = Reader.rows, SingleFlight.made_by_another
    through: list[str] = []

    def at_once(reader: Reader, name: str, values: Any) -> Any:
        if name == "zone_days" and together.wait(30) > 0:
            assert is_first_through.wait(30)
        return rows(reader, name, values)

    async def counted(flights: SingleFlight[Any], key: str) -> Any:
        through.append(key)
        is_first_through.set()
        if len(through) == AT_ONCE:
            held.may_go_on.set()
        return await waiting(flights, key)

    monkeypatch.setattr(Reader, "rows", at_once)
    monkeypatch.setattr(SingleFlight, "made_by_another", counted)

    async def story() -> list[Told]:
        app = create_app(settings)
        asked = (ask(app, "/v1/dashboard") for _ in range(AT_ONCE))
        return await asyncio.gather(*asked)

    told = asyncio.run(story())

    assert (held.runs, len(through)) == (1, AT_ONCE)
    assert len(set(told)) == 1
    assert told[0][0] == 200


@pytest.mark.usefixtures("acme_only")
def test_who_waited_in_vain_makes_its_own(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch, "dashboard")
    held.fails_first = True

    told = asyncio.run(
        ask_at_once(create_app(settings), "/v1/dashboard", held.may_go_on.set)
    )

    assert sorted(status for status, _ in told) == [200] * (AT_ONCE - 1) + [503]


@pytest.mark.usefixtures("acme_only")
def test_nobody_waits_for_what_may_be_an_export(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    all_of_them, places = threading.Barrier(AT_ONCE), []
    rows = Reader.rows

    def met(reader: Reader, name: str, values: Any) -> Any:
        if name == "rows":
            places.append(all_of_them.wait(30))
        return rows(reader, name, values)

    monkeypatch.setattr(Reader, "rows", met)

    told = asyncio.run(ask_at_once(create_app(settings), "/v1/rows/campaign", print))

    assert {status for status, _ in told} == {200}
    assert sorted(places) == list(range(AT_ONCE))


@pytest.mark.usefixtures("acme_only")
def test_who_no_longer_waits_ends_the_waiting_of_nobody_else(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    held = Held(monkeypatch, "dashboard")

    async def story() -> Told:
        app = create_app(settings)
        await ask(app, "/v1/stores")
        first, gone, last = (
            asyncio.create_task(ask(app, "/v1/dashboard")) for _ in range(3)
        )
        for _ in range(50):
            await asyncio.sleep(0)
        gone.cancel()
        await asyncio.wait([gone])
        held.may_go_on.set()
        await first
        return await last

    status, _ = asyncio.run(story())

    assert (status, held.runs) == (200, 1)


@pytest.mark.usefixtures("acme_only")
def test_nobody_waits_for_a_client_that_reads_slowly(settings: Settings) -> None:
    async def story() -> Told:
        app, reads = create_app(settings), asyncio.Event()
        await ask(app, "/v1/stores")
        slow = asyncio.create_task(ask(app, "/v1/dashboard", reads))
        # It is the one that is waited for.
        await asyncio.sleep(0)
        told = await asyncio.wait_for(ask(app, "/v1/dashboard"), 30)
        assert not slow.done()
        reads.set()
        assert await slow == told
        return told

    assert asyncio.run(story())[0] == 200
