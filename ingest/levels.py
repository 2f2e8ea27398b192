"""Reads every level of some days, in total and by country, and doubts what it read.

A level that holds less than another of the same load is read a second time; a day that
lost much of what it had is held back until a later run reads the same.
"""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date

from ingest.completeness import is_confirmed, is_shrunk, short_days
from ingest.errors import (
    LevelShort,
    NoUsableAnswer,
    PathwaysError,
    ReportFailed,
    RequestRefused,
    ShrinkHeldBack,
    TimeUp,
    TooMuchData,
    WindowUnusable,
)
from ingest.expectation import WINDOWS, Expectation, Window
from ingest.fields import BREAKDOWNS, LEVELS
from ingest.insights_request import InsightsRequest, Keep, WindowReading
from ingest.ledger import Account, Ledger, Reading
from ingest.request_shape import Choice
from ingest.spool import DayContent
from ingest.windows import DateWindow, consecutive, is_partial

logger = logging.getLogger(__name__)

REPORTS_SIDE_BY_SIDE = 4
# A second look at a report is taken at once, few days a request: Meta's two ways of
# answering do not always agree.
SECOND_LOOK_DAYS = 3
# A window that meets one of these leaves the account's other windows possible.
OF_ONE_WINDOW = (TooMuchData, WindowUnusable, RequestRefused, ReportFailed)


@dataclass
class LevelsReading:
    """What came of reading some days of one account.

    Attributes:
        readings: by window; those that were not begun are not there.
        refused: days that were read and are not believed, with the reason.
        fatal: why nothing more should be asked for the account in this run.
    """

    days: DateWindow
    readings: dict[Window, WindowReading] = field(default_factory=dict)
    refused: dict[tuple[Window, date], WindowUnusable] = field(default_factory=dict)
    fatal: PathwaysError | None = None

    def problems(self) -> list[PathwaysError]:
        """Each problem once, whatever number of windows it met."""
        found = [reading.problem for reading in self.readings.values()]
        found += self.refused.values()
        return list({str(each): each for each in found if each is not None}.values())


@dataclass(frozen=True)
class LevelsReader:
    """Reads the levels of one account.

    Attributes:
        shrink_share: the part of a day that may go without a second reading.
        accepts_shrink: believe every loss at once.
        window_begun: told of each window before it is asked for, and whether as a
            report.
        window_read: told of each window that was read.
    """

    request: InsightsRequest
    account: Account
    ledger: Ledger
    expectation: Expectation
    shrink_share: float
    accepts_shrink: bool
    window_begun: Callable[[Window, bool], None] = lambda *_: None
    window_read: Callable[[Window, WindowReading], None] = lambda *_: None

    def read(self, days: DateWindow) -> LevelsReading:
        """Every level of the days, in total and by country."""
        found = LevelsReading(days)
        began = self.request.client.busy_seconds
        shapes = {window: self.expectation.choice(window, days) for window in WINDOWS}
        reports = [w for w in WINDOWS if shapes[w].shape.mode == "report"]
        with ThreadPoolExecutor(REPORTS_SIDE_BY_SIDE) as pool:
            # Reports are made at Meta's while the others are asked for here.
            waiting = [
                pool.submit(self._read, found, window, shapes[window])
                for window in reports
            ]
            for window in WINDOWS:
                if window not in reports and found.fatal is None:
                    self._read(found, window, shapes[window])
            for each in waiting:
                each.result()
        seconds = self.request.client.busy_seconds - began
        self._name_what_is_too_slow(found, seconds)
        self._doubt_short_levels(found)
        self._hold_back_shrunk_days(found)
        return found

    def held(self, window: Window, day: date) -> Reading | None:
        """The reading of the window and day that holds now."""
        return self.ledger.readings.get((self.account.account_id, *window, day))

    def _read(self, found: LevelsReading, window: Window, choice: Choice) -> None:
        if found.fatal is not None:
            return
        self.window_begun(window, choice.shape.mode == "report")
        reading = self.request.read(
            *window, found.days, choice.shape, self._keeps(window)
        )
        found.readings[window] = reading
        self.expectation.learn(window, reading.contents)
        if (shape := reading.next_shape or reading.learned) is not None:
            self.expectation.shapes[window] = shape
        self.window_read(window, reading)
        if reading.problem is not None and not isinstance(
            reading.problem, OF_ONE_WINDOW
        ):
            found.fatal = reading.problem

    def _name_what_is_too_slow(self, found: LevelsReading, seconds: float) -> None:
        """A failure where the next load's time would not be enough either.

        Days that were left for later are read one by one then; a single day, and a
        window that took that long by itself, would be left again, and no one told.
        """
        is_one_day = len(found.days) == 1 and self.request.is_long(seconds)
        for (level, breakdown), reading in found.readings.items():
            is_long = reading.next_shape is not None
            if isinstance(reading.problem, TimeUp) and (is_long or is_one_day):
                took = reading.seconds if is_long else seconds
                next_time = "in smaller parts" if is_long else "last of all"
                by = " by country" if breakdown == "country" else ""
                reading.problem = NoUsableAnswer(
                    f"{level} insights{by} of act_{self.account.account_id}, "
                    f"{found.days}, were not read whole in {took:.0f} s; a load has "
                    f"{self.request.load_seconds:.0f} s.",
                    f"They are asked for {next_time} in the next run. Give loads more "
                    "time (`load_seconds`, or `--backfill-minutes` where it is "
                    "history) if that does not help.",
                    code=TimeUp.code,
                )

    def _keeps(self, window: Window) -> Keep:
        """Whether a day's rows are stored: not again, and not before they are sure."""

        def keep(day: date, content: DayContent) -> bool:
            held = self.held(window, day)
            if held is None:
                return True
            is_new = held.content_hash != content.content_hash
            return is_new and not self._is_held_back(held, content)

        return keep

    def _is_held_back(self, held: Reading, content: DayContent) -> bool:
        return (
            not self.accepts_shrink
            and is_shrunk(held.counts, content, self.shrink_share)
            and not is_confirmed(held.held_back, content, self.shrink_share)
        )

    def _doubt_short_levels(self, found: LevelsReading) -> None:
        """Read again what is short of another level; refuse what stays unsure.

        A second reading may hold more than the first, and so make other levels short.
        """
        seen_twice: set[tuple[Window, date]] = set()
        while doubted := self._doubted(found, seen_twice):
            for window, days in doubted.items():
                seen_twice |= {(window, day) for day in days}
                for part in consecutive(days):
                    self._read_again(found, window, part)

    def _doubted(
        self, found: LevelsReading, seen_twice: set[tuple[Window, date]]
    ) -> dict[Window, list[date]]:
        """Short days that are news and were read once."""
        doubted = {
            window: [
                day
                for day in days
                if (window, day) not in seen_twice and self._is_news(found, window, day)
            ]
            for window, days in self._short(found).items()
        }
        return {window: days for window, days in doubted.items() if days}

    def _is_news(self, found: LevelsReading, window: Window, day: date) -> bool:
        held = self.held(window, day)
        content = found.readings[window].contents[day]
        return held is None or held.content_hash != content.content_hash

    def _read_again(
        self, found: LevelsReading, window: Window, days: DateWindow
    ) -> None:
        first = found.readings[window]
        before = {day: first.contents.pop(day) for day in days.days()}
        logger.info("%s of %s is short of another level; read again", window, days)
        self.request.spool.drop_insights(self.account.account_id, *window, list(before))
        problem = found.fatal
        if problem is None:
            shape = replace(
                first.shape, mode="now", days=min(first.shape.days, SECOND_LOOK_DAYS)
            )
            again = self.request.read(*window, days, shape, self._keeps(window))
            first.contents |= again.contents
            problem = again.problem
            if problem is not None and not isinstance(problem, OF_ONE_WINDOW):
                found.fatal = problem
        # A day that the second reading lacks was left, not found short.
        first.problem = first.problem or problem
        for day in self._short(found).get(window, []):
            content_hash = first.contents[day].content_hash
            if day in before and before[day].content_hash != content_hash:
                self._refuse(found, window, day, _short_message(window, day))

    def _short(self, found: LevelsReading) -> dict[Window, list[date]]:
        partial = {
            day
            for reading in found.readings.values()
            for day in reading.contents
            if is_partial(day, reading.requested_at, self.account.timezone_name)
        }
        return {
            (level, breakdown): days
            for breakdown in BREAKDOWNS
            for level, days in short_days(
                {
                    level: found.readings[level, breakdown].contents
                    for level in LEVELS
                    if (level, breakdown) in found.readings
                },
                partial,
            ).items()
        }

    def _hold_back_shrunk_days(self, found: LevelsReading) -> None:
        for window, reading in found.readings.items():
            for day, content in reading.contents.items():
                held = self.held(window, day)
                if held is not None and self._is_held_back(held, content):
                    found.refused[window, day] = ShrinkHeldBack(
                        f"act_{self.account.account_id} lost more than "
                        f"{self.shrink_share:.0%} of what it had on days of "
                        f"{found.days}.",
                        "What was known still holds; the next run's reading decides, "
                        "or `pathways sync --accept-shrink`.",
                    )

    def _refuse(
        self, found: LevelsReading, window: Window, day: date, message: str
    ) -> None:
        self.request.spool.drop_insights(self.account.account_id, *window, [day])
        found.readings[window].contents.pop(day, None)
        found.refused[window, day] = LevelShort(
            f"act_{self.account.account_id}: {message}",
            "The window is read again in the next run.",
        )


def _short_message(window: Window, day: date) -> str:
    level, breakdown = window
    by = " by country" if breakdown == "country" else ""
    return f"{level} insights{by} of {day} hold less than another level, twice unlike."
