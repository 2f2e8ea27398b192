"""Asks Meta and goes on asking: what is tried again, how often, and what is given up.

It reads only: GET, and two POSTs that change nothing, one to have a report made and one
to ask about the token itself. Retries are decided by what the body says, since Meta
throttles with 400 and 403 and sends passing trouble with any status. Everything is
bounded: an answer in bytes and seconds, a listing in pages, an account in errors.
"""

import copy
import hashlib
import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from threading import Lock
from typing import TypeVar

from ingest import errors
from ingest.clock import Clock, clock_of
from ingest.graph_http import GraphHttp, Method, Response
from ingest.pace import Pace
from ingest.pages import Page, TimedOut, Transient, read_object, read_page
from ingest.throttle import POINTS, UseCase, read_quota

logger = logging.getLogger(__name__)

ATTEMPTS = 5
FIRST_WAIT_SECONDS = 1.0
# Two requests that took all the time they may take: less data is asked for instead.
SLOW_ATTEMPTS = 2
# Meta judges an app by its error rate and wants less than 15 in 100. What is asked side
# by side may fail together, once.
ERRORS_AT_FIRST = 12
ERRORS_A_CALL = 0.12
MOST_PAGES = 5_000
MOST_EMPTY_PAGES = 100
NOBODY = "nobody"
# The code of a listing that went on past its pages.
ENDLESS = "META-ENDLESS"

Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Limits:
    """What one answer and one listing may take.

    Attributes:
        request_seconds: a request as a whole, its body included.
        page_bytes: a body after unpacking.
        pages: of one listing.
    """

    request_seconds: float = 120.0
    page_bytes: int = 64 * 2**20
    pages: int = field(default_factory=lambda: MOST_PAGES)


@dataclass
class Usage:
    """What one client has cost so far.

    Attributes:
        side_by_side: calls that are under way.
    """

    calls: int = 0
    errors: int = 0
    retries: int = 0
    refusals: int = 0
    received_bytes: int = 0
    waited_seconds: float = 0.0
    side_by_side: int = 0
    most_side_by_side: int = 1
    lock: Lock = field(default_factory=Lock, repr=False, compare=False)

    def add(self, **amounts: float) -> None:
        """Count; several threads may."""
        with self.lock:
            for name, amount in amounts.items():
                setattr(self, name, getattr(self, name) + amount)
            self.most_side_by_side = max(self.most_side_by_side, self.side_by_side)


@dataclass(frozen=True)
class _Request:
    path: str
    params: Mapping[str, object]
    method: Method = "GET"

    @property
    def use_case(self) -> UseCase:
        return "insights" if self.path.endswith("/insights") else "management"


class GraphClient:
    """Reads the Graph API with one token, for one account. Threads may share it.

    Args:
        base_url: scheme and host, such as `https://graph.facebook.com`.
        version: such as `v25.0`.
        token: sent as `Authorization: Bearer`, never in a URL.
        app_secret: when given, each call carries an `appsecret_proof`.
        account_id: digits; whose quota the calls count against.
        pace: says when a call may go; shared by the clients of one token.
        seconds: how long this client may go on asking; None for ever.
    """

    def __init__(
        self,
        base_url: str,
        version: str,
        token: str,
        app_secret: str | None = None,
        account_id: str = NOBODY,
        limits: Limits | None = None,
        clock: Clock | None = None,
        pace: Pace | None = None,
        seconds: float | None = None,
    ) -> None:
        self._token = token
        self._account_id = account_id
        self._limits = limits or Limits()
        self._clock = clock or clock_of(lambda: datetime.now(UTC))
        self._pace = pace or Pace(self._clock, longest_wait=60.0)
        self._ends_at = None if seconds is None else self._clock.monotonic() + seconds
        self._http = GraphHttp(
            base_url,
            version,
            token,
            app_secret,
            self._limits.request_seconds,
            self._limits.page_bytes,
        )
        self.usage = Usage()
        self._part = Usage()

    def close(self) -> None:
        self._http.close()

    @property
    def server_time(self) -> datetime | None:
        """What Meta's clock said last; None before the first answer."""
        return self._http.server_time

    @property
    def served_version(self) -> str | None:
        """The API version that the last answer was given by."""
        return self._http.served_version

    @property
    def seconds_left(self) -> float | None:
        """How long it may go on asking; None for ever."""
        if self._ends_at is None:
            return None
        return self._ends_at - self._clock.monotonic()

    @property
    def busy_seconds(self) -> float:
        """A stopwatch that stands still while Meta's limits make the account wait."""
        return self._clock.monotonic() - self._pace.waited_so_far(self._account_id)

    def counted(self) -> tuple["GraphClient", Usage]:
        """The same client, and the calls made through this very one."""
        part = copy.copy(self)
        part._part = Usage()
        return part, part._part

    def node(self, path: str, params: Mapping[str, object]) -> dict[str, object]:
        """One node.

        Raises:
            errors.MetaError: Meta refused, or gave no usable answer in five tries.
            errors.Deferred: Meta's limits ask for a longer wait than a run has.
        """
        return self._ask(_Request(path, params), read_object)

    def pages(self, path: str, params: Mapping[str, object]) -> Iterator[Page]:
        """The pages of a listing, until Meta names no next one; empty pages included.

        Raises:
            errors.TooMuchData: also where the listing does not end within its pages.
            errors.MetaError: Meta refused, gave no usable answer in five tries, or
                sent a cursor twice.
            errors.Deferred: Meta's limits ask for a longer wait than a run has.
        """
        after: str | None = None
        seen: set[str] = set()
        contents: set[bytes] = set()
        empty = 0
        for _ in range(self._limits.pages):
            asked = {**params, "after": after} if after else params
            page = self._ask(_Request(path, asked), read_page)
            content = hashlib.sha256(page.rows).digest()
            empty = empty + 1 if page.rows == b"[]" else 0
            if empty > MOST_EMPTY_PAGES or (not empty and content in contents):
                raise errors.NoUsableAnswer(
                    f"The listing of {path} goes on without getting anywhere.",
                    "The window is read again in the next run.",
                    code="META-CURSOR",
                )
            contents.add(content)
            yield page
            after = page.after
            if after is None:
                return
            if after in seen:
                raise errors.NoUsableAnswer(
                    f"Meta repeated a cursor while listing {path}.",
                    "The window is read again in the next run.",
                    code="META-CURSOR",
                )
            seen.add(after)
        raise errors.TooMuchData(
            f"The listing of {path} does not end within {self._limits.pages} pages.",
            "Ask for fewer days, or raise `page_limit`.",
            code=ENDLESS,
        )

    def start_report(self, path: str, params: Mapping[str, object]) -> str:
        """Have a report made; the id of its run.

        After a time-out a job may exist that nobody reads: harmless.

        Raises:
            errors.MetaError, errors.Deferred: as for `node`.
        """
        answer = self._ask(_Request(path, params, "POST"), read_object)
        run_id = answer.get("report_run_id")
        if not isinstance(run_id, str) or not run_id.isdigit():
            raise errors.ReportFailed(
                f"Meta took the report on {path} but named no run.",
                "The window is read again in the next run.",
            )
        return run_id

    def debug_token(self) -> dict[str, object]:
        """What Meta says of the token itself: validity, expiry, scopes.

        Sent as a form, so that the token stands in no URL.

        Raises:
            errors.MetaError, errors.Deferred: as for `node`.
        """
        form = {"input_token": self._token, "method": "get"}
        answer = self._ask(_Request("debug_token", form, "POST"), read_object)
        data = answer.get("data")
        return data if isinstance(data, dict) else {}

    def _ask(self, request: _Request, read: Callable[[int, bytes], Answer]) -> Answer:
        failed = slow = 0
        while True:
            account, use_case = self._account_id, request.use_case
            self._stop_in_time(request.path)
            self._pace.before(account, use_case, POINTS[request.method])
            response: Response | None = None
            try:
                response = self._send(request)
                quota = read_quota(response.headers, account, use_case)
                if response.status == 429:
                    raise errors.Throttled("Meta asks to wait (HTTP 429).", 429)
                answer = read(response.status, response.body)
            except errors.Throttled as refusal:
                assert response is not None
                self.usage.add(errors=1, refusals=1)
                told = _seconds(response.headers.get("retry-after"))
                self._pace.refused(account, use_case, quota, refusal, told)
                continue
            except errors.MetaError:
                self.usage.add(errors=1)
                raise
            except Transient as problem:
                trouble, may_be_size = str(problem), problem.may_be_size
                slow += isinstance(problem, TimedOut)
            else:
                self._pace.answered(account, use_case, quota)
                return answer
            failed += 1
            self.usage.add(errors=1)
            self._give_up(request, trouble, may_be_size, failed, slow)
            wait = FIRST_WAIT_SECONDS * 2 ** (failed - 1)
            logger.info(
                "Asking for %s again in %.0f s: %s", request.path, wait, trouble
            )
            self.usage.add(retries=1, waited_seconds=wait)
            self._clock.sleep(wait)

    def _stop_in_time(self, path: str) -> None:
        if self._clock.stop.is_set():
            raise errors.Deferred(f"The run ended while it asked for {path}.")
        if self._ends_at is not None and self._clock.monotonic() > self._ends_at:
            raise errors.TimeUp(
                f"The time of this load was up at {path}.",
                "What was read counts; the rest is read in the next run.",
            )

    def _give_up(
        self, request: _Request, trouble: str, may_be_size: bool, failed: int, slow: int
    ) -> None:
        """Return while another try is due; else raise what the trouble amounts to."""
        usage = self.usage
        allowed = ERRORS_AT_FIRST + ERRORS_A_CALL * usage.calls
        if usage.errors > allowed + usage.most_side_by_side - 1:
            raise errors.NoUsableAnswer(
                f"{usage.errors} of {usage.calls} calls for the account failed, the "
                f"last with: {trouble}.",
                "It is left alone until the next run: Meta judges an app by its "
                "error rate.",
                code="META-ERRORS",
            )
        is_listing = "limit" in request.params
        gave_up = failed >= ATTEMPTS or slow >= SLOW_ATTEMPTS
        if is_listing and may_be_size and gave_up:
            raise errors.TooMuchData(
                f"Meta gave no answer for {request.path} in {failed} tries "
                f"({trouble}).",
                "Ask for fewer days.",
            )
        if gave_up:
            raise errors.NoUsableAnswer(
                f"Meta gave no usable answer for {request.path} in {failed} tries "
                f"({trouble}).",
                "The window is read again in the next run.",
            )

    def _send(self, request: _Request) -> Response:
        self._part.add(calls=1)
        self.usage.add(calls=1, side_by_side=1)
        try:
            return self._http.exchange(
                request.method,
                request.path,
                request.params,
                lambda size: self.usage.add(received_bytes=size),
            )
        finally:
            self.usage.add(side_by_side=-1)


def _seconds(text: str | None) -> float | None:
    return float(text) if text and text.isdigit() else None
