"""Whole cycles one after another in this process, and what each of them cost.

The moment of a cycle is the sandbox's; only seconds of work are real.
"""

import logging
import resource
import statistics
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path

from ingest.cycle import run_cycle
from ingest.sandbox.answering import RATES_PATHS
from ingest.sandbox.server import Sandbox
from ingest.settings import FxSettings, Settings
from ingest.status import CycleReport
from ingest.sync import SyncOptions
from tests.fixtures.fake_time import clock_of_sandbox
from tests.promises.soak_story import START, pass_faults, placed, soak_world

logger = logging.getLogger(__name__)

QUARTER, HALF_DAY = timedelta(minutes=15), timedelta(hours=12)
# A scheduler starts a cycle some seconds after its tick, not always the same number.
LATE_SECONDS = (2, 9, 4, 21, 3)


@dataclass(frozen=True)
class Cycle:
    """What one cycle did and cost.

    Attributes:
        is_often: one of those at 96 a day.
        calls: to Meta, of all accounts.
        windows: read, of which `changed` held something new.
        peak_mb: most memory of this process so far.
    """

    number: int
    moment: datetime
    is_often: bool
    exit_code: int
    outcomes: str
    calls: int
    insights_calls: dict[str, int]
    windows: int
    changed: int
    seconds: float
    build_seconds: float
    published: bool
    peak_mb: float


@dataclass
class Soak:
    """A data folder that cycles run on, and the sandbox they read."""

    sandbox: Sandbox
    data_dir: Path
    cycles: list[Cycle] = field(default_factory=list)

    def settings(self) -> Settings:
        stores = {
            account.store: {
                "accounts": [f"act_{account.id}"],
                "reporting_currency": account.reporting_currency,
            }
            for account in self.sandbox.world.accounts
        }
        return Settings.model_validate(
            {
                "data_dir": self.data_dir,
                "now": self.sandbox.clock.now(),
                "meta": {
                    "api_base_url": self.sandbox.url,
                    "access_token": self.sandbox.token,
                    "stores": stores,
                },
                "fx": FxSettings(base_url=f"{self.sandbox.url}{RATES_PATHS[0]}"),
            }
        )

    def run(self, number: int, moment: datetime, is_often: bool) -> CycleReport:
        """One cycle at this moment, or as soon as the one before it is over."""
        self.sandbox.clock.advance_to(moment)
        requests_before = len(self.sandbox.requests)
        began = time.monotonic()
        options = SyncOptions(clock=clock_of_sandbox(self.sandbox))
        report = run_cycle(self.settings(), options=options)
        seconds = time.monotonic() - began
        asked = self.sandbox.requests[requests_before:]
        accounts = [account for sync in report.syncs for account in sync.accounts]
        self.cycles.append(
            Cycle(
                number=number,
                moment=moment,
                is_often=is_often,
                exit_code=report.exit_code,
                outcomes=" ".join(account.word for account in accounts),
                calls=sum(account.usage.calls for account in accounts),
                insights_calls={
                    account.id: sum(
                        entry.path.endswith(f"act_{account.id}/insights")
                        for entry in asked
                    )
                    for account in self.sandbox.world.accounts
                },
                windows=sum(account.windows for account in accounts),
                changed=sum(account.changed_windows for account in accounts),
                seconds=seconds,
                build_seconds=sum(s.seconds for s in report.steps if s.step == "build"),
                published=any(
                    (step.step, step.outcome) == ("publish", "ok")
                    for step in report.steps
                ),
                peak_mb=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
            )
        )
        return report


def moments(often: int, seldom: int) -> Iterator[tuple[datetime, bool]]:
    """So many cycles a quarter of an hour apart, then so many half a day apart."""
    ticks = [(START + number * QUARTER, True) for number in range(often)]
    last = START + often * QUARTER
    ticks += [(last + (number + 1) * HALF_DAY, False) for number in range(seldom)]
    for number, (tick, is_often) in enumerate(ticks):
        late = LATE_SECONDS[number % len(LATE_SECONDS)]
        yield tick + timedelta(seconds=late), is_often


def run_soak(data_dir: Path, often: int, seldom: int) -> Iterator[Soak]:
    """A small world after so many cycles, with everything of the story behind it."""
    happenings = placed(often + seldom)
    with Sandbox(soak_world()) as sandbox:
        soak = Soak(sandbox, data_dir)
        for number, (moment, is_often) in enumerate(moments(often, seldom)):
            if number in happenings:
                sandbox.clock.advance_to(moment - timedelta(minutes=3))
            for happens in happenings[number]:
                happens(sandbox, sandbox.clock.now())
            pass_faults(sandbox, number)
            report = soak.run(number, moment, is_often)
            logger.warning("%s", soak.cycles[-1])
            for problem in (f for sync in report.syncs for f in sync.failures):
                logger.warning("cycle %s: %s", number, problem)
        yield soak


def figures(cycles: Sequence[Cycle]) -> dict[str, object]:
    """What the cycles cost, as `bench/soak.json` keeps it."""
    often = [cycle for cycle in cycles if cycle.is_often]
    seldom = [cycle for cycle in cycles if not cycle.is_often]
    document: dict[str, object] = {
        name: {
            "cycles": len(group),
            "published": sum(cycle.published for cycle in group),
            "skipped": sum(not cycle.published for cycle in group),
            "exit_0": sum(cycle.exit_code == 0 for cycle in group),
            "calls": _spread([cycle.calls for cycle in group]),
            "windows": _spread([cycle.windows for cycle in group]),
            "seconds": _spread([cycle.seconds for cycle in group]),
            "seconds_without_build": _spread(
                [cycle.seconds - cycle.build_seconds for cycle in group]
            ),
        }
        for name, group in (
            ("first", cycles[:1]),
            ("at_96_a_day", often[1:]),
            ("at_2_a_day", seldom),
        )
    }
    quarter = cycles[len(cycles) // 4]
    document["peak_mb"] = {
        "after_a_quarter": round(quarter.peak_mb),
        "at_the_end": round(cycles[-1].peak_mb),
    }
    return document


def _spread(values: Sequence[float]) -> dict[str, float]:
    return {
        "min": round(min(values), 2),
        "median": round(statistics.median(values), 2),
        "max": round(max(values), 2),
    }
