"""What was published at a moment of the past, and what it really holds for.

Snapshots s1, s2 and s3 were published on Sunday 08-03, Monday 09-03 and Tuesday 10-03
at 09:00 UTC; the dashboard's spend of 2026-03-09 is 1, 2 and 3. It is Tuesday 09:30.
"""

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from fastapi.testclient import TestClient

from api.callers import EVERYONE
from api.errors import Busy
from api.main import create_app
from api.settings import Settings
from api.snapshots import QUERIES, Query, Snapshots
from tests.api.test_snapshots import marked
from tests.fixtures.local_client import LocalClient

Publish = Callable[..., None]
SUNDAY, MONDAY, TUESDAY = (datetime(2026, 3, day, 9, tzinfo=UTC) for day in (8, 9, 10))
ROUTES = ["/v1/dashboard", "/v1/budget", "/v1/rows/campaign", "/v1/objects"]


@pytest.fixture
def three(publish: Publish, acme_world: Any, report: Callable[..., None]) -> None:
    for number, moment in enumerate((SUNDAY, MONDAY, TUESDAY), 1):
        publish(marked(acme_world, number), f"s{number}", moment.isoformat())
    report()


def asked(client: TestClient, moment: str, path: str = "/v1/dashboard") -> Any:
    answer = client.get(f"{path}?as_of={quote(moment)}")
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("moment", "snapshot_id", "holds_for"),
    [
        ("2026-03-08T09:00:00Z", "s1", "2026-03-08T09:00:00Z"),
        ("2026-03-09T08:59:59Z", "s1", "2026-03-08T09:00:00Z"),
        ("2026-03-09T09:00:00Z", "s2", "2026-03-09T09:00:00Z"),
        # The same moment in Riyadh.
        ("2026-03-09T12:00:00+03:00", "s2", "2026-03-09T09:00:00Z"),
        ("2026-03-10T09:30:00Z", "s3", "2026-03-10T09:00:00Z"),
    ],
)
def test_the_snapshot_that_was_out_then_answers(
    client: TestClient, moment: str, snapshot_id: str, holds_for: str
) -> None:
    meta = asked(client, moment)["meta"]

    assert meta["snapshot_id"] == snapshot_id
    assert meta["as_of"]["holds_for"] == holds_for
    assert meta["as_of"]["is_exact"] is True
    assert meta["warnings"] == []
    assert meta["stale"] is None


@pytest.mark.usefixtures("three")
def test_the_answer_has_the_numbers_of_then(client: TestClient) -> None:
    then = asked(client, "2026-03-09T20:00:00Z")
    now = client.get("/v1/dashboard").json()

    assert then["data"]["overview"]["spend"]["value"] == "2.00"
    assert now["data"]["overview"]["spend"]["value"] == "3.00"
    assert now["meta"]["as_of"] is None


@pytest.mark.usefixtures("three")
def test_windows_end_on_the_day_that_it_was_then(client: TestClient) -> None:
    # In New York, where account 111 is, it is Sunday until 04:00 UTC.
    then = asked(client, "2026-03-09T03:59:00Z")["meta"]

    assert then["window"] == {"since": "2026-03-02", "until": "2026-03-08"}
    assert then["generated_at"] == "2026-03-10T09:30:00Z"


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("path", ROUTES)
def test_every_reader_answers_for_the_past(client: TestClient, path: str) -> None:
    assert asked(client, "2026-03-09T20:00:00Z", path)["meta"]["snapshot_id"] == "s2"


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("path", ROUTES)
def test_a_moment_before_everything_is_410_with_the_nearest_and_the_command(
    client: TestClient, path: str
) -> None:
    answer = client.get(f"{path}?as_of=2026-03-01T00:00:00Z")

    assert (answer.status_code, answer.json()["code"]) == (410, "API-410-AS-OF")
    assert "2026-03-08T09:00:00+00:00" in answer.json()["hint"]
    assert "pathways build --as-of 2026-03-01T00:00:00+00:00" in answer.json()["hint"]


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    "moment",
    [
        "2026-03-09",
        "2026-03-09T10:00:00",
        "monday",
        "1773000000",
        "",
        "2027-01-01T00:00Z",
        "2026-03-09T25:00:00Z",
        "9999-12-31T23:59:59-12:00",
    ],
)
def test_what_is_no_moment_of_the_past_is_422(client: TestClient, moment: str) -> None:
    answer = client.get(f"/v1/dashboard?as_of={quote(moment)}")

    assert (answer.status_code, answer.json()["code"]) == (422, "API-422-PARAMETER")


@pytest.mark.usefixtures("three")
def test_a_query_answers_for_the_past(client: TestClient) -> None:
    body = {"measures": ["spend"], "since": "2026-03-09", "until": "2026-03-09"}

    answers = [
        client.post(f"/v1/query{moment}", json=body).json()
        for moment in ("?as_of=2026-03-09T20:00:00Z", "")
    ]

    assert [each["data"]["rows"][0]["spend"] for each in answers] == ["2.00", "3.00"]
    assert [each["meta"]["snapshot_id"] for each in answers] == ["s2", "s3"]
    assert answers[0]["meta"]["as_of"]["holds_for"] == "2026-03-09T09:00:00Z"


@pytest.mark.usefixtures("three")
def test_days_by_name_of_a_query_end_on_the_day_that_it_was_then(
    client: TestClient,
) -> None:
    body = {"measures": ["spend"], "period": "last_7d"}

    # In New York, where account 111 is, it is Sunday until 04:00 UTC.
    answer = client.post("/v1/query?as_of=2026-03-09T03:59:00Z", json=body)

    assert answer.json()["meta"]["window"] == {
        "since": "2026-03-02",
        "until": "2026-03-08",
    }


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("url", "more"),
    [
        pytest.param("?since=2026-03-09", {}, id="another parameter in the URL"),
        pytest.param("", {"as_of": "2026-03-09T20:00:00Z"}, id="as_of in the body"),
        pytest.param("?as_of=monday", {}, id="no moment"),
    ],
)
def test_what_a_query_would_not_obey_is_422(
    client: TestClient, url: str, more: dict[str, str]
) -> None:
    answer = client.post(f"/v1/query{url}", json={"measures": ["spend"], **more})

    assert (answer.status_code, answer.json()["code"]) == (422, "API-422-PARAMETER")


@pytest.mark.usefixtures("three")
def test_a_plus_sign_that_was_not_encoded_is_understood(client: TestClient) -> None:
    answer = client.get("/v1/dashboard?as_of=2026-03-09T12:00:00+03:00")

    assert answer.json()["meta"]["snapshot_id"] == "s2"


@pytest.mark.usefixtures("three")
def test_routes_that_know_no_past_refuse_it(client: TestClient) -> None:
    answer = client.get("/v1/stores?as_of=2026-03-09T09:00:00Z")

    assert answer.status_code == 422


@pytest.mark.usefixtures("three")
def test_a_snapshot_that_is_gone_gives_way_to_the_one_before_and_says_so(
    client: TestClient, data_dir: Path
) -> None:
    for file in (data_dir / "snapshots").glob("s2.*"):
        file.unlink()

    meta = asked(client, "2026-03-09T20:00:00Z")["meta"]

    assert meta["snapshot_id"] == "s1"
    assert meta["as_of"]["holds_for"] == "2026-03-08T09:00:00Z"
    assert meta["as_of"]["is_exact"] is False
    assert "pathways build --as-of" in meta["warnings"][0]


@pytest.mark.usefixtures("three")
def test_what_was_built_again_answers_where_the_snapshot_is_gone(
    client: TestClient, data_dir: Path
) -> None:
    folder, again = data_dir / "snapshots", data_dir / "as_of"
    again.mkdir()
    shutil.move(folder / "s2.duckdb", again / "s2.duckdb")
    manifest = json.loads((folder / "s2.json").read_text())
    (folder / "s2.json").unlink()
    (again / "s2.json").write_text(
        json.dumps(
            manifest
            | {
                "holds_for": MONDAY.isoformat(),
                "superseded_at": TUESDAY.isoformat(),
                "is_exact": True,
            }
        )
    )

    document = asked(client, "2026-03-09T20:00:00Z")

    assert document["data"]["overview"]["spend"]["value"] == "2.00"
    assert document["meta"]["as_of"]["is_exact"] is True


@pytest.mark.usefixtures("three")
def test_a_damaged_past_is_never_served(client: TestClient, data_dir: Path) -> None:
    good = asked(client, "2026-03-09T20:00:00Z")
    file = data_dir / "snapshots" / "s2.duckdb"
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 0xFF
    file.write_bytes(content)

    answer = client.get("/v1/dashboard?as_of=2026-03-09T20:00:00Z")

    assert good["meta"]["snapshot_id"] == "s2"
    assert (answer.status_code, answer.json()["code"]) == (503, "API-503-SNAPSHOT")
    assert "bytes are not those" in answer.json()["detail"]


@pytest.mark.usefixtures("three")
def test_a_page_of_the_past_goes_on_in_the_past(client: TestClient) -> None:
    query = "/v1/rows/campaign?limit=2&as_of=2026-03-09T20:00:00Z"
    first = client.get(query).json()
    cursor = first["meta"]["next_cursor"]

    second = client.get(f"{query}&cursor={cursor}")
    now = client.get(f"/v1/rows/campaign?limit=2&cursor={cursor}")

    assert second.json()["meta"]["snapshot_id"] == "s2"
    assert now.status_code in (410, 422)


@pytest.mark.usefixtures("three")
def test_two_moments_are_read_in_one_statement(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = (
        "select a_days.spend as a, b_days.spend as b "
        "from a.marts.dashboard_daily a_days join b.marts.dashboard_daily b_days "
        "using (date_day)"
    )
    monkeypatch.setattr(
        "api.snapshots.QUERIES", {**QUERIES, "both": Query(both, frozenset())}
    )
    snapshots = Snapshots(settings)

    with snapshots.reading_two(EVERYONE, MONDAY, None) as reader:
        differing = reader.rows("both", {})
        ids = (reader.a.snapshot_id, reader.b.snapshot_id)
    with snapshots.reading_two(EVERYONE, MONDAY, MONDAY + timedelta(hours=1)) as reader:
        same = reader.rows("both", {})
    snapshots.close()

    assert ids == ("s2", "s3")
    assert [(int(row["a"]), int(row["b"])) for row in differing] == [(2, 3)]
    assert [(int(row["a"]), int(row["b"])) for row in same] == [(2, 2)]


@pytest.mark.usefixtures("three")
def test_one_database_of_two_is_open_at_a_time(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each may take as much memory as the one that all others share."""
    monkeypatch.setattr("api.snapshots.TURN_SECONDS", 0.0)
    snapshots = Snapshots(settings)

    with (
        snapshots.reading_two(EVERYONE, SUNDAY, MONDAY),
        pytest.raises(Busy),
        snapshots.reading_two(EVERYONE, SUNDAY, TUESDAY),
    ):
        pass
    with snapshots.reading_two(EVERYONE, SUNDAY, TUESDAY) as reader:
        assert reader.b.snapshot_id == "s3"
    snapshots.close()


@pytest.mark.parametrize(
    "statement",
    [
        "select * from read_text('/etc/passwd')",
        "attach '/tmp/other.duckdb' as other",
        "copy (select 1) to '/tmp/out.csv'",
        "set threads = 8",
        "set enable_external_access = true",
        "delete from a.marts.accounts",
        "insert into b.marts.accounts (store) values ('x')",
    ],
)
@pytest.mark.usefixtures("three")
def test_a_reader_of_two_cannot_leave_them(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, statement: str
) -> None:
    monkeypatch.setattr(
        "api.snapshots.QUERIES", {**QUERIES, "hostile": Query(statement, frozenset())}
    )
    snapshots = Snapshots(settings)

    with (
        snapshots.reading_two(EVERYONE, SUNDAY, MONDAY) as reader,
        pytest.raises(Exception, match=r"(?i)locked|disabled|read-only"),
    ):
        reader.rows("hostile", {})
    snapshots.close()


@pytest.mark.slow
@pytest.mark.usefixtures("three")
def test_ten_moments_leave_two_past_states_open(
    settings: Settings, publish: Publish, acme_world: Any
) -> None:
    for number in range(4, 14):
        moment = TUESDAY + timedelta(minutes=number)
        publish(marked(acme_world, number), f"t{number:02}", moment.isoformat())
    app = create_app(replace(settings, now=TUESDAY + timedelta(hours=1)))
    client = LocalClient(app)

    for number in range(4, 14):
        moment = TUESDAY + timedelta(minutes=number)
        spend = asked(client, moment.isoformat())["data"]["overview"]["spend"]["value"]
        assert spend == f"{number}.00"

    assert len(app.state.snapshots._shelf._past._open) == 2
