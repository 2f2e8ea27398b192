"""Asks Meta for the insights of a window, in the shape that the window needs.

At once or as a report job; made smaller step by step when Meta finds it too much; begun
again when a listing moved under its cursor. Every filter stays on every part.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path

import orjson

from ingest import fields
from ingest.clock import Clock
from ingest.errors import (
    CursorStale,
    NoUsableAnswer,
    PathwaysError,
    ReportFailed,
    TimeUp,
    TooMuchData,
    WindowUnusable,
)
from ingest.fields import Breakdown, Level
from ingest.graph_client import ENDLESS, GraphClient
from ingest.report_jobs import made_report
from ingest.request_shape import (
    ANY_DAYS,
    SMALLEST_PAGE,
    RequestShape,
    fewer_days,
    narrower,
)
from ingest.spool import DayContent, Spool
from ingest.windows import DateWindow, consecutive

logger = logging.getLogger(__name__)

# A listing that moved is begun again so often, a report that failed made again.
LISTING_TRIES = 3
REPORT_TRIES = 3
_OF_META: dict[Breakdown, dict[str, object]] = {
    "none": {},
    "country": {"breakdowns": "country"},
}

Keep = Callable[[date, DayContent], bool]
PageRead = Callable[[int], None]


@dataclass
class WindowReading:
    """What came of asking for one level and breakdown of a window.

    Attributes:
        asked: how many days were asked for.
        shape: the shape of the last request.
        contents: the days that were read whole.
        was_split: whether it had to be made smaller than it began.
        seconds: what it took, waits for Meta's limits left out.
        next_shape: in which the next run has to ask, since it was not whole after so
            much of the load's time; None otherwise.
        problem: why the other days were not read.
    """

    requested_at: datetime
    asked: int
    shape: RequestShape
    contents: dict[date, DayContent] = field(default_factory=dict)
    was_split: bool = False
    pages: int = 0
    seconds: float = 0.0
    next_shape: RequestShape | None = None
    problem: PathwaysError | None = None

    @property
    def learned(self) -> RequestShape | None:
        """The shape that other windows begin with; None where nothing was split.

        Its days limit them only where fewer were read at a time than asked for.
        """
        if not self.was_split or not self.contents:
            return None
        if self.shape.days >= self.asked:
            return replace(self.shape, days=ANY_DAYS)
        return self.shape


@dataclass(frozen=True)
class InsightsRequest:
    """Asks for the insights of one account. Threads may share it.

    Attributes:
        page_limit: rows a page where nothing asks for fewer.
        load_seconds: what a whole load may take.
        page_read: told of each page, with its bytes.
    """

    client: GraphClient
    spool: Spool
    clock: Clock
    account_id: str
    page_limit: int
    load_seconds: float
    page_read: PageRead = lambda _: None

    def read(
        self,
        level: Level,
        breakdown: Breakdown,
        window: DateWindow,
        shape: RequestShape,
        keep: Keep,
    ) -> WindowReading:
        """Read the window, newest days first; what was read, and what was not.

        Nothing is raised that concerns Meta or its answers: it is the reading's
        `problem`, and what was read whole before it counts.
        """
        reading = WindowReading(self.clock.now(), len(window), shape)
        began = self.client.busy_seconds
        moved = 0
        left = window.slices(shape.days)
        while left:
            try:
                self._read_days(level, breakdown, left[0], reading, keep)
            except TooMuchData as problem:
                smaller = self._smaller(problem, reading.shape, level, len(window))
                if smaller is None:
                    # A day that is too much by itself must not hold up the others.
                    reading.problem = problem
                    left.pop(0)
                    continue
                logger.info("%s Asking in the shape %s.", problem, smaller)
                reading.shape, reading.was_split = smaller, True
                left = _cut(left, smaller.days)
            except WindowUnusable as problem:
                moved += problem.code == "SPOOL-MOVED"
                if len(left[0]) > 1:
                    # The day that cannot be read must not hold up the others.
                    left = [*_cut(left[:1], 1), *left[1:]]
                elif problem.code != "SPOOL-MOVED" or moved >= LISTING_TRIES:
                    reading.problem = problem
                    left.pop(0)
                    moved = 0
            except PathwaysError as problem:
                reading.problem = problem
                break
            else:
                left.pop(0)
                moved = 0
        reading.seconds = self.client.busy_seconds - began
        if isinstance(reading.problem, TimeUp) and self.is_long(reading.seconds):
            # Smaller pages would make it slower yet.
            page_limit = reading.shape.page_limit
            least = replace(reading.shape, page_limit=min(page_limit, SMALLEST_PAGE))
            less = narrower(least, level, len(window), page_limit) or least
            reading.next_shape = replace(less, page_limit=page_limit)
        return reading

    def is_long(self, seconds: float) -> bool:
        """Whether it is so much of a load that the next one might not be enough."""
        return seconds >= self.load_seconds / 2

    def listing(self, path: str, params: Mapping[str, object]) -> list[Path]:
        """The pages of a listing, whole; begun again when its cursor goes stale.

        Raises:
            MetaError, Deferred: as the client.
        """
        for attempt in range(1, LISTING_TRIES + 1):
            pages: list[Path] = []
            try:
                for page in self.client.pages(path, params):
                    pages.append(self.spool.write_page(page.rows))
                    self.page_read(len(page.rows))
                return pages
            except (CursorStale, NoUsableAnswer) as problem:
                self.spool.discard(pages)
                is_cursor = (
                    isinstance(problem, CursorStale) or problem.code == "META-CURSOR"
                )
                if not is_cursor or attempt == LISTING_TRIES:
                    raise
                logger.info("Begins %s again: %s", path, problem)
            except BaseException:
                self.spool.discard(pages)
                raise
        raise AssertionError("the last try returns or raises")

    def _read_days(
        self,
        level: Level,
        breakdown: Breakdown,
        days: DateWindow,
        reading: WindowReading,
        keep: Keep,
    ) -> None:
        """Add the days to the reading, or raise and add nothing."""
        pages: list[Path] = []
        try:
            for params in self._requests(level, breakdown, days, reading.shape):
                pages += self._answer(params, reading.shape)
        except BaseException:
            self.spool.discard(pages)
            raise
        if not pages:
            # By campaign, and none of them had any delivery.
            pages = [self.spool.write_page(b"[]")]
        reading.pages += len(pages)
        reading.contents |= self.spool.add_insights(
            self.account_id, level, breakdown, days, pages, keep
        )

    def _requests(
        self,
        level: Level,
        breakdown: Breakdown,
        days: DateWindow,
        shape: RequestShape,
    ) -> Iterator[dict[str, object]]:
        """The parameters of each request that the days take."""
        filters: list[dict[str, object]] = []
        if level != "account":
            filters.append(fields.status_filter(level))
        params: dict[str, object] = {
            "level": level,
            "fields": ",".join(fields.insight_fields(level)),
            "time_range": _time_range(days),
            "time_increment": 1,
            "limit": shape.page_limit,
            **_OF_META[breakdown],
        }
        if shape.campaigns is None:
            yield params | ({"filtering": filters} if filters else {})
            return
        ids = self._campaigns_with_delivery(days, shape.page_limit)
        for n in range(0, len(ids), shape.campaigns):
            chosen = _is_in("campaign.id", ids[n : n + shape.campaigns])
            yield params | {"filtering": [*filters, chosen]}

    def _campaigns_with_delivery(self, days: DateWindow, page_limit: int) -> list[str]:
        """Ids of every campaign that has a row on any of the days.

        Asked of Meta: a campaign that no listing ever showed has rows too.
        """
        params: dict[str, object] = {
            "level": "campaign",
            "fields": "campaign_id",
            "time_range": _time_range(days),
            "limit": page_limit,
            "filtering": [fields.status_filter("campaign")],
        }
        found: dict[str, None] = {}
        for page in self.client.pages(self._path, params):
            for row in orjson.loads(page.rows):
                if not isinstance(row, dict) or not row.get("campaign_id"):
                    raise WindowUnusable(
                        f"Meta listed a campaign without its id, {days}.",
                        "The window is read again in the next run.",
                        code="SPOOL-ROWS",
                    )
                found[str(row["campaign_id"])] = None
        return list(found)

    def _answer(self, params: dict[str, object], shape: RequestShape) -> list[Path]:
        """The pages of one request, at once or from a report.

        Raises:
            TooMuchData: also where three reports failed.
        """
        if shape.mode == "now":
            return self.listing(self._path, params)
        limit = params.pop("limit")
        for attempt in range(1, REPORT_TRIES + 1):
            try:
                run_id = made_report(
                    self.client, self.clock, self._path, params, self.load_seconds
                )
                return self.listing(f"{run_id}/insights", {"limit": limit})
            except ReportFailed as problem:
                logger.info("%s (try %s)", problem, attempt)
                failure = problem
        raise TooMuchData(
            f"{REPORT_TRIES} reports in a row came to nothing; the last: "
            f"{failure.message}",
            "Ask for fewer days.",
            code=failure.code,
        )

    def _smaller(
        self, problem: TooMuchData, shape: RequestShape, level: Level, longest: int
    ) -> RequestShape | None:
        """The next shape to try; None when there is none.

        A listing without an end gets no shorter by smaller pages.
        """
        if problem.code == ENDLESS:
            return fewer_days(shape)
        return narrower(shape, level, longest, self.page_limit)

    @property
    def _path(self) -> str:
        return f"act_{self.account_id}/insights"


def _time_range(days: DateWindow) -> dict[str, str]:
    return {"since": str(days.since), "until": str(days.until)}


def _is_in(name: str, ids: list[str]) -> dict[str, object]:
    return {"field": name, "operator": "IN", "value": ids}


def _cut(windows: list[DateWindow], longest: int) -> list[DateWindow]:
    """The same days in windows of at most so many, newest first."""
    days = [day for window in windows for day in window.days()]
    return [part for whole in consecutive(days) for part in whole.slices(longest)]
