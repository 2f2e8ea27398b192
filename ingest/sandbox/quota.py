"""Quotas on the sandbox's clock: points an account, and blocks set by hand.

Source: Marketing API, "Rate limiting": the development tier has 60 points an ad account
that decay over 300 s, then a block of 300 s; reading costs 1 point, writing 3.
"""

import math
from collections import defaultdict, deque
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock
from typing import Literal

from ingest.sandbox.errors import GraphError
from ingest.sandbox.usage import Usage

UseCase = Literal["insights", "management"]

READ_POINTS, WRITE_POINTS = 1, 3
_MORE = (
    "For more info, please refer to "
    "https://developers.facebook.com/docs/graph-api/overview/rate-limiting."
)
_BUSINESS_CODES = frozenset((*range(80000, 80007), 80008, 80009, 80014))
# HTTP status, subcode, whether it calls itself transient, message.
_WORDS: dict[int, tuple[int, int | None, bool, str]] = {
    4: (403, 1504022, True, "(#4) Application request limit reached"),
    17: (400, 2446079, True, "(#17) User request limit reached"),
    32: (403, None, True, "(#32) Page request limit reached"),
    613: (
        400,
        1487742,
        False,
        "(#613) Calls to this api have exceeded the rate limit.",
    ),
    341: (400, None, True, "(#341) Application limit reached. Wait and try again."),
    368: (400, None, False, "(#368) You're temporarily blocked from this action."),
}


@dataclass(frozen=True)
class Subject:
    """Whose quota a call counts against: an account (digits) or None, and which one."""

    account_id: str | None
    use_case: UseCase


@dataclass
class Block:
    """Calls are refused until a moment. None: of every account, of both use cases.

    `is_told` is True once a call has been refused for it.
    """

    account_id: str | None
    use_case: UseCase | None
    until: datetime
    code: int
    is_told: bool = False

    def holds(self, subject: Subject, now: datetime) -> bool:
        return (
            now < self.until
            and self.account_id in (None, subject.account_id)
            and self.use_case in (None, subject.use_case)
        )

    def seconds(self, now: datetime) -> int:
        return math.ceil((self.until - now).total_seconds())


@dataclass(frozen=True)
class Refusal:
    """A call refused for a block; `during_block` if an earlier one had been told."""

    error: GraphError
    usage: Usage
    during_block: bool


class Quota:
    """Points an ad account may use within a sliding window; both use cases share them.

    The call that would go over them is refused and begins a block. Refused calls cost
    nothing.
    """

    def __init__(
        self,
        points: int = 60,
        decay_seconds: int = 300,
        block_seconds: int = 300,
        tier: str = "development_access",
    ) -> None:
        self.points = points
        self.decay_seconds = decay_seconds
        self.block_seconds = block_seconds
        self.tier = tier
        self._spent: dict[str, deque[tuple[datetime, int]]] = defaultdict(deque)
        self._blocks: dict[str, Block] = {}
        self._lock = Lock()

    def charge(self, subject: Subject, cost: int, now: datetime) -> Block | None:
        """Takes the points; the block where the call is refused instead."""
        account_id = subject.account_id
        if account_id is None:
            return None
        with self._lock:
            held = self._blocks.get(account_id)
            if held is not None and now < held.until:
                code = own_code(subject.use_case)
                return replace(held, code=code, is_told=True)
            if self._used(account_id, now) + cost <= self.points:
                self._spent[account_id].append((now, cost))
                return None
            until = now + timedelta(seconds=self.block_seconds)
            block = Block(account_id, None, until, own_code(subject.use_case))
            self._blocks[account_id] = block
            return block

    def percent(self, account_id: str, now: datetime) -> int:
        """How much of the points is used, in per cent rounded down."""
        with self._lock:
            return 100 * self._used(account_id, now) // self.points

    def _used(self, account_id: str, now: datetime) -> int:
        spent = self._spent[account_id]
        while spent and spent[0][0] <= now - timedelta(seconds=self.decay_seconds):
            spent.popleft()
        return sum(points for _, points in spent)


class Blocks:
    """Blocks set by hand."""

    def __init__(self) -> None:
        self._blocks: list[Block] = []
        self._lock = Lock()

    def add(self, block: Block) -> None:
        """Raises: ValueError for a code that is no throttle."""
        if block.code not in _WORDS and block.code not in _BUSINESS_CODES:
            known = ", ".join(map(str, sorted((*_WORDS, *_BUSINESS_CODES))))
            raise ValueError(f"{block.code} is no throttle; known are {known}.")
        with self._lock:
            self._blocks.append(block)

    def clear(self) -> None:
        with self._lock:
            self._blocks.clear()

    def met(self, subject: Subject, now: datetime) -> Block | None:
        """The block that holds the call, as it was before the call; then it is told."""
        with self._lock:
            for block in self._blocks:
                if block.holds(subject, now):
                    before = replace(block)
                    block.is_told = True
                    return before
        return None


def refusal(
    subject: Subject,
    cost: int,
    now: datetime,
    *,
    quota: Quota | None,
    blocks: Blocks,
    usage: Usage,
) -> Refusal | None:
    """Why the call is refused; None, and its points taken, where it is not."""
    if (block := blocks.met(subject, now)) is not None:
        return Refusal(_error(block.code), _hit(usage, block, now), block.is_told)
    if quota is None or (block := quota.charge(subject, cost, now)) is None:
        return None
    full = replace(
        _hit(usage, block, now),
        account=100,
        insights=100,
        management=100,
        reset_seconds=block.seconds(now),
        tier=quota.tier,
    )
    return Refusal(_error(block.code), full, block.is_told)


def usage_of(
    usage: Usage, quota: Quota | None, account_id: str | None, now: datetime
) -> Usage:
    """What the headers of an answer say: the quota's truth where there is one."""
    if quota is None or account_id is None:
        return usage
    used = quota.percent(account_id, now)
    return replace(usage, account=used, insights=used, management=used, tier=quota.tier)


def _hit(usage: Usage, block: Block, now: datetime) -> Usage:
    """Usage as each kind of block shows it; 32, 341 and 368 show nothing."""
    seconds = block.seconds(now)
    if block.code in _BUSINESS_CODES:
        minutes = math.ceil(seconds / 60)
        return replace(usage, insights=100, management=100, regain_minutes=minutes)
    if block.code in (17, 613):
        return replace(usage, account=100, reset_seconds=seconds)
    return replace(usage, app=100) if block.code == 4 else usage


def own_code(use_case: UseCase | None) -> int:
    """The business use case's code."""
    return 80000 if use_case == "insights" else 80004


def _error(code: int) -> GraphError:
    if code in _BUSINESS_CODES:
        side = "from" if code == 80000 else "to"
        message = (
            f"(#{code}) There have been too many calls {side} this ad-account. "
            f"Wait a bit and try again. {_MORE}"
        )
        return GraphError(400, code, message, subcode=2446079)
    status, subcode, is_transient, message = _WORDS[code]
    return GraphError(status, code, message, subcode=subcode, is_transient=is_transient)
