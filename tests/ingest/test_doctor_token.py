"""What is said of a token, from what Meta says of it."""

from datetime import UTC, datetime, timedelta

import pytest

from ingest.doctor.checks import Check
from ingest.doctor.token import granted, token_checks

NOW = datetime(2026, 3, 10, 9, 30, tzinfo=UTC)
GOOD = {
    "is_valid": True,
    "type": "SYSTEM_USER",
    "expires_at": 0,
    "data_access_expires_at": 0,
    "scopes": ["ads_read"],
}


def found(**facts: object) -> dict[str, Check]:
    checks = token_checks("Token of acme", {**GOOD, **facts}, NOW)
    return {check.code: check for check in checks}


def seconds(**ahead: float) -> int:
    return int((NOW + timedelta(**ahead)).timestamp())


def test_token_of_a_system_user_that_never_expires_is_well() -> None:
    checks = found()

    assert {check.verdict for check in checks.values()} == {"ok"}
    assert checks["DOC-EXPIRY"].sentence == "Never expires."


@pytest.mark.parametrize(
    ("expires_at", "verdict", "sentence"),
    [
        (seconds(days=14), "ok", "Expires on 2026-03-24, in 14 days."),
        (seconds(days=13, hours=23), "warn", "Expires on 2026-03-24, in 13 days."),
        (seconds(days=1), "warn", "Expires on 2026-03-11, in 1 day."),
        (seconds(hours=2), "warn", "Expires on 2026-03-10, within a day."),
        (seconds(), "fail", "Expired on 2026-03-10."),
        (seconds(days=-3), "fail", "Expired on 2026-03-07, 3 days ago."),
    ],
    ids=["14 days", "under 14", "a day", "hours", "this moment", "past"],
)
def test_expiry_is_warned_of_under_fourteen_days_and_fails_when_past(
    expires_at: int, verdict: str, sentence: str
) -> None:
    check = found(expires_at=expires_at)["DOC-EXPIRY"]

    assert (check.verdict, check.sentence) == (verdict, sentence)
    assert bool(check.next_step) == (verdict != "ok")


def test_expiry_beyond_all_dates_is_never() -> None:
    assert found(expires_at=10**15)["DOC-EXPIRY"].sentence == "Never expires."


def test_expiry_that_meta_does_not_tell_is_said_to_be_unknown() -> None:
    facts = {"is_valid": True, "scopes": ["ads_read"]}

    checks = {check.code: check for check in token_checks("t", facts, NOW)}

    assert checks["DOC-EXPIRY"].verdict == "skipped"
    assert "not known" in checks["DOC-EXPIRY"].sentence
    assert "DOC-ACCESS" not in checks


def test_end_of_access_to_data_is_warned_of_like_an_expiry() -> None:
    assert found(data_access_expires_at=seconds(days=5))["DOC-ACCESS"].verdict == "warn"
    assert (
        found(data_access_expires_at=seconds(days=-1))["DOC-ACCESS"].verdict == "fail"
    )


@pytest.mark.parametrize(
    ("scopes", "verdict", "named"),
    [
        (["ads_read"], "ok", "`ads_read`"),
        (["ads_read", "public_profile"], "ok", "`ads_read`"),
        (["ads_management"], "warn", "`ads_management`"),
        (["ads_read", "business_management"], "warn", "`business_management`"),
        (["pages_show_list"], "fail", "Lacks `ads_read`"),
        ([], "fail", "no scope at all"),
        (None, "fail", "no scope at all"),
    ],
)
def test_ads_read_is_enough_more_is_warned_of_and_less_fails(
    scopes: list[str] | None, verdict: str, named: str
) -> None:
    check = found(scopes=scopes)["DOC-SCOPES"]

    assert check.verdict == verdict
    assert named in check.sentence


def test_token_that_is_not_valid_fails_with_what_meta_says() -> None:
    check = found(is_valid=False, error={"code": 190, "message": "Session expired"})

    assert check["DOC-TOKEN"].verdict == "fail"
    assert "Session expired" in check["DOC-TOKEN"].sentence


@pytest.mark.parametrize(
    ("kind", "verdict"), [("USER", "ok"), ("PAGE", "warn"), ("APP", "warn")]
)
def test_token_of_a_page_or_an_app_is_warned_of(kind: str, verdict: str) -> None:
    assert found(type=kind)["DOC-TOKEN"].verdict == verdict


def test_only_granted_permissions_count() -> None:
    answer = [
        {"permission": "ads_read", "status": "granted"},
        {"permission": "ads_management", "status": "declined"},
    ]

    assert granted(answer) == ["ads_read"]
    assert granted(None) == []
