"""Freshness, backfill, failures and checks; staleness by the clock (09:30 UTC)."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

ORDER = [
    "freshness_and_backfill",
    "level_parity",
    "country_conservation",
    "status_mix",
    "hierarchy",
    "currency_coverage",
]


def get(client: TestClient, query: str = "") -> dict[str, Any]:
    answer = client.get(f"/v1/status{query}")
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


@pytest.mark.usefixtures("acme_only")
def test_checks_come_in_the_order_in_which_to_look(client: TestClient) -> None:
    checks = get(client)["data"]["checks"]

    assert [check["check"] for check in checks] == ORDER
    assert [check["step"] for check in checks] == [1, 2, 2, 3, 4, None]
    assert checks[1]["evidence"] == "level_parity holds."


@pytest.mark.usefixtures("acme_only")
def test_ages_are_by_the_clock(client: TestClient) -> None:
    (account,) = get(client)["data"]["accounts"]

    # Read at 09:25, it is 09:30.
    assert account["last_read_age_seconds"] == 300
    assert account["levels"][0]["newest_read_age_seconds"] == 300
    assert account["levels"][0]["today_read_age_seconds"] == 300
    assert account["objects"][0]["newest_listed_age_seconds"] == 300
    assert account["objects"][0]["newest_whole_age_seconds"] is None


@pytest.mark.usefixtures("acme_only")
def test_fresh_and_complete_is_ok(client: TestClient) -> None:
    document = get(client)

    assert document["data"]["checks"][0]["verdict"] == "ok"
    assert document["data"]["cycle"]["steps"][0]["step"] == "load"
    assert document["data"]["published_at"] == "2026-03-10T09:25:00Z"


@pytest.mark.usefixtures("acme_only")
def test_a_pending_backfill_is_a_warning_with_its_days(
    client: TestClient, report: Callable[..., None]
) -> None:
    report(
        {
            "backfill": {
                "is_complete": False,
                "days_missing": 12,
                "oldest_missing": "2026-02-13",
                "newest_missing": "2026-02-24",
                "failed_days": 0,
            }
        }
    )

    data = get(client)["data"]

    assert data["checks"][0]["verdict"] == "warn"
    assert "12 older days" in data["checks"][0]["evidence"]
    assert data["accounts"][0]["backfill"]["days_missing"] == 12


@pytest.mark.usefixtures("acme_only")
def test_days_held_back_are_a_warning_and_what_was_known_holds(
    client: TestClient, report: Callable[..., None]
) -> None:
    report({"held_back_days": 2})

    data = get(client)["data"]

    check = data["checks"][0]
    assert data["accounts"][0]["held_back_days"] == 2
    assert check["verdict"] == "warn"
    assert "2 days lost too much to be believed" in check["evidence"]


@pytest.mark.usefixtures("acme_only")
def test_an_account_that_meta_asks_to_wait_is_a_warning_until_when(
    client: TestClient, report: Callable[..., None]
) -> None:
    later = {"code": "META-WAIT", "message": "Meta asks to wait.", "resume_at": None}
    report({"deferred": [later | {"resume_at": "2026-03-10T10:05:00+00:00"}]})

    data = get(client)["data"]

    check = data["checks"][0]
    assert data["accounts"][0]["deferred"][0]["resume_at"] == "2026-03-10T10:05:00Z"
    assert check["verdict"] == "warn"
    assert "[META-WAIT] Meta asks to wait." in check["evidence"]


@pytest.mark.usefixtures("acme_only")
def test_a_failure_of_an_account_is_told_with_its_hint(
    client: TestClient, report: Callable[..., None]
) -> None:
    failure = {
        "code": "META-190",
        "message": "Meta refused the token.",
        "hint": "Renew it.",
        "at": "2026-03-10T09:24:30+00:00",
    }
    report({"failures": [failure]})

    check = get(client)["data"]["checks"][0]

    assert (check["verdict"], check["fix"]) == ("fail", "Renew it.")
    assert "[META-190] Meta refused the token." in check["evidence"]


@pytest.mark.usefixtures("acme_only")
def test_checks_that_stopped_publishing_are_told(
    client: TestClient, report: Callable[..., None]
) -> None:
    report(
        stale={"since": "2026-03-10T08:30:00+00:00", "why": "The audit failed."},
        failed_checks=[{"check": "conservation", "message": "3 rows differ."}],
    )

    document = get(client)

    assert document["data"]["failed_checks"] == [
        {"check": "conservation", "message": "3 rows differ."}
    ]
    expected = {"since": "2026-03-10T08:30:00Z", "why": "The audit failed."}
    assert document["data"]["stale"] == document["meta"]["stale"] == expected


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    ("read_at", "is_stale"),
    [
        pytest.param("2026-03-10T08:30:00+00:00", False, id="four cycles ago"),
        pytest.param("2026-03-10T08:29:59+00:00", True, id="a second longer"),
    ],
)
def test_data_is_stale_when_not_read_for_four_cycles(
    client: TestClient, report: Callable[..., None], read_at: str, is_stale: bool
) -> None:
    report({"last_read_at": read_at})

    stale = client.get("/v1/dashboard").json()["meta"]["stale"]

    assert (stale is not None) is is_stale
    if stale:
        assert stale["since"] == "2026-03-10T08:29:59Z"
        assert "111" in stale["why"]
        assert get(client)["data"]["checks"][0]["verdict"] == "fail"


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    ("content", "state"),
    [
        (None, "missing"),
        (b"", "unreadable"),
        (b"{", "unreadable"),
        (b"[]", "unreadable"),
        (b'{"written_at": "yesterday"}', "unreadable"),
        (b"\xff\xfe", "unreadable"),
    ],
)
def test_a_report_that_cannot_be_read_is_told_not_hidden(
    client: TestClient, data_dir: Path, content: bytes | None, state: str
) -> None:
    file = data_dir / "status.json"
    file.unlink() if content is None else file.write_bytes(content)

    document = get(client)

    assert document["data"]["status_file"] == state
    assert document["data"]["checks"][0]["verdict"] == "not_comparable"
    assert document["meta"]["warnings"] == [f"status.json is {state}."]
    assert state in document["meta"]["stale"]["why"]


def test_without_a_snapshot_the_report_is_still_told(
    client: TestClient, report: Callable[..., None]
) -> None:
    report()

    document = get(client)

    assert document["meta"]["snapshot_id"] is None
    assert document["meta"]["warnings"] == ["Nothing was published yet."]
    assert document["data"]["accounts"][0]["account_id"] == "111"
    assert [check["check"] for check in document["data"]["checks"]] == ORDER[:5]
    assert {check["verdict"] for check in document["data"]["checks"][1:]} == {
        "not_comparable"
    }


def test_with_nothing_at_all_the_status_says_so(client: TestClient) -> None:
    document = get(client)

    assert document["data"]["status_file"] == "missing"
    assert document["data"]["accounts"] == []


@pytest.mark.usefixtures("two_stores")
def test_status_is_of_one_store_or_of_all(client: TestClient) -> None:
    acme, bolt = get(client, "?store=acme")["data"], get(client, "?store=bolt")["data"]

    assert {check["store"] for check in acme["checks"]} == {"acme"}
    assert (bolt["accounts"], bolt["checks"]) == ([], [])
