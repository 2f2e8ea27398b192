"""One request from its arrival to what goes out: quota, fault, true answer, log."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import count
from threading import Event

import orjson

from ingest.sandbox import control, quota, usage
from ingest.sandbox.conditions import Conditions
from ingest.sandbox.errors import GraphError
from ingest.sandbox.graph import Graph
from ingest.sandbox.params import Request
from ingest.sandbox.quota import Refusal
from ingest.sandbox.request_log import RequestLog
from ingest.sandbox.response import Response
from ingest.sandbox.stage import Stage

RATES_PATHS = ("/eurofxref-hist.zip", "/eurofxref-hist.csv")


@dataclass
class Answering:
    """Answers requests under the conditions of the moment. `stop` ends the waiting."""

    conditions: Conditions
    stage: Stage
    graph: Graph
    log: RequestLog
    _traces: Iterator[int] = field(default_factory=lambda: count(1))
    _stopped: Event = field(default_factory=Event)

    def stop(self) -> None:
        self._stopped.set()

    def respond(self, request: Request, payload: bytes) -> Response:
        """What goes out. The sandbox's own routes meet no fault and leave no trace."""
        if request.path.startswith(control.PREFIX):
            status, body = control.answer(
                request, payload, self.stage, self.log, self.conditions
            )
            return Response(status, body)
        now = self.conditions.clock.now()
        if self.conditions.latency_seconds > 0:
            self._stopped.wait(self.conditions.latency_seconds)
        refusal = self._refusal(request)
        fault = None
        if refusal is None:
            fault = self.conditions.faults.due(request.line)
            asked = fault.asked(request) if fault is not None else request
            response, rows = self._true_response(asked)
        else:
            response, rows = self._refused(request, refusal), 0
        if fault is not None:
            response, rows = fault.spoiled(request, response), 0
        if self.conditions.date_follows_clock:
            response = replace(response, date=now)
        self.log.add(
            clock=now.isoformat(),
            method=request.method,
            path=request.path,
            params=request.told,
            status=response.status if response.has_answer else 0,
            rows=rows,
            fault=fault is not None,
            refused=None if refusal is None else "throttled",
            during_block=refusal is not None and refusal.during_block,
        )
        return response

    def _refusal(self, request: Request) -> Refusal | None:
        if request.path in RATES_PATHS:
            return None
        points = quota.READ_POINTS if request.method == "GET" else quota.WRITE_POINTS
        return quota.refusal(
            self.graph.subject(request),
            points,
            self.conditions.clock.now(),
            quota=self.conditions.quota,
            blocks=self.conditions.blocks,
            usage=self.conditions.usage,
        )

    def _refused(self, request: Request, refusal: Refusal) -> Response:
        trace, headers = self._trace(request)
        subject = self.graph.subject(request)
        headers |= usage.headers(
            refusal.usage,
            subject.account_id,
            is_insights=subject.use_case == "insights",
        )
        body = orjson.dumps(refusal.error.body(trace))
        return Response(refusal.error.status, body, headers)

    def _true_response(self, request: Request) -> tuple[Response, int]:
        if request.path in RATES_PATHS:
            return self._rates_response(request.path), 0
        trace, headers = self._trace(request)
        try:
            answer = self.graph.answer(request)
        except GraphError as error:
            body = orjson.dumps(error.body(trace))
            return Response(error.status, body, headers), 0
        shown = quota.usage_of(
            self.conditions.usage,
            self.conditions.quota,
            answer.account_id,
            self.conditions.clock.now(),
        )
        headers |= usage.headers(
            shown, answer.account_id, is_insights=answer.is_insights
        )
        return Response(200, answer.body, headers), answer.rows

    def _trace(self, request: Request) -> tuple[str, dict[str, str]]:
        trace = f"A{next(self._traces):021d}"
        version = request.path.strip("/").split("/")[0]
        return trace, {
            "facebook-api-version": version,
            "x-fb-trace-id": trace,
            "x-fb-request-id": trace.lower(),
        }

    def _rates_response(self, path: str) -> Response:
        rates, now = self.conditions.rates, self.conditions.clock.now()
        if path.endswith(".csv"):
            return Response(200, rates.csv(now), content_type="text/csv")
        return Response(200, rates.archive(now), content_type="application/zip")
