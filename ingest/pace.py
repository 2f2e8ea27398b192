"""When the next call to Meta may go: one `Pace` for all accounts of one token.

It waits where waiting is short and gives the account up for this run where it is not;
what Meta told one account never holds up another, unless the app itself is shut out.
"""

import logging
from collections import defaultdict, deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from threading import Lock

from ingest.clock import Clock
from ingest.errors import Deferred, Throttled
from ingest.throttle import (
    HISTORY_STOPS_FROM_PERCENT,
    LIMITED_SECONDS,
    Quota,
    UseCase,
    is_limited,
    pause,
    scope_of,
    seconds_until_free,
    wait_after_refusal,
)

logger = logging.getLogger(__name__)

LONGEST_SHUT_SECONDS = 86_400.0
# Whose calls are shut out: all of the token's, or one account's of one use case.
Bucket = tuple[str, UseCase] | None


@dataclass
class _Account:
    """What is known of one account in this run."""

    calls: deque[tuple[float, int]] = field(default_factory=deque)
    waited: float = 0.0
    waits_until: float = 0.0
    refusals: int = 0
    quota: dict[UseCase, Quota] = field(default_factory=dict)


class Pace:
    """Paces the calls of one token; safe to share between threads.

    Args:
        longest_wait: seconds that one account may wait in this run, all waits together.
        tier: Meta's word for the app's access as last seen; None counts as limited.
        open_from: when a bucket opens that an earlier run found shut.
        spent: points that an earlier run spent on an account, and when.
        waiting: told of each wait: account, seconds, why.
    """

    def __init__(
        self,
        clock: Clock,
        longest_wait: float,
        tier: str | None = None,
        open_from: Mapping[Bucket, datetime] | None = None,
        spent: Mapping[str, tuple[datetime, int]] | None = None,
        waiting: Callable[[str, float, str], None] = lambda *_: None,
    ) -> None:
        self._clock = clock
        self._longest_wait = longest_wait
        self._waiting = waiting
        self._lock = Lock()
        self._accounts: dict[str, _Account] = defaultdict(_Account)
        self._open_from: dict[Bucket, float] = {}
        self._next: dict[Bucket, float] = {}
        self._of_same_app: Sequence[Pace] = ()
        self.tier = tier
        for bucket, moment in (open_from or {}).items():
            left = (moment - clock.now()).total_seconds()
            # Longer than Meta ever shuts: noted while the clock was wrong.
            if 0 < left < LONGEST_SHUT_SECONDS:
                self._open_from[bucket] = clock.monotonic() + left

        for account_id, (moment, points) in (spent or {}).items():
            age = (clock.now() - moment).total_seconds()
            if points and 0 <= age < LIMITED_SECONDS:
                calls = self._accounts[account_id].calls
                calls.append((clock.monotonic() - age, points))

    def share_app(self, paces: Sequence["Pace"]) -> None:
        """Make what shuts out the app shut out these paces as well."""
        self._of_same_app = [pace for pace in paces if pace is not self]

    def begin_history(self, account_id: str) -> None:
        """Pass where some days of history may be begun.

        Raises:
            Deferred: so much of a quota is used that the fresh days could feel it.
        """
        percent = self.used_percent(account_id) or 0.0
        # A new app's points are back in minutes; other quotas take an hour.
        if is_limited(self.tier) or percent < HISTORY_STOPS_FROM_PERCENT:
            return
        raise Deferred(
            f"Meta's quotas for act_{account_id} are {percent:.0f} % used: history "
            "gives way.",
            "It is read on in the next run.",
            resume_at=self._clock.now() + timedelta(seconds=LIMITED_SECONDS),
        )

    def points(self, account_id: str) -> int:
        """What the account spent of a new app's points in the last minutes."""
        with self._lock:
            moment = self._clock.monotonic()
            calls = self._accounts[account_id].calls
            return sum(cost for at, cost in calls if moment - at < LIMITED_SECONDS)

    def before(self, account_id: str, use_case: UseCase, points: int) -> None:
        """Wait until a call may go, and count it.

        Raises:
            Deferred: the wait is longer than this account may still wait.
        """
        while True:
            with self._lock:
                seconds, why = self._wait(account_id, use_case, points)
                account = self._accounts[account_id]
                now = self._clock.monotonic()
                if seconds <= 0:
                    account.calls.append((now, points))
                    return
                # Threads of one account that wait side by side wait once.
                already = max(account.waits_until - now, 0.0)
                added = max(seconds - already, 0.0)
                if account.waited + added > self._longest_wait:
                    raise Deferred(
                        f"Meta's limits leave account act_{account_id} "
                        f"{seconds:.0f} s to wait ({why}), more than a run waits.",
                        "It is read on in the first run after that; nothing is lost.",
                        resume_at=self._clock.now() + timedelta(seconds=seconds),
                    )
                account.waited += added
                account.waits_until = max(account.waits_until, now + seconds)
            logger.info("act_%s waits %.0f s: %s", account_id, seconds, why)
            self._waiting(account_id, seconds, why)
            self._clock.sleep(seconds)
            if self._clock.stop.is_set():
                raise Deferred(f"The run ended while act_{account_id} waited.")

    def answered(self, account_id: str, use_case: UseCase, quota: Quota) -> None:
        """Note what an answer's headers say."""
        with self._lock:
            self._note(account_id, use_case, quota)
            self._accounts[account_id].refusals = 0

    def refused(
        self,
        account_id: str,
        use_case: UseCase,
        quota: Quota,
        refusal: Throttled,
        retry_after: float | None,
    ) -> None:
        """Shut the bucket that a refusal names, for as long as Meta says."""
        scope = scope_of(refusal.number)
        bucket = self._bucket(scope, account_id, use_case)
        with self._lock:
            account = self._accounts[account_id]
            if self._open_from.get(bucket, 0.0) <= self._clock.monotonic():
                # Else it was asked side by side with one that was refused already.
                account.refusals += 1
            self._note(account_id, use_case, quota)
            seconds = wait_after_refusal(
                refusal.number, quota, max(account.refusals, 1), retry_after
            )
            until = self._clock.monotonic() + seconds
            self._open_from[bucket] = max(self._open_from.get(bucket, 0.0), until)
        if scope == "app":
            for pace in self._of_same_app:
                pace._shut(None, until)

    def shut(self, account_id: str) -> dict[Bucket, datetime]:
        """The buckets of the account that are shut now, and until when."""
        with self._lock:
            now, moment = self._clock.now(), self._clock.monotonic()
            return {
                bucket: now + timedelta(seconds=until - moment)
                for bucket, until in self._open_from.items()
                if until > moment and (bucket is None or bucket[0] == account_id)
            }

    def waited(self, account_id: str) -> float:
        """Seconds the account has waited in this run."""
        with self._lock:
            return self._accounts[account_id].waited

    def waited_so_far(self, account_id: str) -> float:
        """The same, without what is still to come of a wait that is under way."""
        with self._lock:
            account = self._accounts[account_id]
            to_come = account.waits_until - self._clock.monotonic()
            return account.waited - max(to_come, 0.0)

    def used_percent(self, account_id: str) -> float | None:
        """Of the account's most used quota, as last said; None when never said."""
        with self._lock:
            quotas = self._accounts[account_id].quota.values()
            return max((quota.percent for quota in quotas), default=None)

    def _shut(self, bucket: Bucket, until: float) -> None:
        with self._lock:
            self._open_from[bucket] = max(self._open_from.get(bucket, 0.0), until)

    def _note(self, account_id: str, use_case: UseCase, quota: Quota) -> None:
        self.tier = quota.tier or self.tier
        self._accounts[account_id].quota[use_case] = quota
        seconds = pause(quota)
        if seconds:
            # An app near its limit slows all its accounts down, an account itself. When
            # it opens again Meta says of accounts only.
            is_app = (quota.app_percent or 0.0) > (quota.account_percent or 0.0)
            is_shut = quota.regain_seconds > 0
            scope = "app" if is_app and not is_shut else "account"
            bucket = self._bucket(scope, account_id, use_case)
            known = self._open_from if is_shut else self._next
            until = self._clock.monotonic() + seconds
            known[bucket] = max(known.get(bucket, 0.0), until)

    def _wait(
        self, account_id: str, use_case: UseCase, points: int
    ) -> tuple[float, str]:
        moment = self._clock.monotonic()
        account = self._accounts[account_id]
        own: Bucket = (account_id, use_case)
        waits = [
            (
                max(self._open_from.get(b, 0.0) for b in (None, own)) - moment,
                "a limit is reached",
            ),
            (
                max(self._next.get(b, 0.0) for b in (None, own)) - moment,
                "a limit is near",
            ),
        ]
        if is_limited(self.tier):
            while account.calls and moment - account.calls[0][0] >= LIMITED_SECONDS:
                account.calls.popleft()
            free = seconds_until_free(tuple(account.calls), points, moment)
            waits.append((free, "few calls for a new app"))
        return max(waits)

    @staticmethod
    def _bucket(scope: str, account_id: str, use_case: UseCase) -> Bucket:
        return (account_id, use_case) if scope == "account" else None
