"""Answers that are kept: equal to what would be made anew, shared with no one else.

acme's account is in New York and was last read at 09:25 UTC; four cycles of 900 s
later, behind 10:25 UTC, it is too old. Its day begins at 04:00 UTC, in summer time.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from api.answers import meta
from api.callers import EVERYONE
from api.keys import Keys, new_key
from api.main import create_app
from api.settings import Settings
from api.snapshots import Reader
from tests.fixtures.local_client import LocalClient
from tests.fixtures.worlds import NOW

DASHBOARD = "/v1/dashboard?period=last_7d"
KEPT = [
    "/v1/stores",
    "/v1/accounts",
    "/v1/dashboard",
    "/v1/objects",
    "/v1/rows/campaign",
    "/v1/budget",
    "/v1/definitions",
]
Clock = Callable[[datetime], None]


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """Moves the clock of every application."""

    def move(moment: datetime) -> None:
        monkeypatch.setattr(Settings, "moment", lambda _: moment)

    return move


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The queries that were run, but for those that find out about the state."""
    queries: list[str] = []
    rows = Reader.rows

    def recorded(self: Reader, query: str, values: Any) -> Any:
        if query not in ("zone_days", "stores"):
            queries.append(query)
        return rows(self, query, values)

    monkeypatch.setattr(Reader, "rows", recorded)
    return queries


@pytest.mark.usefixtures("acme_only")
def test_an_answer_asked_for_again_is_the_same_bytes(
    client: LocalClient, clock: Clock
) -> None:
    for path in KEPT:
        clock(datetime(2026, 3, 10, 9, 30, tzinfo=UTC))
        first = client.get(path)
        clock(datetime(2026, 3, 10, 9, 31, tzinfo=UTC))
        again = client.get(path)

        assert (again.status_code, again.content) == (200, first.content)
        assert again.headers["ETag"] == first.headers["ETag"]
        assert again.headers["Cache-Control"] == "private, max-age=0, must-revalidate"
        assert again.headers["Vary"] == "Accept, Accept-Encoding, Authorization"
        assert again.headers["X-Request-ID"] != first.headers["X-Request-ID"]


@pytest.mark.usefixtures("acme_only")
def test_an_answer_asked_for_again_runs_no_query(
    client: LocalClient, made: list[str]
) -> None:
    client.get(DASHBOARD)
    assert "dashboard" in made

    made.clear()
    client.get(DASHBOARD)

    assert made == []


@pytest.mark.usefixtures("acme_only")
def test_what_is_kept_waits_for_no_turn(settings: Settings) -> None:
    """Every turn is taken by answers that take long, and a look at the files is due."""
    app = create_app(replace(settings, queries_at_once=1))
    client = LocalClient(app)
    first = client.get(DASHBOARD)

    with app.state.snapshots.reading(EVERYONE):
        again = client.get(DASHBOARD)
        held = client.get(DASHBOARD, headers={"If-None-Match": first.headers["ETag"]})

    assert (again.status_code, again.content) == (200, first.content)
    assert held.status_code == 304


@pytest.mark.usefixtures("acme_only")
def test_who_has_the_answer_is_told_that_it_still_holds(
    client: LocalClient, made: list[str]
) -> None:
    etag = client.get(DASHBOARD).headers["ETag"]
    made.clear()

    for asked in (etag, etag.removeprefix("W/"), f'"other", {etag}'):
        answer = client.get(DASHBOARD, headers={"If-None-Match": asked})
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["ETag"] == etag
    other = client.get(DASHBOARD, headers={"If-None-Match": '"other"'})

    assert other.status_code == 200
    assert made == []


@pytest.mark.usefixtures("acme_only")
def test_an_etag_outlives_the_process_that_gave_it(
    client: LocalClient, settings: Settings
) -> None:
    etag = client.get(DASHBOARD).headers["ETag"]

    with LocalClient(create_app(settings)) as restarted:
        answer = restarted.get(DASHBOARD, headers={"If-None-Match": etag})

    assert answer.status_code == 304


@pytest.mark.usefixtures("acme_only")
def test_another_query_is_another_answer(client: LocalClient) -> None:
    etag = client.get(DASHBOARD).headers["ETag"]

    for query in ("?period=last_14d", "?period=last_7d&country=US", ""):
        answer = client.get(f"/v1/dashboard{query}", headers={"If-None-Match": etag})

        assert answer.status_code == 200
        assert answer.headers["ETag"] != etag


@pytest.mark.usefixtures("acme_only")
def test_another_form_is_another_answer(client: LocalClient) -> None:
    forms = ("application/json", "text/csv", "application/x-ndjson")

    first = [
        client.get("/v1/rows/campaign", headers={"Accept": form}) for form in forms
    ]
    again = [
        client.get("/v1/rows/campaign", headers={"Accept": form}) for form in forms
    ]

    for answers in (first, again):
        for form, answer in zip(forms, answers, strict=True):
            assert answer.headers["Content-Type"].startswith(form)
    assert len({answer.headers["ETag"] for answer in first}) == 3
    csv = {"Accept": "text/csv", "If-None-Match": first[0].headers["ETag"]}
    assert client.get("/v1/rows/campaign", headers=csv).status_code == 200


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize("is_kept", [False, True], ids=["made", "kept"])
@pytest.mark.parametrize("path", ["/v1/dashboard", "/v1/rows/ad?format=csv"])
def test_who_has_any_answer_is_told_that_there_is_one(
    client: LocalClient, path: str, is_kept: bool
) -> None:
    if is_kept:
        client.get(path)

    answer = client.get(path, headers={"If-None-Match": "*"})
    whole = client.get(path)

    assert (answer.status_code, answer.content) == (304, b"")
    assert answer.headers["ETag"] == whole.headers["ETag"]
    assert "Content-Length" not in answer.headers
    assert whole.status_code == 200


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/dashboard?store=nobody", 404),
        ("/v1/dashboard?period=x", 422),
        ("/v1/status", 200),
        ("/healthz", 200),
    ],
)
def test_what_has_no_etag_is_answered_whoever_has_any(
    client: LocalClient, path: str, status: int
) -> None:
    answer = client.get(path, headers={"If-None-Match": "*"})

    assert answer.status_code == status
    assert answer.content


@pytest.mark.usefixtures("acme_only")
def test_another_snapshot_is_another_answer(
    client: LocalClient, publish: Callable[..., None], acme_world: Any
) -> None:
    etag = client.get(DASHBOARD).headers["ETag"]

    acme_world["marts.dashboard_campaigns"][0]["campaign_name"] = "renamed"
    publish(acme_world, "s2")
    answer = client.get(DASHBOARD, headers={"If-None-Match": etag})

    assert answer.status_code == 200
    assert answer.json()["data"]["campaigns"][0]["campaign_name"] == "renamed"


@pytest.mark.usefixtures("acme_only")
def test_a_cycle_that_changes_nothing_leaves_the_answer_as_it_is(
    client: LocalClient, report: Callable[..., None]
) -> None:
    first = client.get(DASHBOARD)

    report(written_at="2026-03-10T09:29:00+00:00")
    again = client.get(DASHBOARD)

    assert again.content == first.content


@pytest.mark.usefixtures("acme_only")
def test_staleness_that_a_cycle_tells_is_answered_at_once(
    client: LocalClient, report: Callable[..., None]
) -> None:
    etag = client.get(DASHBOARD).headers["ETag"]

    report(stale={"since": "2026-03-10T09:00:00+00:00", "why": "The audit failed."})
    answer = client.get(DASHBOARD, headers={"If-None-Match": etag})

    assert answer.json()["meta"]["stale"]["why"] == "The audit failed."


@pytest.mark.usefixtures("acme_only")
def test_an_answer_ages_by_the_clock_alone(client: LocalClient, clock: Clock) -> None:
    limit = datetime(2026, 3, 10, 10, 25, tzinfo=UTC)

    stale = []
    for moment in (limit, limit + timedelta(microseconds=1)):
        clock(moment)
        stale.append(client.get(DASHBOARD).json()["meta"]["stale"])

    assert stale[0] is None
    assert stale[1]["since"] == "2026-03-10T09:25:00Z"


@pytest.mark.usefixtures("acme_only")
def test_a_day_begins_at_the_accounts_own_midnight(
    client: LocalClient, clock: Clock
) -> None:
    midnight = datetime(2026, 3, 11, 4, 0, tzinfo=UTC)

    until = []
    for moment in (midnight - timedelta(microseconds=1), midnight):
        clock(moment)
        until.append(client.get(DASHBOARD).json()["meta"]["window"]["until"])

    assert until == ["2026-03-10", "2026-03-11"]


@pytest.mark.usefixtures("two_stores")
def test_what_is_kept_is_what_would_be_made_at_every_moment_of_a_day(
    settings: Settings, clock: Clock, report: Callable[..., None]
) -> None:
    keeping = LocalClient(create_app(settings))
    forgetful = LocalClient(create_app(replace(settings, kept_bytes=0)))
    paths = ("/v1/dashboard?store=acme", "/v1/accounts")

    # Riyadh's day begins at 21:00 UTC, London's at 00:00, New York's at 04:00.
    for minutes in (0, 54, 56, 575, 685, 695, 865, 875, 1105, 1115):
        clock(datetime(2026, 3, 10, 9, 30, tzinfo=UTC) + timedelta(minutes=minutes))
        if minutes == 575:
            report({"last_read_at": "2026-03-10T19:00:00+00:00"})
        for path in paths:
            answers = [app.get(path).json() for app in (keeping, forgetful)]
            for answer in answers:
                del answer["meta"]["generated_at"]
            assert answers[0] == answers[1], (minutes, path)


@pytest.mark.usefixtures("acme_only")
def test_an_answer_during_which_the_snapshot_changes_is_not_kept(
    client: LocalClient,
    publish: Callable[..., None],
    acme_world: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    stores = "api.routes.stores.meta"

    def published_meanwhile(*arguments: Any) -> Any:
        monkeypatch.setattr(stores, meta)
        publish(acme_world, "s2")
        return meta(*arguments)

    monkeypatch.setattr(stores, published_meanwhile)
    during = client.get("/v1/stores")
    after = client.get("/v1/stores")

    assert during.json()["meta"]["snapshot_id"] == "s1"
    assert "ETag" not in during.headers
    assert after.json()["meta"]["snapshot_id"] == "s2"
    assert after.headers["ETag"]


@pytest.mark.usefixtures("two_stores")
def test_another_key_gets_neither_kept_bytes_nor_a_304(
    client: LocalClient, data_dir: Path, made: list[str]
) -> None:
    keys = [new_key(name, ["acme"], NOW, None) for name in ("one", "two")]
    keys += [new_key("other", ["bolt"], NOW, None)]
    file = Keys(keys=tuple(key for key, _ in keys))
    (data_dir / "keys.json").write_text(file.model_dump_json())
    one, two, other = ({"Authorization": f"Bearer {text}"} for _, text in keys)
    etag = client.get("/v1/accounts", headers=one).headers["ETag"]
    made.clear()

    same = client.get("/v1/accounts", headers=one | {"If-None-Match": etag})
    assert (same.status_code, made) == (304, [])
    nobody = client.get("/v1/accounts", headers={"If-None-Match": etag})
    assert (nobody.status_code, made) == (401, [])
    for key, account in ((two, "111"), (other, "222")):
        answer = client.get("/v1/accounts", headers=key | {"If-None-Match": etag})

        assert answer.status_code == 200
        assert answer.headers["ETag"] != etag
        assert answer.json()["data"][0]["account_id"] == account
    assert made == ["accounts", "accounts"]


@pytest.mark.usefixtures("acme_only")
def test_what_tells_ages_or_life_is_made_anew(client: LocalClient) -> None:
    for path in ("/v1/status", "/healthz", "/readyz"):
        answer = client.get(path)

        assert answer.status_code == 200
        assert "ETag" not in answer.headers


@pytest.mark.usefixtures("acme_only")
def test_failures_are_not_kept(client: LocalClient) -> None:
    for query, status in 2 * [("?store=nobody", 404), ("?period=forever", 422)]:
        answer = client.get(f"/v1/dashboard{query}")

        assert answer.status_code == status
        assert answer.headers["Cache-Control"] == "no-store"
        assert "ETag" not in answer.headers


def test_without_a_snapshot_nothing_is_kept(
    client: LocalClient, publish: Callable[..., None], acme_world: Any
) -> None:
    assert client.get("/v1/stores").status_code == 503

    publish(acme_world, "s1")

    assert client.get("/v1/stores").status_code == 200


@pytest.mark.usefixtures("acme_only")
def test_between_two_looks_at_the_pointer_no_file_is_opened(
    settings: Settings, data_dir: Path
) -> None:
    app = create_app(replace(settings, poll_seconds=60))
    client = LocalClient(app)
    first = client.get(DASHBOARD)
    (data_dir / "current.json").unlink()

    assert client.get(DASHBOARD).content == first.content
