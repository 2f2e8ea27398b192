"""Too much data is refused in the words of the API; less of it is served."""

import json
from typing import Any

import pytest

from ingest.sandbox.server import Sandbox
from ingest.sandbox.size_limits import SizeLimits

EDGE = "act_100000000000001/insights"


def days(until: str, **more: Any) -> dict[str, Any]:
    asked = json.dumps({"since": "2026-03-01", "until": until})
    return {"time_range": asked, "level": "account", "time_increment": 1} | more


@pytest.mark.parametrize(
    ("limits", "refused", "served"),
    [
        # Three days are three account rows; a limit of 500 over three rows holds three.
        (SizeLimits(rows_a_page=2), days("2026-03-03"), days("2026-03-03", limit=2)),
        (SizeLimits(rows_a_page=2), days("2026-03-03"), days("2026-03-02", limit=500)),
        (
            SizeLimits(rows_a_request=2),
            days("2026-03-03", limit=1),
            days("2026-03-02", limit=1),
        ),
        (SizeLimits(days_a_request=2), days("2026-03-03"), days("2026-03-02")),
    ],
)
def test_too_much_data_is_code_1(
    sandbox: Sandbox,
    ask: Any,
    limits: SizeLimits,
    refused: dict[str, Any],
    served: dict[str, Any],
) -> None:
    sandbox.size_limits = limits

    large, small = ask(sandbox, EDGE, **refused), ask(sandbox, EDGE, **served)

    assert (large.status_code, small.status_code) == (500, 200)
    assert large.json()["error"]["code"] == 1
    assert large.json()["error"]["message"] == (
        "Please reduce the amount of data you're asking for, then retry your request"
    )


@pytest.mark.parametrize(
    ("code", "status"),
    [((100, 1487534), 400), ((100, 1504018), 400), ((2, 1504038), 500)],
)
def test_too_much_data_has_other_codes_too(
    sandbox: Sandbox, ask: Any, code: tuple[int, int], status: int
) -> None:
    sandbox.size_limits = SizeLimits(days_a_request=1, code=code)

    answer = ask(sandbox, EDGE, **days("2026-03-02"))

    error = answer.json()["error"]
    assert answer.status_code == status
    assert (error["code"], error["error_subcode"]) == code
