"""The faults, one a row: how the sandbox is spoiled and what must come of it.

`right`: complete and true numbers, exit 0. `reported`: exit 1 with the code, and the
numbers of before where there are no new ones. `deferred`: exit 0, the account goes on
later. `held`: exit 1, the loss waits for a second reading.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Literal

from ingest.sandbox import field_faults, page_faults, wire_faults
from ingest.sandbox.faults import (
    Fault,
    connection_reset,
    graph_error,
    http_error,
    server_error,
    truncated,
)
from ingest.sandbox.server import Sandbox
from ingest.sandbox.size_limits import SizeLimits
from tests.promises.fault_run import BAD

Outcome = Literal["right", "reported", "deferred", "held"]
OF_BAD = rf"act_{BAD}/"
INSIGHTS = rf"GET .*act_{BAD}/insights"
ADS = rf"GET .*act_{BAD}/insights.*level=ad&(?!.*after)"
ALL_ADS = rf"GET .*act_{BAD}/insights.*level=ad&"
NEXT_PAGE = rf"act_{BAD}/insights.*after="
CAMPAIGNS = rf"act_{BAD}/campaigns"
REPORT = rf"act_{BAD}/insights"
RUN = r"GET /v25.0/\d+\?"
RUN_PAGES = r"GET /v25.0/\d+/insights"
JSON = "application/json"


@dataclass(frozen=True)
class Row:
    """One fault.

    Attributes:
        is_first: nothing was read before.
        as_reports: every window is made as a report job.
        is_shared: it meets the other account as well.
        world: how the sandbox's world differs.
        settings: of the source, for this row.
    """

    name: str
    spoil: Callable[[Sandbox], None]
    outcome: Outcome
    code: str | None = None
    is_first: bool = False
    as_reports: bool = False
    is_shared: bool = False
    world: Mapping[str, bool] = field(default_factory=dict)
    settings: Mapping[str, object] = field(default_factory=dict)


def once(fault: Fault, match: str = INSIGHTS) -> Callable[[Sandbox], None]:
    return lambda sandbox: sandbox.faults.add(match=match, fault=fault)


def always(
    fault: Fault, match: str = INSIGHTS, after: int = 0
) -> Callable[[Sandbox], None]:
    return lambda sandbox: sandbox.faults.add(
        match=match, fault=fault, times=None, after=after
    )


def error(code: int, subcode: int | None = None, status: int = 400) -> Fault:
    return graph_error(code, status=status, message="(#x) no", subcode=subcode)


def refusing(name: str) -> Callable[[Sandbox], None]:
    return lambda sandbox: sandbox.fail_account(BAD, name)


def report(outcome: str, times: int | None = 1) -> Callable[[Sandbox], None]:
    return lambda sandbox: sandbox.reports.plan(
        match=REPORT,
        outcome=outcome,  # type: ignore[arg-type]
        times=times,
    )


def limited(limits: SizeLimits) -> Callable[[Sandbox], None]:
    def spoil(sandbox: Sandbox) -> None:
        sandbox.size_limits = limits

    return spoil


def shut(
    code: int, minutes: int, account: str | None = BAD
) -> Callable[[Sandbox], None]:
    def spoil(sandbox: Sandbox) -> None:
        sandbox.throttle(account, None, minutes=minutes, code=code)

    return spoil


def currency(code: str) -> Callable[[Sandbox], None]:
    return lambda sandbox: sandbox.change_account(BAD, currency=code)


def nothing(_: Sandbox) -> None:
    """The world itself is odd."""


def transport() -> list[Row]:
    bodies = {
        "JSON": (b'{"error":{"code":2,"message":"m"}}', JSON),
        "HTML": (b"<html>Sorry</html>", "text/html"),
        "no": (b"", "text/html"),
    }
    rows = [
        Row(f"HTTP {status} with {name} body, {word}", spoil, *end)
        for status in (500, 502, 503, 504)
        for name, (body, kind) in bodies.items()
        for fault in [http_error(status, body=body, content_type=kind)]
        for word, spoil, end in (
            ("once", once(fault), ("right",)),
            ("for ever", always(fault), ("reported", None)),
        )
    ]
    broken = {
        "connection reset": connection_reset(),
        "reset mid body": wire_faults.reset_mid_body(),
        "closed mid body": wire_faults.closed_mid_body(),
        "truncated JSON with status 200": truncated(),
        "HTML with status 200": http_error(200, body=b"<html>Sorry</html>"),
    }
    rows += [
        Row(f"{name}, {word}", spoil, *end)
        for name, fault in broken.items()
        for word, spoil, end in (
            ("once", once(fault), ("right",)),
            ("for ever", always(fault), ("reported", None)),
        )
    ]
    quick = {"request_seconds": 0.2}
    return [
        *rows,
        Row("hanging once", once(wire_faults.hanging(5)), "right", settings=quick),
        Row("hanging for ever", always(wire_faults.hanging(5)), "reported", None,
            settings=quick),
        Row("20 bytes a second", always(wire_faults.slow(20)), "reported", None,
            settings=quick),
        Row("10 bytes of headers a second", always(wire_faults.slow_head(0.1)),
            "reported", None, settings=quick),
        Row("10 bytes of a chunk's size a second",
            always(wire_faults.slow_chunk_size(0.1)), "reported", None, settings=quick),
        Row("a page of 1 GB, once", once(wire_faults.huge(2**30), ADS), "right"),
        # No page is small enough, so a report job gives them.
        Row("pages of 1 GB for ever", always(wire_faults.huge(2**30), ADS), "right"),
        Row("a gzip bomb, once", once(wire_faults.gzip_bomb(2**30), ADS), "right"),
        Row("redirect", always(wire_faults.redirected("http://127.0.0.1:9/x")),
            "reported", "META-HOST"),
        Row("`next` to another host, once",
            once(page_faults.foreign_next("http://127.0.0.1:9/x")), "right"),
        Row("`next` to another host on every page, the last one too",
            always(page_faults.foreign_next("http://127.0.0.1:9/x")), "reported",
            "META-CURSOR"),
    ]  # fmt: skip


def codes() -> list[Row]:
    passing = {
        "1 (99)": error(1, 99, 500),
        "2": error(2, status=500),
        "2 (1504043)": error(2, 1504043),
        "1 reduce": graph_error(
            1, status=500, message="Please reduce the amount of data you're asking for"
        ),
        "100 summary param": graph_error(
            100, status=400, message="because they weren't there while creating"
        ),
        "2601 on a direct request": error(2601, 1815107),
    }
    rows = [
        Row(f"code {name}, once", once(fault), "right")
        for name, fault in passing.items()
        if not name.startswith("2601")
    ]
    rows += [
        Row("code 1 (99) for ever", always(error(1, 99, 500)), "reported", None),
        Row("code 2 for ever", always(error(2, status=500)), "reported", "META-002"),
        Row("code 2 (1504041)", once(error(2, 1504041), ADS), "reported", "META-2"),
        Row("code 3018", once(error(3018), ADS), "reported", "META-3018"),
        Row("code 2635", always(error(2635), OF_BAD), "reported", "META-2635"),
        Row("code 100, a bad field", once(error(100), ADS), "reported", "META-100"),
        Row("code 2601", once(error(2601, 1815107), ADS), "reported", "META-2601"),
        Row("an unknown code", once(error(987654), ADS), "reported", "META-987654"),
        Row("error without a code", always(
            http_error(400, body=b'{"error":{"message":"m"}}', content_type=JSON)),
            "reported", "META-002"),
        Row("token expired midway", always(error(190, 463), after=3), "reported",
            "META-190"),
    ]  # fmt: skip
    names = {
        "expired_token": "META-190",
        "session_invalid": "META-190",
        "app_removed": "META-190",
        "token_invalid": "META-190",
        "no_session": "META-190",
        "permission": "META-200",
        "permission_3": "META-3",
        "permission_10": "META-10",
        "permission_272": "META-272",
        "permission_294": "META-294",
        "disabled_account": None,
        "unknown_object": "META-100",
        "unknown_error": "META-002",
    }
    rows += [
        Row(f"account: {name}", refusing(name), "reported", code)
        for name, code in names.items()
    ]
    return [
        *rows,
        Row("unknown currency", currency("XXX"), "reported", "META-CURRENCY"),
    ]


def limits() -> list[Row]:
    short = [4, 17, 32, 613, *range(80000, 80015)]
    busy = http_error(429, headers={"Retry-After": "45"})
    rows = [Row(f"code {code}, once", once(error(code)), "right") for code in short]
    rows += [
        Row(f"code {code} for 3 minutes", shut(code, 3), "right")
        for code in (613, 80000, 80004)
    ]
    rows += [
        Row(f"code {code} for 40 minutes", shut(code, 40), "deferred")
        for code in (613, 80000)
    ]
    return [
        *rows,
        Row("code 4 for 40 minutes", shut(4, 40, None), "deferred", is_shared=True),
        Row("code 17 for 40 minutes", shut(17, 40, None), "deferred", is_shared=True),
        Row("code 341", always(error(341)), "deferred", is_shared=True),
        Row("code 368", always(error(368)), "deferred", is_shared=True),
        Row("429 with Retry-After", once(busy), "right"),
        Row("garbled usage headers", always(page_faults.headers_garbled()), "right"),
        Row("no usage headers", always(page_faults.headers_absent()), "right"),
        Row("odd usage headers", always(page_faults.headers_of_other_types()), "right"),
        Row("odd usage values", always(page_faults.headers_with_odd_values()), "right"),
    ]


def pages() -> list[Row]:
    return [
        Row("duplicate rows in a page", always(page_faults.rows_repeated(2)), "right"),
        Row("page overlaps the one before", once(page_faults.page_overlapping(2), NEXT_PAGE), "right"),
        Row("stale cursor, once", once(page_faults.stale_cursor(), NEXT_PAGE), "right"),
        Row("stale cursor for ever", always(page_faults.stale_cursor(), NEXT_PAGE), "reported", "META-100"),
        Row("repeated cursor, once", once(page_faults.cursor_repeated(), NEXT_PAGE), "right"),
        Row("repeated cursor for ever", always(page_faults.cursor_repeated(), NEXT_PAGE), "reported", "META-CURSOR"),
        Row("missing cursors, once", once(page_faults.cursor_missing()), "right"),
        Row("missing cursors for ever", always(page_faults.cursor_missing(), ADS), "reported", "META-002"),
        Row("endless pages", always(page_faults.endless(), ALL_ADS), "reported", "META-CURSOR"),
        Row("endless empty pages", always(page_faults.endless_empty(), ALL_ADS), "reported", "META-CURSOR"),
        Row("JSON nested 10,000 deep", always(page_faults.deep(10_000), ADS), "right"),
        Row("extra fields", always(field_faults.extra_fields()), "right"),
        Row("new action types", always(field_faults.new_action_types()), "right"),
        Row("null fields", always(field_faults.null_fields("actions", "outbound_clicks")), "right"),
        Row("absent fields", always(field_faults.absent_fields("actions", "action_values")), "right"),
        Row("ids lost", always(field_faults.fields_lost("ad_id"), ADS), "reported", "SPOOL-ROWS"),
        Row("empty page with 200 where rows were", always(page_faults.emptied()), "held", "META-SHRINK"),
        Row("rows dropped from a page of one level, once", once(page_faults.rows_dropped(2), ADS), "right"),
        Row("rows dropped, first reading", once(page_faults.rows_dropped(2), ADS), "right", is_first=True),
        Row("listing cut to nothing", always(page_faults.emptied(), rf"act_{BAD}/ads"), "held", "META-SHRINK"),
        Row("names with quotes, NUL, RTL, surrogates", nothing, "right", is_first=True, world={"odd_names": True}),
        Row("ids past 2^63", nothing, "right", is_first=True, world={"huge_ids": True}),
    ]  # fmt: skip


def sizes() -> list[Row]:
    return [
        Row("too large: 2 rows a page", limited(SizeLimits(rows_a_page=25)), "right", settings={"page_limit": 100}),
        Row("too large: one day a request", limited(SizeLimits(days_a_request=1)), "right"),
        Row("too large: one campaign a request", limited(SizeLimits(rows_a_request=12)), "right"),
        Row("too large: only reports", limited(SizeLimits(rows_a_request=0)), "right"),
        Row("too large: code 100/1487534", limited(SizeLimits(days_a_request=1, code=(100, 1487534))), "right"),
        Row("too large: code 100/1504018", limited(SizeLimits(days_a_request=1, code=(100, 1504018))), "right"),
        Row("too large: code 2/1504038", limited(SizeLimits(days_a_request=1, code=(2, 1504038))), "right"),
        Row("too large whatever is asked", limited(SizeLimits(rows_a_request=0, report_rows=0)), "reported", None, is_shared=True),
    ]  # fmt: skip


def reports() -> list[Row]:
    rows = [
        Row("report fails once", report("fail"), "right"),
        Row("report fails for ever", report("fail", None), "reported", None),
        Row("report is skipped once", report("skip"), "right"),
        Row("report stalls once", report("stall"), "right"),
        Row("report stalls for ever", report("stall", None), "reported", None, is_shared=True),
        Row("report completes short", report("short"), "right"),
        Row("report completes short, first reading", report("short"), "right", is_first=True),
        Row("run unknown at first", report("unknown_first"), "right"),
        Row("run unknown for ever", always(error(100, 33), RUN), "reported", "META-100", is_shared=True),
        Row("report not readable yet (2601)", once(error(2601, 1815107), RUN_PAGES), "right"),
        Row("report page cut", once(truncated(), RUN_PAGES), "right"),
        Row("creating a report fails once", once(server_error(), "POST"), "right"),
    ]  # fmt: skip
    return [
        Row(
            row.name,
            row.spoil,
            row.outcome,
            row.code,
            is_first=row.is_first,
            as_reports=True,
            is_shared=row.is_shared,
            settings=row.settings,
        )
        for row in rows
    ]


ROWS = [*transport(), *codes(), *limits(), *pages(), *sizes(), *reports()]
