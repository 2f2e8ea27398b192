"""Hears from dlt how far a load is, and names each step as a failpoint."""

from dlt.common.runtime.collector_base import Collector

from ingest.failpoints import reached


class LoadSteps(Collector):
    """Passed to dlt as its progress; says nothing."""

    def update(self, *_: object, **__: object) -> None:
        """Something of the step is done."""
        reached("load.progress")

    def _start(self, step: str) -> None:
        self.step = step
        reached("load.step")

    def _stop(self) -> None:
        pass
