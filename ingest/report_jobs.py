"""Report jobs: have Meta make a report, wait for it, or say that it came to nothing.

Source: Marketing API, Insights, "Asynchronous requests".
"""

import logging
from collections.abc import Mapping

from ingest.clock import Clock
from ingest.errors import Deferred, ObjectUnknown, ReportFailed, TooMuchData
from ingest.graph_client import GraphClient

logger = logging.getLogger(__name__)

FIRST_POLL_SECONDS = 0.5
LONGEST_POLL_SECONDS = 30.0
# A job may stay where it is for ever: it is given up after this part of a load's time,
# within these bounds.
STALLED_AFTER_SECONDS, STALLED_AFTER_PART = (60.0, 300.0), 1 / 4
# One that gets on too slowly is asked for with fewer days.
LONGEST_SECONDS, LONGEST_PART = (120.0, 1800.0), 1 / 2
# A run's id may be unknown for an instant after Meta gave it.
UNKNOWN_POLLS = 4
_FIELDS = "async_status,async_percent_completion,error_code,error_message,error_subcode"


def made_report(
    client: GraphClient,
    clock: Clock,
    path: str,
    params: Mapping[str, object],
    load_seconds: float,
) -> str:
    """Have the report made and wait until it is whole; the id of its run.

    Args:
        load_seconds: what a whole load may take.

    Raises:
        ReportFailed: it failed, was skipped, or did not get on.
        TooMuchData: it gets on, but takes too much of the load's time.
        MetaError, Deferred: as the client.
    """
    stalled_after = _within(STALLED_AFTER_SECONDS, load_seconds * STALLED_AFTER_PART)
    longest = _within(LONGEST_SECONDS, load_seconds * LONGEST_PART)
    run_id = client.start_report(path, params)
    # What Meta's limits made us wait is not the report's fault.
    started = moved = client.busy_seconds
    percent: object = None
    wait = FIRST_POLL_SECONDS
    unknown = 0
    while True:
        clock.sleep(wait)
        if clock.stop.is_set():
            raise Deferred(f"The run ended while report {run_id} was made.")
        wait = min(2 * wait, LONGEST_POLL_SECONDS)
        try:
            run = client.node(run_id, {"fields": _FIELDS})
        except ObjectUnknown:
            unknown += 1
            if unknown > UNKNOWN_POLLS:
                raise
            continue
        if _is_whole(run, run_id):
            return run_id
        if run.get("async_percent_completion") != percent:
            percent, moved = run.get("async_percent_completion"), client.busy_seconds
        now = client.busy_seconds
        stands = f"Report {run_id} stands at {percent} % after {now - started:.0f} s."
        if now - moved > stalled_after:
            raise ReportFailed(stands, "It is given up and another one asked for.")
        if now - started > longest:
            raise TooMuchData(stands, "Ask for fewer days.", code=ReportFailed.code)


def _within(bounds: tuple[float, float], seconds: float) -> float:
    least, most = bounds
    return min(max(seconds, least), most)


def _is_whole(run: Mapping[str, object], run_id: str) -> bool:
    """Whether the run is completed; False while it goes on.

    Raises:
        ReportFailed: it ended without a result.
    """
    status = run.get("async_status")
    if status == "Job Completed":
        return run.get("async_percent_completion") in (100, "100")
    if status in ("Job Failed", "Job Skipped"):
        said = [run.get(f"error_{name}") for name in ("code", "subcode", "message")]
        because = ", ".join(str(part) for part in said if part is not None)
        raise ReportFailed(
            f"Report {run_id} ended as {status} ({because or 'without a reason'}).",
            "Another one is asked for.",
        )
    return False
