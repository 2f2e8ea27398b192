"""Of equal things asked for at once one is made, and the others wait for it."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager


class SingleFlight:
    """What is being made now, by its key."""

    def __init__(self) -> None:
        self._flights: dict[str, Future[None]] = {}

    async def made_by_another(self, key: str) -> None:
        """Wait for who makes it already, if anybody does.

        It may have been made in vain. To wait once is enough: then each makes its own.
        """
        flight = self._flights.get(key)
        if flight is not None:
            # Who no longer waits ends the waiting of nobody else.
            await asyncio.shield(asyncio.wrap_future(flight))

    @contextmanager
    def making(self, key: str) -> Iterator[Callable[[], None]]:
        """While the block makes it. What it gives is called where it is made sooner."""
        flight: Future[None] = Future()
        self._flights.setdefault(key, flight)

        def is_made() -> None:
            if self._flights.get(key) is flight:
                del self._flights[key]
            if not flight.done():
                flight.set_result(None)

        try:
            yield is_made
        finally:
            is_made()
