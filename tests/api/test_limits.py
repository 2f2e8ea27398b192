"""The bucket of a key, by a clock of its own."""

import threading

import pytest

from api.callers import EVERYONE, Caller
from api.errors import Busy, TooMany
from api.limits import Buckets, Turns


class Clock:
    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def test_a_bucket_is_full_at_first_and_fills_again_with_time() -> None:
    clock = Clock()
    buckets = Buckets(per_second=2, burst=3, clock=clock)

    at_first = [buckets.take("a").requests for _ in range(3)]
    with pytest.raises(TooMany) as refused:
        buckets.take("a")
    # Half a second gives one token.
    clock.seconds += 0.5
    later = buckets.take("a")
    # An hour fills it, and no further.
    clock.seconds += 3600
    full = buckets.take("a")

    assert at_first == [2, 1, 0]
    assert refused.value.headers["Retry-After"] == "1"
    assert (later.requests, later.seconds) == (0, 2)
    assert (full.requests, full.seconds) == (2, 1)


def test_who_is_refused_loses_nothing_by_asking() -> None:
    clock = Clock()
    buckets = Buckets(per_second=1, burst=1, clock=clock)
    buckets.take("a")

    for _ in range(9):
        clock.seconds += 0.1
        with pytest.raises(TooMany):
            buckets.take("a")
    clock.seconds += 0.2

    assert buckets.take("a").requests == 0


def test_each_key_has_a_bucket_of_its_own() -> None:
    buckets = Buckets(per_second=1, burst=1, clock=Clock())
    buckets.take("a")

    assert buckets.take("b").requests == 0


def test_without_keys_all_turns_are_everyones() -> None:
    turns = Turns(4)

    for _ in range(4):
        turns.take(EVERYONE)
    with pytest.raises(Busy):
        turns.take(EVERYONE)
    turns.give_back(EVERYONE)
    turns.take(EVERYONE)


def test_who_waits_for_a_turn_gets_the_one_given_back() -> None:
    turns = Turns(1, seconds=30)
    order: list[str] = []

    def wait() -> None:
        with turns.one(EVERYONE):
            order.append("second")

    waiting = threading.Thread(target=wait, daemon=True)
    with turns.one(EVERYONE):
        waiting.start()
        waiting.join(0.1)
        order.append("first")
    # Long before its thirty seconds are over.
    waiting.join(10)

    assert order == ["first", "second"]


def test_half_of_the_turns_stay_for_other_keys() -> None:
    turns = Turns(4)
    one, other = Caller("a", None), Caller("b", None)

    with turns.one(one), turns.one(one):
        with pytest.raises(Busy):
            turns.take(one)
        with turns.one(other), turns.one(other), pytest.raises(Busy):
            turns.take(Caller("c", None))


def test_a_key_gets_a_turn_even_where_there_is_one() -> None:
    turns = Turns(1)

    turns.take(Caller("a", None))
    with pytest.raises(Busy):
        turns.take(Caller("b", None))
