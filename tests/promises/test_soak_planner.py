"""Thirty days of the real planner over the real ledger, at 96 cycles a day.

Two accounts whose clocks change within the month, one forwards and one back. A probe
says now and then that a day changed, the machine sleeps, a token expires, windows fail
and heal.
"""

from datetime import timedelta

import pytest

from ingest import planner
from ingest.ledger import read_ledger
from ingest.reading import account_state
from ingest.windows import DateWindow, local_day
from tests.promises.soak_month import (
    CREATED,
    DAYS,
    INTERVAL,
    START,
    Month,
    accounts,
    oldest_reading,
)
from tests.promises.soak_planner import Simulation

pytestmark = pytest.mark.slow

END = START + timedelta(days=DAYS) - INTERVAL


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Month:
    """The month that has passed; every cycle was watched while it ran."""
    done = Month(Simulation(tmp_path_factory.mktemp("month"), accounts()))
    done.run()
    print(done.figures())
    return done


RULES = {
    "not staler": "no day is staler than its tier allows, an interval and slack apart",
    "fresh after": "after a cycle each day it could read is as fresh as its tier says",
    "changes read": "what a probe shows to have changed is read in the same cycle",
    "final at 29": "a day is read once more as soon as it is 29 days old",
    "each day once": "no day is planned twice in a cycle",
    "urgent first": "today, yesterday and changed days come before all others",
    "newest first within a tier": "newer days come before older ones of their tier",
    "nothing without need": "no day is planned that is not due",
    "history whole": "history is planned whole: every day without a reading, no other",
    "history apart": "no day is planned both as fresh and as history",
    "history newest first": "history is planned newest first",
    "the ledger is what was kept": "the ledger read afresh equals what was kept",
}


@pytest.mark.parametrize("rule", RULES, ids=RULES.values())
def test_in_every_cycle(month: Month, rule: str) -> None:
    assert month.checked[rule] > 50
    assert month.broken[rule][:3] == []


def test_the_month_had_what_it_was_made_to_have(month: Month) -> None:
    assert month.missed > 20
    assert month.failures > 100
    assert {*month.tiers} >= {
        "missing",
        "probe",
        "held_back",
        "hourly",
        "daily",
        "third_day",
        "final",
        "backfill",
    }


def test_history_is_whole_in_the_end(month: Month) -> None:
    ledger = read_ledger(month.simulation.data_dir, END)

    for account_id, created_on in CREATED.items():
        state = account_state(ledger.accounts[account_id], ledger)
        days = DateWindow(created_on, local_day(END, state.timezone_name)).days()
        holes = [day for day in days if oldest_reading(state, day) is None]
        assert holes == []


def test_the_last_reading_of_each_day_was_at_29_to_35_days(month: Month) -> None:
    ledger = read_ledger(month.simulation.data_dir, END)

    ages = {}
    for account_id in CREATED:
        state = account_state(ledger.accounts[account_id], ledger)
        # Within five weeks at the start, beyond them in the end.
        first = local_day(START, state.timezone_name) - timedelta(planner.PROBE_DAYS)
        last = local_day(END, state.timezone_name) - timedelta(planner.PROBE_DAYS + 1)
        for day in DateWindow(first, last).days():
            read = oldest_reading(state, day)
            assert read is not None
            ages[account_id, day] = (local_day(read, state.timezone_name) - day).days

    # New York's 30 January to 28 February; in Auckland it was 31 January by then.
    assert len(ages) == 30 + 29
    assert {key: age for key, age in ages.items() if not 29 <= age <= 35} == {}


def test_a_quiet_cycle_is_three_listings_and_a_probe(month: Month) -> None:
    # Two accounts, each: campaigns, ad sets, ads; one probe of 35 days.
    assert {*month.quiet_calls} == {2 * (3 + 1)}
    assert len(month.quiet_calls) > 100
