"""The room that kept answers take."""

from api.caching import Answered, Kept


def test_kept_answers_take_no_more_than_their_room() -> None:
    kept = Kept(100_000)
    answer = Answered([], b"x" * 9_000)

    for number in range(1_000):
        kept.put(str(number), answer)
        kept.get("0")

    # An answer takes 10,000 with what it costs to keep: ten fit, the first was used.
    there = [number for number in range(1_000) if kept.get(str(number))]
    assert there == [0, *range(991, 1_000)]


def test_an_answer_of_more_than_an_eighth_of_the_room_is_not_kept() -> None:
    kept = Kept(100_000)

    kept.put("large", Answered([], b"x" * 12_000))

    assert kept.get("large") is None


def test_an_answer_that_is_kept_twice_counts_once() -> None:
    kept = Kept(100_000)
    for _ in range(50):
        kept.put("same", Answered([], b"x" * 9_000))
    kept.put("other", Answered([], b"x" * 9_000))

    assert kept.get("same")
    assert kept.get("other")
