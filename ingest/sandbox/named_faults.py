"""Every fault that JSON can ask for, by name: for a sandbox in another process."""

from collections.abc import Callable
from typing import Any

from ingest.sandbox import faults, field_faults, page_faults, wire_faults
from ingest.sandbox.faults import Fault, FaultPlan

CONSTRUCTORS: dict[str, Callable[..., Fault]] = {
    constructor.__name__: constructor
    for constructor in (
        faults.graph_error,
        faults.server_error,
        faults.truncated,
        faults.connection_reset,
        page_faults.emptied,
        page_faults.rows_dropped,
        page_faults.rows_repeated,
        page_faults.page_overlapping,
        page_faults.cursor_repeated,
        page_faults.cursor_missing,
        page_faults.stale_cursor,
        page_faults.endless,
        page_faults.endless_empty,
        page_faults.foreign_next,
        page_faults.deep,
        page_faults.headers_garbled,
        page_faults.headers_absent,
        page_faults.headers_of_other_types,
        page_faults.headers_with_odd_values,
        field_faults.extra_fields,
        field_faults.new_action_types,
        field_faults.null_fields,
        field_faults.absent_fields,
        field_faults.fields_lost,
        wire_faults.hanging,
        wire_faults.slow,
        wire_faults.slow_head,
        wire_faults.reset_mid_body,
        wire_faults.closed_mid_body,
        wire_faults.huge,
        wire_faults.gzip_bomb,
        wire_faults.redirected,
    )
}


def _http_error(status: int, body: str = "", **more: Any) -> Fault:
    return faults.http_error(status, body.encode(), **more)


# Its body is bytes, which JSON does not have.
CONSTRUCTORS["http_error"] = _http_error


def ordered(plan: FaultPlan, document: dict[str, Any]) -> None:
    """Adds the fault that the document describes to the plan.

    {"fault": "slow", "arguments": [1000] or {"bytes_per_second": 1000},
    "match": "/insights", "times": 1 or null, "after": 0}; only `fault` and `match` are
    needed. Raises: KeyError, TypeError, ValueError for another document.
    """
    order: dict[str, Any] = {"arguments": [], "times": 1, "after": 0} | document
    unknown = order.keys() - {"fault", "match", "arguments", "times", "after"}
    if unknown or order["fault"] not in CONSTRUCTORS:
        known = ", ".join(sorted(CONSTRUCTORS))
        raise ValueError(f"fault must be one of {known}; unknown: {sorted(unknown)}.")
    constructor, arguments = CONSTRUCTORS[order["fault"]], order["arguments"]
    if isinstance(arguments, dict):
        fault = constructor(**arguments)
    else:
        fault = constructor(*arguments)
    plan.add(
        match=order["match"],
        fault=fault,
        times=order["times"],
        after=order["after"],
        name=order["fault"],
    )
