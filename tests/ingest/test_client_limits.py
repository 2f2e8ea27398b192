"""What bounds the client: bytes, seconds, pages, errors, and Meta's own limits."""

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import count
from types import SimpleNamespace

import pytest

from ingest import errors
from ingest.bounded_http import body_in_time
from ingest.fields import insight_fields
from ingest.graph_client import GraphClient, Limits
from ingest.pace import Pace
from ingest.sandbox import wire_faults
from ingest.sandbox.faults import graph_error, http_error, server_error
from ingest.sandbox.page_faults import endless, endless_empty
from ingest.sandbox.quota import Quota
from ingest.sandbox.server import Sandbox
from ingest.sandbox.world import default_world
from tests.fixtures.fake_time import FakeTime, clock_of_sandbox
from tests.fixtures.loopback import Answer, Asked, Loopback, in_turn

ACME = "100000000000001"
PARAMS = {"fields": "id", "limit": 2}
INSIGHTS = {"level": "ad", "fields": ",".join(insight_fields("ad")), "limit": 100}
MEGABYTE = 2**20


@contextmanager
def client(
    sandbox: Sandbox,
    limits: Limits | None = None,
    longest_wait: float = 1000,
    seconds: float | None = None,
    tier: str | None = "standard_access",
) -> Iterator[GraphClient]:
    clock = clock_of_sandbox(sandbox)
    opened = GraphClient(
        sandbox.url,
        "v25.0",
        sandbox.token,
        account_id=ACME,
        limits=limits,
        clock=clock,
        pace=Pace(clock, longest_wait, tier=tier),
        seconds=seconds,
    )
    yield opened
    opened.close()


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(default_world()) as running:
        yield running


def waited(sandbox: Sandbox) -> float:
    return (sandbox.clock.now() - sandbox.world.start).total_seconds()


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(wire_faults.huge(2**30), id="a page of 1 GB"),
        pytest.param(wire_faults.gzip_bomb(2**30), id="1 GB in a few packed bytes"),
    ],
)
def test_body_is_not_read_past_its_limit(sandbox: Sandbox, fault: object) -> None:
    sandbox.faults.add(match="campaigns", fault=fault)  # type: ignore[arg-type]
    limits = Limits(page_bytes=4 * MEGABYTE)

    with client(sandbox, limits) as it, pytest.raises(errors.TooMuchData) as caught:
        list(it.pages(f"act_{ACME}/campaigns", PARAMS))

    assert caught.value.code == "META-BYTES"
    # A block more than the limit at most, and what 64 packed KB unpack to.
    assert it.usage.received_bytes < 4 * MEGABYTE + 70 * MEGABYTE


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param(wire_faults.hanging(20), id="nothing comes"),
        pytest.param(wire_faults.slow(20), id="20 bytes a second"),
        pytest.param(wire_faults.slow_head(0.1), id="10 bytes of headers a second"),
        pytest.param(wire_faults.slow_chunk_size(0.1), id="10 bytes of a chunk's size"),
    ],
)
def test_request_that_takes_too_long_twice_is_asked_for_less(
    sandbox: Sandbox, fault: object
) -> None:
    sandbox.faults.add(match="campaigns", fault=fault, times=None)  # type: ignore[arg-type]
    started = time.monotonic()

    with (
        client(sandbox, Limits(request_seconds=0.3)) as it,
        pytest.raises(errors.TooMuchData),
    ):
        list(it.pages(f"act_{ACME}/campaigns", PARAMS))

    assert it.usage.calls == 2
    assert time.monotonic() - started < 5


def test_listing_without_an_end_is_given_up_after_its_pages() -> None:
    numbers = count()

    def next_page(_: Asked) -> Answer:
        number = next(numbers)
        paging = {"cursors": {"after": f"c{number}"}, "next": "x"}
        document = {"data": [{"id": str(number)}], "paging": paging}
        return Answer(json.dumps(document).encode())

    with Loopback(next_page) as server:
        it = GraphClient(
            server.url,
            "v25.0",
            "token",
            limits=Limits(pages=20),
            clock=FakeTime().clock,
        )
        with pytest.raises(errors.TooMuchData) as caught:
            list(it.pages("act_1/campaigns", PARAMS))
        it.close()

    assert caught.value.code == "META-ENDLESS"
    assert len(server.asked) == 20


@pytest.mark.parametrize(
    ("fault", "calls"),
    [
        pytest.param(endless(), 2, id="the same rows again"),
        pytest.param(endless_empty(), 101, id="a hundred empty pages"),
    ],
)
def test_listing_that_gets_nowhere_is_given_up(
    sandbox: Sandbox, fault: object, calls: int
) -> None:
    sandbox.faults.add(match="campaigns", fault=fault, times=None)  # type: ignore[arg-type]

    with client(sandbox) as it, pytest.raises(errors.NoUsableAnswer) as caught:
        list(it.pages(f"act_{ACME}/campaigns", PARAMS))

    assert caught.value.code == "META-CURSOR"
    assert it.usage.calls == calls


def test_account_that_mostly_fails_is_left_alone(sandbox: Sandbox) -> None:
    sandbox.faults.add(match="campaigns", fault=server_error(), times=None)

    with client(sandbox) as it:
        codes = []
        for _ in range(4):
            with pytest.raises(errors.NoUsableAnswer) as caught:
                list(it.pages(f"act_{ACME}/campaigns", PARAMS))
            codes.append(caught.value.code)

    # Five tries and five more. Twelve errors and 12 % of 14 calls make 13.68: the 14th
    # error is one too many, and so is every later one.
    assert codes == ["META-002", "META-002", "META-ERRORS", "META-ERRORS"]
    assert it.usage.errors == 15


def test_trouble_that_meets_calls_side_by_side_is_no_account_that_fails(
    sandbox: Sandbox,
) -> None:
    """Twenty calls are under way when Meta has a bad moment."""
    sandbox.latency_seconds = 0.5
    sandbox.faults.add(match=ACME, fault=server_error(), times=20)

    with client(sandbox) as it, ThreadPoolExecutor(20) as pool:
        answers = [*pool.map(lambda _: it.node(f"act_{ACME}", {}), range(20))]

    assert len(answers) == 20
    assert it.usage.errors == 20


@pytest.mark.parametrize(
    ("date", "told"),
    [
        ("Tue, 10 Mar 2026 09:30:00 GMT", datetime(2026, 3, 10, 9, 30, tzinfo=UTC)),
        # No zone that anyone answers for: nothing may be thinned out by it.
        ("Tue, 10 Mar 2026 09:30:00 -0000", None),
        ("noon", None),
    ],
)
def test_time_that_meta_tells_counts_with_its_zone_only(
    date: str, told: datetime | None
) -> None:
    with Loopback(lambda _: Answer(b"{}", headers={"Date": date})) as server:
        it = GraphClient(server.url, "v25.0", "token", clock=FakeTime().clock)
        it.node("act_1", {})
        it.close()

    assert it.server_time == told


def test_answer_of_a_socket_that_knows_no_shutdown_ends_in_time_too() -> None:
    """Such is one within a proxy's; and the next one ends in time as well."""
    closed = []
    raw = SimpleNamespace(
        _pathways_socket=SimpleNamespace(close=lambda: closed.append(True))
    )

    def wait_for_hang_up(number: int) -> None:
        given_up = time.monotonic() + 5
        with body_in_time(raw, 0.05):  # type: ignore[arg-type]
            while len(closed) < number and time.monotonic() < given_up:
                time.sleep(0.01)

    for number in (1, 2):
        with pytest.raises(TimeoutError):
            wait_for_hang_up(number)
        assert len(closed) == number


def test_client_whose_time_is_up_asks_no_more(sandbox: Sandbox) -> None:
    with client(sandbox, seconds=60) as it:
        it.node(f"act_{ACME}", {})
        sandbox.clock.advance(seconds=61)
        with pytest.raises(errors.Deferred) as caught:
            it.node(f"act_{ACME}", {})

    assert caught.value.resume_at is None
    assert len(sandbox.requests) == 1


def test_limited_app_reads_two_hundred_pages_and_is_never_refused(
    sandbox: Sandbox,
) -> None:
    sandbox.quota = Quota(points=60, decay_seconds=300, block_seconds=300)

    with client(sandbox, longest_wait=3600, tier=None) as it:
        for _ in range(200):
            it.node(f"act_{ACME}", {})

    assert it.usage.refusals == 0
    assert not any(entry.refused for entry in sandbox.requests)
    # 200 points at 60 in 300 s are at least 700 s of waiting.
    assert 700 < waited(sandbox) < 3600


def test_no_call_comes_before_the_time_that_meta_told(sandbox: Sandbox) -> None:
    sandbox.throttle(ACME, "insights", minutes=7, code=80000)

    with client(sandbox) as it:
        list(it.pages(f"act_{ACME}/insights", INSIGHTS))

    refused = [entry for entry in sandbox.requests if entry.refused]
    # One call finds the account shut; the next comes when it is open again.
    assert len(refused) == 1
    assert not any(entry.during_block for entry in sandbox.requests)
    assert waited(sandbox) >= 7 * 60


def test_retry_after_is_obeyed(sandbox: Sandbox) -> None:
    busy = http_error(429, headers={"Retry-After": "30"})
    sandbox.faults.add(match="campaigns", fault=busy)

    with client(sandbox) as it:
        list(it.pages(f"act_{ACME}/campaigns", PARAMS))

    assert waited(sandbox) == 30
    assert it.usage.refusals == 1


@pytest.mark.parametrize("code", [4, 17, 32, 613, *range(80000, 80015)])
def test_every_code_that_asks_to_wait_is_waited_for_and_then_answered(
    sandbox: Sandbox, code: int
) -> None:
    wait = graph_error(code, status=400, message="(#1) wait")
    sandbox.faults.add(match="campaigns", fault=wait, times=2)

    with client(sandbox) as it:
        pages = list(it.pages(f"act_{ACME}/campaigns", PARAMS))

    # Without a time: one minute, then two. The pages themselves take no time.
    assert waited(sandbox) == 60 + 120
    # Five campaigns are neither archived nor deleted.
    assert len(pages) == 3


@pytest.mark.parametrize("code", [341, 368])
def test_block_for_behaviour_defers_the_account(sandbox: Sandbox, code: int) -> None:
    wait = graph_error(code, status=400, message="blocked")
    sandbox.faults.add(match="campaigns", fault=wait, times=None)

    with (
        client(sandbox, longest_wait=300) as it,
        pytest.raises(errors.Deferred) as caught,
    ):
        list(it.pages(f"act_{ACME}/campaigns", PARAMS))

    assert it.usage.calls == 1
    assert caught.value.resume_at is not None
    assert (caught.value.resume_at - sandbox.clock.now()).total_seconds() == 1800


def forms(asked: list[Asked]) -> list[str]:
    return [entry.method + " " + entry.target for entry in asked]


def test_token_is_asked_about_in_a_form_and_stands_in_no_address() -> None:
    answer = Answer(b'{"data":{"is_valid":true,"scopes":["ads_read"]}}')
    token = "EAAmarker0123456789"

    with Loopback(in_turn(answer)) as server:
        it = GraphClient(server.url, "v25.0", token, clock=FakeTime().clock)
        facts = it.debug_token()
        it.close()

    assert facts == {"is_valid": True, "scopes": ["ads_read"]}
    assert forms(server.asked) == ["POST /v25.0/debug_token"]


def test_report_is_ordered_in_a_form_with_its_proof(sandbox: Sandbox) -> None:
    with client(sandbox) as it:
        run_id = it.start_report(f"act_{ACME}/insights", {"level": "ad"})

    (entry,) = sandbox.requests
    assert (entry.method, entry.status) == ("POST", 200)
    assert entry.params["level"] == "ad"
    assert run_id.isdigit()


def test_report_without_a_run_is_a_failed_report() -> None:
    with Loopback(in_turn(Answer(b'{"success":true}'))) as server:
        it = GraphClient(server.url, "v25.0", "token", clock=FakeTime().clock)
        with pytest.raises(errors.ReportFailed):
            it.start_report("act_1/insights", {"level": "ad"})
        it.close()


def test_moment_of_the_server_is_kept() -> None:
    dated = Answer(b'{"id":"1"}', headers={"X-Date": "x"})

    with Loopback(in_turn(dated)) as server:
        it = GraphClient(server.url, "v25.0", "token", clock=FakeTime().clock)
        it.node("me", {})
        it.close()

    assert it.server_time is not None
    assert abs((it.server_time - datetime.now(UTC)).total_seconds()) < 60
