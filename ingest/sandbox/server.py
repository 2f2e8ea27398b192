"""The sandbox as a whole: `Sandbox`, its environment for pathways, and `run`."""

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime
from decimal import Decimal
from itertools import count
from pathlib import Path
from types import TracebackType

import orjson

from ingest.sandbox import control, truth, usage
from ingest.sandbox.errors import GraphError
from ingest.sandbox.faults import Fault, FaultPlan
from ingest.sandbox.graph import Access, Graph
from ingest.sandbox.insights import Insights
from ingest.sandbox.nodes import Level
from ingest.sandbox.params import Request
from ingest.sandbox.rates import Rates
from ingest.sandbox.request_log import Entry, RequestLog
from ingest.sandbox.stage import Clock, Stage
from ingest.sandbox.story import Event, default_story
from ingest.sandbox.transport import Response, Server
from ingest.sandbox.truth import TruthRow
from ingest.sandbox.usage import Usage
from ingest.sandbox.world import World, default_world

TOKEN = "sandbox-token"
_RATES_PATHS = ("/eurofxref-hist.zip", "/eurofxref-hist.csv")
_CACHE_BYTES = 2**30


class Sandbox:
    """A Graph API on loopback. Use as a context manager; `url` is its address.

    `clock` None starts at the world's start. `empty_page_every` n serves every n-th
    page empty, with a link to its rows. `usage`, `faults`, `rates` and `clock` may be
    changed while it runs.
    """

    def __init__(
        self,
        world: World,
        *,
        clock: datetime | None = None,
        story: Sequence[Event] = (),
        port: int = 0,
        token: str = TOKEN,
        empty_page_every: int | None = None,
        log_path: Path | None = None,
    ) -> None:
        self.world = world
        self.token = token
        self.clock = Clock(clock or world.start)
        self.usage = Usage()
        self.faults = FaultPlan()
        self.rates = Rates(world.seed)
        self._stage = Stage(world, story, self.clock)
        self._access = Access(token)
        self._graph = Graph(
            self._stage,
            self._access,
            Insights(self._stage, _CACHE_BYTES),
            empty_page_every,
        )
        self._log = RequestLog(log_path)
        self._traces = count(1)
        self._server = Server(port, self._respond)

    def __enter__(self) -> "Sandbox":
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.stop()

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def requests(self) -> list[Entry]:
        """Every request so far, without tokens; the sandbox's own routes left out."""
        return self._log.entries()

    def append(self, *events: Event) -> None:
        """Adds events to the story, past or future. Raises: KeyError, ValueError when
        one does not fit the world."""
        self._stage.append(*events)

    def fail_account(self, account_id: str, failure: str) -> None:
        """Lets the account refuse; `failure` is a name in `errors.ACCOUNT_FAILURES`."""
        self._access.fail(account_id, failure)

    def restore(self, account_id: str) -> None:
        """Ends what `fail_account` began."""
        self._access.restore(account_id)

    def truth(
        self, account_id: str, level: Level, day: date, at: datetime | None = None
    ) -> dict[str, dict[str, Decimal]]:
        """Totals by object id and metric of one day, as at `at` (None: the clock).

        Money in the account's currency. Objects without delivery are not there.
        """
        rows = self.truth_rows(account_id, level, day, day, at)
        return {row.object_id: row.metrics for row in rows}

    def truth_rows(
        self,
        account_id: str,
        level: Level,
        since: date,
        until: date,
        at: datetime | None = None,
        *,
        by_country: bool = False,
    ) -> Iterator[TruthRow]:
        """The same as rows, both ends included; by country with `ZZ` the residual."""
        moment = at or self.clock.now()
        return truth.rows(
            self._stage, account_id, level, since, until, moment, by_country=by_country
        )

    def _respond(self, request: Request, payload: bytes) -> Response:
        if request.path.startswith(control.PREFIX):
            status, body = control.answer(request, payload, self._stage, self._log)
            return Response(status, body)
        fault = self.faults.due(_line(request))
        response, rows = self._true_response(request)
        if fault is not None:
            response, rows = _spoiled(response, fault), 0
        self._log.add(
            clock=self.clock.now().isoformat(),
            method=request.method,
            path=request.path,
            params=request.params,
            status=0 if response.is_reset else response.status,
            rows=rows,
            fault=fault is not None,
        )
        return response

    def _true_response(self, request: Request) -> tuple[Response, int]:
        if request.path in _RATES_PATHS:
            return self._rates_response(request.path), 0
        trace = f"A{next(self._traces):021d}"
        version = request.path.strip("/").split("/")[0]
        headers = {
            "facebook-api-version": version,
            "x-fb-trace-id": trace,
            "x-fb-request-id": trace.lower(),
        }
        try:
            answer = self._graph.answer(request)
        except GraphError as error:
            body = orjson.dumps(error.body(trace))
            return Response(error.status, body, headers), 0
        headers |= usage.headers(
            self.usage, answer.account_id, is_insights=answer.is_insights
        )
        return Response(200, answer.body, headers), answer.rows

    def _rates_response(self, path: str) -> Response:
        now = self.clock.now()
        if path.endswith(".csv"):
            return Response(200, self.rates.csv(now), content_type="text/csv")
        return Response(200, self.rates.archive(now), content_type="application/zip")


def environment(sandbox: Sandbox) -> dict[str, str]:
    """The variables that point pathways at the sandbox, its accounts and its clock."""
    found = {
        "SOURCES__META__API_BASE_URL": sandbox.url,
        "SOURCES__META__ACCESS_TOKEN": sandbox.token,
        "SOURCES__FX__BASE_URL": f"{sandbox.url}{_RATES_PATHS[0]}",
        "PATHWAYS__NOW": sandbox.clock.now().isoformat(),
    }
    stores: dict[str, list[str]] = {}
    for account in sandbox.world.accounts:
        stores.setdefault(account.store, []).append(f"act_{account.id}")
        prefix = f"SOURCES__META__STORES__{account.store.upper()}"
        found[f"{prefix}__ACCOUNTS"] = json.dumps(stores[account.store])
        found[f"{prefix}__REPORTING_CURRENCY"] = account.reporting_currency
    return found


def run(
    port: int, *, clock: datetime | None = None, log_path: Path | None = None
) -> None:
    """Serves the default world and story until interrupted.

    Writes to stderr the address and the lines of the environment that lead to it.
    """
    world = default_world()
    story = default_story(world)
    with Sandbox(
        world, clock=clock, story=story, port=port, log_path=log_path
    ) as sandbox:
        print(f"Sandbox Graph API at {sandbox.url}", file=sys.stderr)
        for name, value in environment(sandbox).items():
            print(f"export {name}='{value}'", file=sys.stderr)
        sys.stderr.flush()
        with suppress(KeyboardInterrupt):
            threading.Event().wait()


def _line(request: Request) -> str:
    query = "&".join(f"{name}={value}" for name, value in request.params.items())
    return f"{request.method} {request.path}?{query}"


def _spoiled(response: Response, fault: Fault) -> Response:
    if fault.status is not None:
        return Response(fault.status, fault.body, response.headers, fault.content_type)
    return Response(
        response.status,
        response.body,
        response.headers,
        response.content_type,
        is_cut=fault.is_cut,
        is_reset=fault.is_reset,
    )
