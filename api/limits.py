"""How much a caller may ask for: how often, and how much at once."""

import math
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from api.callers import Caller
from api.errors import Busy, TooMany


@dataclass(frozen=True)
class Left:
    """What a key may still ask for, and in how many seconds it may for all again."""

    policy: str
    requests: int
    seconds: int

    def headers(self) -> list[tuple[bytes, bytes]]:
        """As answers say it. Source: IETF, RateLimit header fields for HTTP."""
        left = f'"key";r={self.requests};t={self.seconds}'
        return [
            (b"ratelimit-policy", self.policy.encode()),
            (b"ratelimit", left.encode()),
        ]


class Buckets:
    """A bucket of tokens for each key: full at first, filled again with time.

    Only callers with a key have one, so there are no more of them than keys.
    """

    def __init__(
        self, per_second: float, burst: int, clock: Callable[[], float]
    ) -> None:
        self._per_second = per_second
        self._burst = burst
        self._clock = clock
        self._buckets: dict[str, tuple[float, float]] = {}
        self._policy = f'"key";q={burst};w={math.ceil(burst / per_second)}'

    def take(self, key_id: str) -> Left:
        """Take a token.

        Raises:
            TooMany: there is none.
        """
        now = self._clock()
        tokens, at = self._buckets.get(key_id, (self._burst, now))
        tokens = min(self._burst, tokens + (now - at) * self._per_second)
        is_empty = tokens < 1
        tokens -= 0 if is_empty else 1
        self._buckets[key_id] = (tokens, now)
        if is_empty:
            wait = math.ceil((1 - tokens) / self._per_second)
            raise TooMany(
                f"The key may ask {self._burst} times at once and {self._per_second:g} "
                "times a second.",
                f"Ask again in {wait} s.",
                {
                    "Retry-After": str(wait),
                    "RateLimit-Policy": self._policy,
                    "RateLimit": f'"key";r=0;t={wait}',
                },
            )
        full_in = math.ceil((self._burst - tokens) / self._per_second)
        return Left(self._policy, int(tokens), full_in)


class Turns:
    """So many at once, and of one key no more than half of them.

    Whoever comes on top waits for so many seconds and is then told to come again: a
    queue without a bound would only grow.
    """

    def __init__(self, at_once: int, seconds: float = 0.0) -> None:
        self._at_once = at_once
        self._of_one_key = max(1, at_once // 2)
        self._seconds = seconds
        self._changed = threading.Condition()
        self._taken: Counter[str] = Counter()
        self._all_taken = 0

    def take(self, caller: Caller) -> None:
        """Take a turn, to be given back.

        Raises:
            Busy: there is none.
        """
        with self._changed:
            if not self._changed.wait_for(lambda: self._is_free(caller), self._seconds):
                raise Busy(
                    "As many requests are being answered as this server does at once.",
                    "Ask again in a second, with fewer requests side by side.",
                    {"Retry-After": "1"},
                )
            self._taken[caller.key_id] += 1
            self._all_taken += 1

    def give_back(self, caller: Caller) -> None:
        """End a turn."""
        with self._changed:
            self._taken[caller.key_id] -= 1
            self._all_taken -= 1
            self._changed.notify_all()

    @contextmanager
    def one(self, caller: Caller) -> Iterator[None]:
        """A turn while the block runs. Raises as `take` does."""
        self.take(caller)
        try:
            yield
        finally:
            self.give_back(caller)

    def _is_free(self, caller: Caller) -> bool:
        most = self._of_one_key if caller.key_id else self._at_once
        return self._all_taken < self._at_once and self._taken[caller.key_id] < most
