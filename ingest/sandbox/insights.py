"""The insights edge: which ads count, rows span by span, pages of them."""

import math
from bisect import bisect_right
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from threading import Lock

import numpy as np
from numpy.typing import NDArray

from ingest.sandbox import paging
from ingest.sandbox.aggregate import Totals, totals
from ingest.sandbox.cache import Cache
from ingest.sandbox.cells import METRICS, Ripeness, ripeness
from ingest.sandbox.insight_query import InsightsQuery, Span, insights_query
from ingest.sandbox.nodes import Level
from ingest.sandbox.params import Filters, Request
from ingest.sandbox.render import Rows, rendered
from ingest.sandbox.size_limits import SizeLimits
from ingest.sandbox.stage import Stage
from ingest.sandbox.state import AccountState
from ingest.sandbox.statuses import GONE

_ENDS_CACHE_BYTES = 16 * 2**20
_BELOW_ACCOUNT: tuple[Level, ...] = ("campaign", "adset", "ad")


@dataclass(frozen=True)
class Question:
    """One request's query, of one object, at one moment, of one state of its account.

    Whoever keeps it can go on reading the same rows while the world changes.
    """

    state: AccountState
    node_level: Level
    node_id: str
    query: InsightsQuery
    now: datetime

    def key(self, span: Span) -> tuple[object, ...]:
        """Equal keys, equal rows."""
        return self.subject, span, self._freshness(span)

    @cached_property
    def subject(self) -> tuple[object, ...]:
        """What is asked of which state, but for days and moment."""
        return (
            self.state.account.id,
            self.state.version,
            self.node_id,
            self.query.level,
            self.query.by_country,
            self.query.fields,
            self.query.filters.key,
        )

    def _freshness(self, span: Span) -> Ripeness | int | None:
        since, until = span
        if since == until:
            return ripeness(self.state.account, since, self.now)
        return int(self.now.timestamp()) // 60


class Insights:
    """Answers insights requests; rendered rows are kept for the next page or caller."""

    def __init__(self, stage: Stage, cache_bytes: int) -> None:
        self._stage = stage
        self._cache = Cache(cache_bytes)
        self._ends = Cache(_ENDS_CACHE_BYTES)
        self._lock = Lock()

    def question(
        self,
        request: Request,
        state: AccountState,
        node_level: Level,
        node_id: str,
        now: datetime,
    ) -> Question:
        """What the request asks of the object. Raises: GraphError."""
        query = insights_query(request, node_level, state.account.local_day(now))
        return Question(state, node_level, node_id, query, now)

    def answer(
        self, request: Request, question: Question, limits: SizeLimits
    ) -> paging.Page:
        """One page of the answer. Raises: GraphError."""
        spans = question.query.spans
        days = (spans[-1][1] - spans[0][0]).days + 1
        if limits.days_a_request is not None and days > limits.days_a_request:
            raise limits.error()
        most = limits.rows_a_request
        if most is not None and self.count(question) > most:
            raise limits.error()
        page = self._page(question, paging.place(request))
        if limits.rows_a_page is not None and page.count > limits.rows_a_page:
            raise limits.error()
        return page

    def count(self, question: Question) -> int:
        """How many rows there are on all pages together."""
        ends = self._known_ends(question)
        for number in range(len(question.query.spans)):
            self._extent(question, ends, number)
        return ends[-1]

    def page_of(self, request: Request, question: Question, rows: int) -> paging.Page:
        """One page of the first `rows` rows only. Raises: GraphError."""
        at = paging.place(request)
        left = max(rows - at.offset, 0)
        page = self._page(question, replace(at, limit=min(at.limit, left)))
        has_more = at.offset + page.count < rows
        return replace(page, place=at, has_more=has_more)

    def _page(self, question: Question, at: paging.Place) -> paging.Page:
        spans, ends = question.query.spans, self._known_ends(question)
        runs: list[bytes] = []
        taken = 0
        number = bisect_right(ends, at.offset)
        while number < len(spans):
            begin, end = self._extent(question, ends, number)
            first = max(at.offset + taken - begin, 0)
            if first < end - begin:
                last = min(first + at.limit - taken, end - begin)
                if last > first:
                    runs.append(self._rows(question, spans[number]).cut(first, last))
                taken += last - first
                if begin + last < end:
                    return paging.Page(at, runs, taken, has_more=True)
            number += 1
        return paging.Page(at, runs, taken, has_more=False)

    def _known_ends(self, question: Question) -> list[int]:
        """How many rows there are up to each span's end, as far as was asked before."""
        spans = question.query.spans
        return self._ends.get(
            (question.subject, spans, int(question.now.timestamp()) // 60),
            list,
            lambda _: 40 * len(spans) + 1_000,
        )

    def _extent(
        self, question: Question, ends: list[int], number: int
    ) -> tuple[int, int]:
        begin = ends[number - 1] if number else 0
        if number == len(ends):
            end = begin + len(self._rows(question, question.query.spans[number]))
            with self._lock:
                if number == len(ends):
                    ends.append(end)
        return begin, ends[number]

    def _rows(self, question: Question, span: Span) -> Rows:
        return self._cache.get(
            question.key(span),
            lambda: self._rendered(question, span),
            lambda rows: len(rows.text) + rows.ends.nbytes + 1_000,
        )

    def _rendered(self, question: Question, span: Span) -> Rows:
        state, query = question.state, question.query
        length = (span[1] - span[0]).days + 1
        days = (span[0] + timedelta(days=number) for number in range(length))
        found = (self._stage.cells(state, day, question.now) for day in days)
        rows = totals(
            state,
            [cells for cells in found if cells is not None],
            query.level,
            _shown_ads(question),
            by_country=query.by_country,
        )
        if query.filters.more_than:
            rows = rows.chosen(_is_more(rows, state, query.filters))
        return rendered(state, rows, query.fields, span)


def _shown_ads(question: Question) -> NDArray[np.bool_]:
    state, query = question.state, question.query
    shown = np.ones(len(state.ads), dtype=bool)
    for level in _BELOW_ACCOUNT:
        is_row = level == query.level and level != question.node_level
        hides_gone = is_row and level not in query.filters.statuses
        verdicts = [
            _meets(state, level, object_id, query.filters)
            and not (hides_gone and state.listed_status(object_id) in GONE)
            and (level != question.node_level or object_id == question.node_id)
            for object_id in state.object_ids(level)
        ]
        shown &= np.array(verdicts, dtype=bool)[state.groups[level]]
    return shown


def _is_more(rows: Totals, state: AccountState, filters: Filters) -> NDArray[np.bool_]:
    more = np.ones(len(rows.objects), dtype=bool)
    for name, limit in filters.more_than.items():
        units = state.account.minor_units if name == "spend" else 1
        # Over a limit of parts of a unit is over the whole units in it.
        more &= rows.values[:, METRICS.index(name)] > math.floor(limit * units)
    return more


def _meets(state: AccountState, level: Level, object_id: str, filters: Filters) -> bool:
    status = state.listed_status(object_id)
    return status in filters.statuses.get(level, (status,)) and (
        filters.allows(level, object_id)
    )
