"""Thirty days at 96 cycles a day, watched: what was planned, how late, at what cost.

Nothing here decides what is right in the planner's own words: how old a day may be is
written down again, from HOUSE.md.
"""

import statistics
from collections import defaultdict
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from random import Random

from ingest import planner
from ingest.expectation import WINDOWS, Window
from ingest.fields import LEVELS
from ingest.ledger import Account
from ingest.planner import AccountState, PlannedWindow
from ingest.reading import account_state
from ingest.windows import DateWindow, local_day
from tests.promises.soak_planner import Simulation

START = datetime(2026, 3, 6, 12, 0, tzinfo=UTC)
DAYS, A_DAY = 30, 96
INTERVAL = timedelta(minutes=15)
LEDGER_READ_EVERY = 48
HISTORY_EVERY, HISTORY_DAYS_A_LOAD = 8, 5
# New York's clocks go forward on 8 March 2026, Auckland's back on 5 April.
NEW_YORK, AUCKLAND = "1", "2"
CREATED = {NEW_YORK: date(2025, 6, 1), AUCKLAND: date(2025, 11, 20)}


def accounts() -> dict[str, Account]:
    zones = {
        NEW_YORK: ("America/New_York", "-0400"),
        AUCKLAND: ("Pacific/Auckland", "+1300"),
    }
    return {
        account_id: Account(
            account_id=account_id,
            name="",
            currency="USD",
            timezone_name=zone,
            account_status="1",
            created_time=f"{CREATED[account_id]}T12:00:00{offset}",
            content_hash="same",
            requested_at=START,
        )
        for account_id, (zone, offset) in zones.items()
    }


def longest_age(state: AccountState, day: date, today: date) -> timedelta:
    """How old a reading may be, by HOUSE.md: hourly, daily, each third day, once."""
    age = (today - day).days
    if age <= 1:
        return timedelta(hours=1)
    if age <= 7:
        return timedelta(days=1)
    if age <= 28 or not is_final(state, day):
        return timedelta(days=3)
    return timedelta(days=8)


def oldest_reading(state: AccountState, day: date) -> datetime | None:
    reads = [state.read_at.get((level, day)) for level in LEVELS]
    known = [read for read in reads if read is not None]
    return min(known) if len(known) == len(LEVELS) else None


def is_final(state: AccountState, day: date) -> bool:
    read = oldest_reading(state, day)
    return read is not None and (local_day(read, state.timezone_name) - day).days >= 29


def days_of(planned: list[PlannedWindow]) -> list[date]:
    return [day for plan in planned for day in plan.window.days()]


def kind_of(planned: PlannedWindow) -> tuple[str, bool]:
    return planned.tier, planned.is_urgent


@dataclass
class Month:
    """What is watched while the days go by.

    Attributes:
        last_chance: when each account-day could last be read, had it been due.
        oldest_seen: by limit, the oldest a day was when an undisturbed cycle began.
        broken: by rule, where it did not hold; `checked` counts the times it was asked.
    """

    simulation: Simulation
    random: Random = field(default_factory=lambda: Random(20260306))
    calls: list[int] = field(default_factory=list)
    quiet_calls: list[int] = field(default_factory=list)
    last_chance: dict[tuple[str, date], datetime] = field(default_factory=dict)
    oldest_seen: dict[str, timedelta] = field(
        default_factory=lambda: defaultdict(timedelta)
    )
    broken: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    checked: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    failures: int = 0
    missed: int = 0
    tiers: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def run(self) -> None:
        asleep_until = down_until = 0
        for tick in range(DAYS * A_DAY):
            if self.random.random() < 0.004:
                asleep_until = tick + self.random.choice((1, 2, 5, 40))
            if self.random.random() < 0.002:
                down_until = tick + self.random.choice((1, 4, 30))
            now = START + tick * INTERVAL + timedelta(seconds=self.random.random() * 60)
            self.change_days(now)
            if 0 < tick < asleep_until:
                self.missed += 1
                continue
            self.cycle(tick, now, is_down=0 < tick < down_until)

    def change_days(self, now: datetime) -> None:
        """Today moves by day; some other day of five weeks, now and then."""
        for account in self.simulation.accounts.values():
            local = now.astimezone(UTC)
            today = local_day(now, account.timezone_name)
            if 6 <= local.hour < 22 and self.random.random() < 0.5:
                self.simulation.meta.change(account.account_id, today)
            if self.random.random() < 0.03:
                ago = timedelta(days=self.random.randint(1, planner.PROBE_DAYS))
                self.simulation.meta.change(account.account_id, today - ago)

    def cycle(self, tick: int, now: datetime, is_down: bool) -> None:
        calls, quiet = 0, True
        fresh_days: dict[str, list[date]] = {}
        load_id = self.simulation.begin_load()
        for account in self.simulation.accounts.values():
            if is_down and account.account_id == NEW_YORK:
                self.failures += 1
                calls += 1
                continue
            node_calls = self.simulation.describe(load_id, account, now)
            calls += node_calls + self.simulation.list_objects(load_id, account, now)
            state = self.state(account, now)
            calls += bool(state.read_at)
            plan = planner.fresh_windows(state, now)
            self.check_before(state, now)
            self.check_plan(state, plan, now)
            fresh_days[account.account_id] = days_of(plan)
            failed = self.read(load_id, account, plan, now)
            calls += sum(self.simulation.calls_of(account, p.window) for p in plan)
            quiet &= not plan and not node_calls
            self.check_after(self.state(account, now), failed, now)
        if tick % HISTORY_EVERY == 0:
            calls += self.backfill(fresh_days, now)
        self.calls.append(calls)
        if quiet and tick % HISTORY_EVERY and not is_down:
            self.quiet_calls.append(calls)
        if tick % LEDGER_READ_EVERY == 0 or tick == DAYS * A_DAY - 1:
            is_same = self.simulation.written(now) == self.simulation.kept()
            self.expect("the ledger is what was kept", is_same, now)

    def read(
        self,
        load_id: str,
        account: Account,
        plan: list[PlannedWindow],
        now: datetime,
    ) -> set[date]:
        """Read what is planned; the days of which a window failed or is held back."""
        unread: set[date] = set()
        for planned in plan:
            self.tiers[planned.tier] += len(planned.window)
            refused = (
                self.random.sample(WINDOWS, 1) if self.random.random() < 0.05 else []
            )
            is_held = planned.tier == "probe" and self.random.random() < 0.1

            def fails(
                window: Window, day: date, refused: list[Window] = refused
            ) -> bool:
                return window in refused

            self.simulation.read(load_id, account, planned.window, now, fails, is_held)
            if refused or is_held:
                self.failures += 1
                unread |= {*planned.window.days()}
        return unread

    def backfill(self, fresh_days: dict[str, list[date]], now: datetime) -> int:
        """The newest missing days of each account, as a load of its own."""
        load_id = self.simulation.begin_load()
        calls = 0
        for account_id, read_now in fresh_days.items():
            account = self.simulation.ledger.accounts[account_id]
            state = account_state(account, self.simulation.ledger)
            missing = [
                day
                for day in DateWindow(CREATED[account_id], local_day(now, "UTC")).days()
                if (local_day(now, account.timezone_name) - day).days > 35
                and oldest_reading(state, day) is None
            ]
            plan = planner.backfill_windows(state, now, HISTORY_DAYS_A_LOAD)

            days = days_of(plan)
            until = [p.window.until for p in plan]
            self.expect("history whole", sorted(days) == missing, (now, plan))
            self.expect("history apart", not {*days} & {*read_now}, (now, plan))
            newest_first = until == sorted(until, reverse=True)
            self.expect("history newest first", newest_first, (now, plan))
            if plan:
                self.expect("history newest first", until[0] == missing[-1], now)
                self.read(load_id, account, plan[:1], now)
                calls += self.simulation.calls_of(account, plan[0].window)
        return calls

    def check_before(self, state: AccountState, now: datetime) -> None:
        """No day is staler than its tier allows when the cycle begins."""
        today = local_day(now, state.timezone_name)
        for ago in range(planner.PROBE_DAYS + 1):
            day = today - timedelta(days=ago)
            chance = self.last_chance.get((state.account_id, day))
            read = oldest_reading(state, day)
            if chance is None or read is None:
                continue
            allowed = longest_age(state, day, today)
            missed = now - chance
            told = day, now, read
            self.expect("not staler", now - read <= allowed + missed, told)
            if missed <= INTERVAL + planner.SLACK:
                tier = f"{allowed.total_seconds() / 3600:.0f} h"
                self.oldest_seen[tier] = max(self.oldest_seen[tier], now - read)
                bound = allowed + INTERVAL + planner.SLACK
                self.expect("not staler", now - read <= bound, told)

    def check_after(
        self, state: AccountState, unread: set[date], now: datetime
    ) -> None:
        """Every day that could be read is now as fresh as its tier says, to the dot."""
        today = local_day(now, state.timezone_name)
        for ago in range(planner.PROBE_DAYS + 1):
            day = today - timedelta(days=ago)
            if day in unread:
                continue
            read = oldest_reading(state, day)
            told = day, now, read
            fresh = read is not None and now - read < longest_age(state, day, today)
            self.expect("fresh after", fresh, told)
            self.expect("final at 29", ago < 29 or is_final(state, day), told)
            self.expect("changes read", day not in state.probed, told)
            self.last_chance[state.account_id, day] = now

    def state(self, account: Account, now: datetime) -> AccountState:
        """What the planner is told, the probe included."""
        known = self.simulation.ledger.accounts[account.account_id]
        probed = self.simulation.probed(known, now)
        return account_state(known, self.simulation.ledger, probed)

    def check_plan(
        self, state: AccountState, plan: list[PlannedWindow], now: datetime
    ) -> None:
        """Each day once, for a reason, in the order that bounds how old it can be."""
        days = days_of(plan)
        today = local_day(now, state.timezone_name)
        urgent = [planned.is_urgent for planned in plan]
        self.expect("each day once", len(days) == len({*days}), plan)
        self.expect("urgent first", urgent == sorted(urgent, reverse=True), plan)
        for planned in plan:
            until = [p.window.until for p in plan if kind_of(p) == kind_of(planned)]
            ordered = sorted(until, reverse=True)
            self.expect("newest first within a tier", until == ordered, plan)
            for day in planned.window.days():
                must = (today - day).days <= 1 or (
                    day in state.probed and planned.tier != "missing"
                )
                self.expect("urgent first", planned.is_urgent or not must, plan)
        for day in days:
            read = oldest_reading(state, day)
            is_due = (
                read is None
                or day in state.probed | state.held_back | state.split
                or now - read >= longest_age(state, day, today) - planner.SLACK
                or ((today - day).days > 28 and not is_final(state, day))
            )
            self.expect("nothing without need", is_due, (day, now, read))

    def expect(self, rule: str, holds: bool, detail: object) -> None:
        """Note where a rule was broken, so that each rule has a test of its own."""
        self.checked[rule] += 1
        if not holds:
            self.broken[rule].append(str(detail))

    def figures(self) -> str:
        """Calls of a cycle, for people."""
        median = statistics.median(self.calls)
        ages = {tier: str(age) for tier, age in self.oldest_seen.items()}
        return (
            f"calls a cycle, two accounts: min {min(self.calls)}, median {median:.0f}, "
            f"max {max(self.calls)}; quiet {sorted({*self.quiet_calls})} in "
            f"{len(self.quiet_calls)} of {len(self.calls)} cycles; "
            f"{self.missed} missed; windows failed or held back {self.failures}\n"
            f"days read by tier {dict(self.tiers)}; oldest by limit {ages}"
        )
