"""What Prometheus reads: requests as they were answered, ages as they are when it asks.

Labels are routes as they are written in the code, HTTP statuses, and digits of ad
accounts: no name of a store or campaign, no amount, nothing that somebody sent.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from api.status_file import ReportedAccount, age_seconds

SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)


class Requests:
    """Counts of an application's requests, since it started."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._answered = Counter(
            "pathways_http_requests",
            "Requests answered, by route and HTTP status.",
            ("route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "pathways_http_request_seconds",
            "Seconds from a request's head to the end of its answer, by route.",
            ("route",),
            buckets=SECONDS,
            registry=self._registry,
        )

    def count(self, route: str, status: int, seconds: float) -> None:
        """Count an answer."""
        self._answered.labels(route, str(status)).inc()
        self._seconds.labels(route).observe(seconds)

    def text(self) -> bytes:
        """As Prometheus reads it."""
        return generate_latest(self._registry)


# A registry tells its collectors apart by which they are.
@dataclass(frozen=True, eq=False)
class Ages(Collector):
    """How old things are at a moment.

    Attributes:
        published_at: of the snapshot that is served; None without one.
        written_at: when the last cycle reported; None where that is not known.
        succeeded: whether it ended well; None where that is not known.
        is_pinned: whether a rollback holds the snapshot.
        is_stale: whether answers say that they are stale.
    """

    now: datetime
    published_at: datetime | None
    written_at: datetime | None
    succeeded: bool | None
    is_pinned: bool
    is_stale: bool
    accounts: Iterable[ReportedAccount]

    def text(self) -> bytes:
        """As Prometheus reads it."""
        registry = CollectorRegistry()
        registry.register(self)
        return generate_latest(registry)

    def collect(self) -> Iterator[Metric]:
        """What is not known has no value: 0 would mean now, or failed."""
        alone = {
            "snapshot_age_seconds": (
                "Seconds since the snapshot that is served was published.",
                age_seconds(self.published_at, self.now),
            ),
            "cycle_age_seconds": (
                "Seconds since the last cycle reported.",
                age_seconds(self.written_at, self.now),
            ),
            "cycle_succeeded": ("1 where the last cycle ended well.", self.succeeded),
            "snapshot_pinned": ("1 while a rollback holds it.", self.is_pinned),
            "data_stale": ("1 while answers say that they are stale.", self.is_stale),
        }
        for name, (said, value) in alone.items():
            if value is not None:
                yield GaugeMetricFamily(f"pathways_{name}", said, value=float(value))
        age = GaugeMetricFamily(
            "pathways_data_age_seconds",
            "Seconds since anything of the ad account was last read.",
            labels=("account_id",),
        )
        failures = GaugeMetricFamily(
            "pathways_account_failures",
            "Failures of the ad account in the last cycle.",
            labels=("account_id",),
        )
        for account in self.accounts:
            seconds = age_seconds(account.last_read_at, self.now)
            if seconds is not None:
                age.add_metric((account.account_id,), float(seconds))
            failures.add_metric((account.account_id,), float(len(account.failures)))
        yield age
        yield failures
