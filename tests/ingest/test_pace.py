"""When the next call may go: waits, limits of a wait, who is held up and who is not."""

from dataclasses import replace
from datetime import timedelta

import pytest

from ingest.errors import Deferred, Throttled
from ingest.pace import Bucket, Pace
from ingest.throttle import LIMITED_POINTS, Quota
from tests.fixtures.fake_time import FakeTime

ONE, TWO = "100000000000001", "100000000000002"
FULL_ACCESS = "standard_access"
INSIGHTS: Bucket = (ONE, "insights")


def pace(time: FakeTime, longest_wait: float = 1000.0, **more: object) -> Pace:
    return Pace(time.clock, longest_wait, **{"tier": FULL_ACCESS, **more})  # type: ignore[arg-type]


def test_nobody_waits_while_the_quotas_are_open() -> None:
    time = FakeTime()
    it = pace(time)

    for _ in range(500):
        it.before(ONE, "insights", 1)
        it.answered(ONE, "insights", Quota(account_percent=40, tier=FULL_ACCESS))

    assert time.waits == []


def test_call_waits_before_the_quota_is_full() -> None:
    time = FakeTime()
    it = pace(time)
    it.answered(ONE, "insights", Quota(account_percent=85))

    it.before(ONE, "insights", 1)

    assert time.waits == [15.0]


def test_full_quota_of_insights_does_not_hold_up_objects_nor_other_accounts() -> None:
    time = FakeTime()
    it = pace(time)
    it.answered(ONE, "insights", Quota(account_percent=100, regain_seconds=600))

    it.before(ONE, "management", 1)
    it.before(TWO, "insights", 1)

    assert time.waits == []


def test_full_quota_of_the_app_holds_up_every_account() -> None:
    time = FakeTime()
    it = pace(time)
    it.answered(ONE, "insights", Quota(app_percent=100, account_percent=3))

    it.before(TWO, "management", 1)

    assert time.waits == [60.0]


@pytest.mark.parametrize(
    ("code", "waits"),
    [
        pytest.param(80000, [], id="of the account"),
        pytest.param(17, [60.0], id="of the user"),
        pytest.param(4, [60.0], id="of the app"),
    ],
)
def test_refusal_of_one_account_holds_up_whom_it_names(
    code: int, waits: list[float]
) -> None:
    time = FakeTime()
    it = pace(time)
    it.refused(ONE, "insights", Quota(), Throttled("wait", code), None)

    it.before(TWO, "insights", 1)

    assert time.waits == waits


def test_refused_account_asks_again_no_earlier_than_told() -> None:
    time = FakeTime()
    it = pace(time)
    quota = Quota(account_percent=100, regain_seconds=540)
    it.refused(ONE, "insights", quota, Throttled("wait", 80000), None)

    it.before(ONE, "insights", 1)

    assert time.waits == [540.0]


def test_wait_beyond_the_longest_defers_the_account_until_it_may_go_on() -> None:
    time = FakeTime()
    it = pace(time, longest_wait=300)
    quota = Quota(regain_seconds=1800)
    it.refused(ONE, "insights", quota, Throttled("wait", 80000), None)

    with pytest.raises(Deferred) as caught:
        it.before(ONE, "insights", 1)

    assert time.waits == []
    assert caught.value.resume_at == time.start + timedelta(minutes=30)
    assert it.shut(ONE) == {INSIGHTS: time.start + timedelta(minutes=30)}
    assert it.shut(TWO) == {}


def test_waits_of_an_account_add_up_to_the_longest() -> None:
    time = FakeTime()
    it = pace(time, longest_wait=100)
    refusal = Throttled("wait", 80000)
    it.refused(ONE, "insights", Quota(), refusal, None)
    it.before(ONE, "insights", 1)
    it.refused(ONE, "insights", Quota(), refusal, None)

    with pytest.raises(Deferred):
        it.before(ONE, "insights", 1)

    # One minute, then two that no longer fit in a hundred seconds.
    assert time.waits == [60.0]
    assert it.waited(ONE) == 60.0


def test_threads_that_wait_side_by_side_wait_once() -> None:
    time = FakeTime()
    it = pace(time, longest_wait=60)
    it.answered(ONE, "insights", Quota(account_percent=100, regain_seconds=50))

    it.before(ONE, "insights", 1)
    # The other thread began to wait with it: by its clock nothing has passed yet.
    time.waits.clear()
    it.before(ONE, "insights", 1)

    assert it.waited(ONE) == 50.0


def test_wait_that_is_under_way_counts_as_far_as_it_has_come() -> None:
    time = FakeTime()
    seen: list[float] = []

    def sleep(seconds: float) -> None:
        seen.append(it.waited_so_far(ONE))
        time.waits.append(seconds)

    it = Pace(replace(time.clock, sleep=sleep), 60, tier=FULL_ACCESS)
    it.answered(ONE, "insights", Quota(account_percent=100, regain_seconds=50))

    it.before(ONE, "insights", 1)

    assert seen == [0.0]
    assert it.waited_so_far(ONE) == it.waited(ONE) == 50.0


def test_calls_that_are_refused_side_by_side_are_one_refusal() -> None:
    """Each one after another doubles the wait; eight at once say nothing new."""
    waits = {}
    for count in (1, 8):
        time = FakeTime()
        it = pace(time)
        for _ in range(8):
            it.before(ONE, "insights", 1)
        for _ in range(count):
            it.refused(ONE, "insights", Quota(), Throttled("Wait.", 80000), None)
        it.before(ONE, "insights", 1)
        waits[count] = time.waits

    assert waits[8] == waits[1] != []


def test_app_that_is_shut_out_is_so_for_each_of_its_tokens() -> None:
    time = FakeTime()
    first, second = pace(time), pace(time)
    for it in (first, second):
        it.share_app([first, second])
    refusal = Throttled("(#4) Application request limit reached", 4)

    first.refused(ONE, "insights", Quota(), refusal, retry_after=90)
    second.before(TWO, "management", 1)

    assert time.waits == [90.0]


def test_user_who_is_shut_out_is_so_for_the_own_token_only() -> None:
    time = FakeTime()
    first, second = pace(time), pace(time)
    first.share_app([first, second])
    refusal = Throttled("(#17) User request limit reached", 17)

    first.refused(ONE, "insights", Quota(), refusal, retry_after=90)
    second.before(TWO, "insights", 1)

    assert time.waits == []


def test_bucket_that_an_earlier_run_found_shut_stays_shut() -> None:
    time = FakeTime()
    opens = time.start + timedelta(minutes=4)
    it = pace(time, open_from={INSIGHTS: opens})

    it.before(ONE, "management", 1)
    it.before(ONE, "insights", 1)

    assert time.waits == [240.0]


def test_limited_app_stays_within_its_points() -> None:
    time = FakeTime()
    it = pace(time, tier=None)

    for _ in range(LIMITED_POINTS + 1):
        it.before(ONE, "insights", 1)
    it.before(TWO, "insights", 1)

    # The first fifty at once; the next when they are five minutes old.
    assert time.waits == [300.0]


def test_history_gives_way_where_fresh_days_would_go_on() -> None:
    it = pace(FakeTime())
    it.before(ONE, "insights", 1)
    it.begin_history(ONE)
    it.answered(ONE, "insights", Quota(account_percent=50, tier=FULL_ACCESS))

    it.before(ONE, "insights", 1)
    with pytest.raises(Deferred):
        it.begin_history(ONE)


def test_history_of_a_limited_app_goes_by_its_points_alone() -> None:
    time = FakeTime()
    it = pace(time, tier="development_access")
    it.answered(ONE, "insights", Quota(account_percent=70))

    it.begin_history(ONE)

    assert time.waits == []


def test_points_of_an_earlier_run_count_until_they_are_back() -> None:
    time = FakeTime()
    noted = time.start - timedelta(seconds=100)
    it = pace(time, tier=None, spent={ONE: (noted, LIMITED_POINTS)})

    it.before(TWO, "insights", 1)
    it.before(ONE, "insights", 1)

    # Spent 100 s ago, back after 300 s.
    assert time.waits == [200.0]
    assert it.points(ONE) == 1


def test_time_that_an_answer_told_is_kept_for_later_runs() -> None:
    time = FakeTime()
    it = pace(time)

    it.answered(ONE, "insights", Quota(account_percent=100, regain_seconds=2400))

    assert it.shut(ONE) == {INSIGHTS: time.start + timedelta(minutes=40)}
    assert it.shut(TWO) == {}


def test_milder_answer_does_not_shorten_a_pause() -> None:
    time = FakeTime()
    it = pace(time)
    it.answered(ONE, "insights", Quota(account_percent=94))
    it.answered(ONE, "insights", Quota(account_percent=75))

    it.before(ONE, "insights", 1)

    assert time.waits == [24.0]


def test_moment_a_year_ahead_was_noted_by_a_wrong_clock() -> None:
    time = FakeTime()
    it = pace(time, open_from={INSIGHTS: time.start + timedelta(days=365)})

    it.before(ONE, "insights", 1)

    assert time.waits == []
