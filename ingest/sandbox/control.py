"""The sandbox's own routes under `/__sandbox__/`, also for other processes.

GET  clock                          {"now": iso}
POST clock     {"now": iso}         moves the clock
POST events    [{"kind": ..., "at": iso, ...}]   adds to the story (see `story`)
GET  truth     account, level, since, until[, by=country]
GET  requests  [after]              the request log after that number
GET  faults                         those yet to happen
POST faults    {"fault": "slow", "arguments": [9], "match": "..."}  see `named_faults`
DELETE faults                       forgets them
GET  reports                        all jobs: id, line, status, percent, rows, seen
POST reports   {"match": "...", "outcome": "fail", "times": 1} and/or {"polls": 2}
DELETE reports                      forgets what was planned; jobs stay
"""

import re
from dataclasses import asdict
from datetime import date, datetime
from typing import Any

import orjson

from ingest.sandbox import truth
from ingest.sandbox.conditions import Conditions
from ingest.sandbox.faults import FaultPlan
from ingest.sandbox.named_faults import ordered
from ingest.sandbox.nodes import LEVELS
from ingest.sandbox.params import Request
from ingest.sandbox.reports import Reports
from ingest.sandbox.request_log import RequestLog
from ingest.sandbox.stage import Stage
from ingest.sandbox.story import event_from_json

PREFIX = "/__sandbox__/"


def answer(
    request: Request,
    payload: bytes,
    stage: Stage,
    log: RequestLog,
    conditions: Conditions,
) -> tuple[int, bytes]:
    """HTTP status and JSON body; 400 with a sentence where the request is wrong."""
    route = request.method, request.path.removeprefix(PREFIX)
    try:
        match route:
            case "GET", "clock":
                pass
            case "POST", "clock":
                stage.clock.set(datetime.fromisoformat(orjson.loads(payload)["now"]))
            case "POST", "events":
                events = [event_from_json(one) for one in orjson.loads(payload)]
                stage.append(*events)
                return 200, orjson.dumps({"events": len(events)})
            case "GET", "truth":
                return 200, orjson.dumps(_truth(request.params, stage))
            case "GET", "requests":
                entries = log.entries(int(request.params.get("after", "0")))
                return 200, orjson.dumps([asdict(entry) for entry in entries])
            case _, "faults":
                return _faults(request.method, payload, conditions.faults)
            case _, "reports":
                return _reports(request.method, payload, conditions.reports)
            case method, name:
                return 404, orjson.dumps({"error": f"There is no {method} {name}."})
    except (KeyError, TypeError, ValueError, re.error) as error:
        return 400, orjson.dumps({"error": f"{type(error).__name__}: {error}"})
    return 200, orjson.dumps({"now": stage.clock.now().isoformat()})


def _faults(method: str, payload: bytes, plan: FaultPlan) -> tuple[int, bytes]:
    if method == "POST":
        ordered(plan, orjson.loads(payload))
    elif method == "DELETE":
        plan.clear()
    return 200, orjson.dumps(plan.waiting())


def _reports(method: str, payload: bytes, reports: Reports) -> tuple[int, bytes]:
    if method == "POST":
        document = orjson.loads(payload)
        reports.polls = int(document.pop("polls", reports.polls))
        if document:
            reports.plan(**document)
    elif method == "DELETE":
        reports.clear()
    shown = [
        {
            "id": job.id,
            "line": job.line,
            "outcome": job.outcome,
            "status": job.status,
            "percent": job.percent,
            "rows": job.rows,
            "seen": job.seen,
        }
        for job in reports.jobs()
    ]
    return 200, orjson.dumps(shown)


def _truth(params: dict[str, str], stage: Stage) -> list[dict[str, Any]]:
    levels = [level for level in LEVELS if level == params["level"]]
    if not levels:
        raise ValueError(f"level must be one of {', '.join(LEVELS)}.")
    rows = truth.rows(
        stage,
        params["account"],
        levels[0],
        date.fromisoformat(params["since"]),
        date.fromisoformat(params["until"]),
        stage.clock.now(),
        by_country=params.get("by") == "country",
    )
    return [_document(row) for row in rows]


def _document(row: truth.TruthRow) -> dict[str, Any]:
    document: dict[str, Any] = {
        "level": row.level,
        "object_id": row.object_id,
        "day": row.day.isoformat(),
    }
    if row.country is not None:
        document["country"] = row.country
    return document | {name: str(value) for name, value in row.metrics.items()}
