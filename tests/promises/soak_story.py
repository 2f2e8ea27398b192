"""What happens to a small world while cycles run, and what each ought to end as.

Two stores of one campaign, one ahead of UTC and one behind it, whose clocks change on
the second day. Everything happens between two cycles; each happening falls upon the
same share of any run, so that a short run meets all of them too.
"""

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta

from ingest.sandbox import page_faults
from ingest.sandbox.faults import (
    Fault,
    connection_reset,
    graph_error,
    server_error,
    truncated,
)
from ingest.sandbox.server import Sandbox
from ingest.sandbox.story import (
    ChangeBudget,
    EmptyDay,
    NewAd,
    Rename,
    RestateDay,
    SetStatus,
    VanishAd,
)
from ingest.sandbox.world import DEFAULT_SEED, World, build_world, default_plans

ACME, NOOR = "100000000000001", "100000000000002"
# A Saturday; New York's clocks go forward on the Sunday.
START = datetime(2026, 3, 7, 6, 0, tzinfo=UTC)
LATE_RATE = date(2026, 3, 6)
NEW_AD = "901000000000000077"
# What a client gets over by itself, one in so many cycles.
PASSING_EVERY = 5
PASSING: tuple[Fault, ...] = (
    server_error(),
    connection_reset(),
    truncated(),
    graph_error(2, status=500, message="(#2) Service temporarily unavailable"),
    page_faults.emptied(),
)


def soak_world() -> World:
    """Five ads an account, forty days of history."""
    plans = [
        replace(plan, campaigns=1, created_days_ago=40) for plan in default_plans()
    ]
    return build_world(plans, seed=DEFAULT_SEED, start=START)


What = Callable[[Sandbox, datetime], None]


@dataclass(frozen=True)
class Happening:
    """Something that happens before a cycle, and the exit codes from that one on.

    Attributes:
        undone: what happens before the next cycle.
    """

    what: What
    exit_codes: tuple[int, ...] = (0,)
    undone: What | None = None


def days_ago(sandbox: Sandbox, days: int) -> date:
    return sandbox.clock.now().date() - timedelta(days=days)


def restated(account: str, ago: int, spend: int, sales: int) -> Happening:
    def what(sandbox: Sandbox, at: datetime) -> None:
        day = days_ago(sandbox, ago)
        sandbox.append(RestateDay(at, account, day, spend, sales))

    return Happening(what)


def an_ad_is_new(sandbox: Sandbox, at: datetime) -> None:
    adset = next(each for each in sandbox.world.adsets if each.account_id == ACME)
    sandbox.append(NewAd(at, adset.id, NEW_AD, "Fresh"))


def an_ad_vanishes(sandbox: Sandbox, at: datetime) -> None:
    ad = next(each for each in sandbox.world.ads if each.account_id == NOOR)
    sandbox.append(VanishAd(at, ad.id))


def a_day_is_emptied(sandbox: Sandbox, at: datetime) -> None:
    sandbox.append(EmptyDay(at, NOOR, days_ago(sandbox, 4)))


def an_adset_is_paused(sandbox: Sandbox, at: datetime) -> None:
    adset = [each for each in sandbox.world.adsets if each.account_id == NOOR][-1]
    campaign = next(each for each in sandbox.world.campaigns if each.daily_budget)
    sandbox.append(
        SetStatus(at, adset.id, "PAUSED"),
        Rename(at, campaign.id, "Renamed 'é' \"quoted\""),
        ChangeBudget(at, campaign.id, 12_300),
    )


def a_rate_is_late(sandbox: Sandbox, at: datetime) -> None:
    sandbox.rates.withhold(LATE_RATE)


def the_late_rate_comes(sandbox: Sandbox, at: datetime) -> None:
    sandbox.rates.release(LATE_RATE)


def a_window_is_refused(sandbox: Sandbox, at: datetime) -> None:
    refusal = graph_error(100, status=400, message="(#100) Invalid parameter")
    of_today = rf"act_{ACME}/insights(?=.*level=adset)(?=.*breakdowns=country)"
    sandbox.faults.add(match=of_today, fault=refusal)


def the_token_is_gone(sandbox: Sandbox, at: datetime) -> None:
    sandbox.fail_account(f"act_{ACME}", "expired_token")


def the_token_is_back(sandbox: Sandbox, at: datetime) -> None:
    sandbox.restore(f"act_{ACME}")


def insights_are_shut(sandbox: Sandbox, at: datetime) -> None:
    sandbox.throttle(ACME, "insights", minutes=40)


SHUT_AT = 0.56
# By the share of the run that has passed. Each cycle that is named by none exits 0.
HAPPENINGS: tuple[tuple[float, Happening], ...] = (
    (0.00, Happening(a_rate_is_late)),
    (0.10, restated(ACME, ago=2, spend=1020, sales=1300)),
    (0.19, Happening(a_window_is_refused, exit_codes=(1,))),
    (0.28, Happening(an_ad_is_new)),
    (0.37, Happening(an_ad_vanishes)),
    # Held back until a second reading says the same.
    (0.46, Happening(a_day_is_emptied, exit_codes=(1, 0))),
    # Left alone, not failed; the two cycles after it still find it shut.
    (SHUT_AT, Happening(insights_are_shut)),
    (0.76, Happening(the_token_is_gone, exit_codes=(1,), undone=the_token_is_back)),
    (0.82, Happening(an_adset_is_paused)),
    (0.87, restated(NOOR, ago=20, spend=980, sales=1000)),
    (0.91, restated(ACME, ago=33, spend=1000, sales=1400)),
    (0.95, Happening(the_late_rate_comes)),
)


def placed(cycles: int) -> dict[int, list[What]]:
    """What happens before each cycle, by its number."""
    found: dict[int, list[What]] = defaultdict(list)
    for share, happening in HAPPENINGS:
        number = int(share * cycles)
        found[number].append(happening.what)
        if happening.undone is not None:
            found[number + 1].append(happening.undone)
    return found


def expected_exit_codes(cycles: int) -> list[int]:
    """Of each cycle."""
    codes = [0] * cycles
    for share, happening in HAPPENINGS:
        for later, code in enumerate(happening.exit_codes, int(share * cycles)):
            codes[later] = max(codes[later], code)
    return codes


def pass_faults(sandbox: Sandbox, number: int) -> None:
    """Let something go wrong for a moment in this cycle, now and then."""
    turn, rest = divmod(number, PASSING_EVERY)
    if rest == PASSING_EVERY - 1:
        of_ads = rf"act_{NOOR}/insights(?=.*level=ad(&|$))"
        sandbox.faults.add(match=of_ads, fault=PASSING[turn % len(PASSING)])
