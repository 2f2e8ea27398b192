"""What may be changed while a sandbox runs."""

from dataclasses import dataclass, field

from ingest.sandbox.faults import FaultPlan
from ingest.sandbox.quota import Blocks, Quota
from ingest.sandbox.rates import Rates
from ingest.sandbox.reports import Reports
from ingest.sandbox.size_limits import SizeLimits
from ingest.sandbox.stage import Clock
from ingest.sandbox.tokens import TokenFacts
from ingest.sandbox.usage import Usage


@dataclass(eq=False)
class Conditions:
    """The world's clock and everything about the API that is not its data.

    `usage` is what headers say while there is no `quota`; `blocks` are throttles set by
    hand. `latency_seconds` is real time before each answer. With `date_follows_clock`
    the Date header is the clock's moment, else the real one.
    """

    clock: Clock
    rates: Rates
    usage: Usage = field(default_factory=Usage)
    faults: FaultPlan = field(default_factory=FaultPlan)
    reports: Reports = field(default_factory=Reports)
    blocks: Blocks = field(default_factory=Blocks)
    quota: Quota | None = None
    size_limits: SizeLimits = field(default_factory=SizeLimits)
    token_facts: TokenFacts = field(default_factory=TokenFacts)
    date_follows_clock: bool = False
    latency_seconds: float = 0.0
