"""Of equal things asked for at once one is made, and the others get it too."""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from typing import Generic, TypeVar

Made = TypeVar("Made")


class SingleFlight(Generic[Made]):
    """What is being made now, by its key."""

    def __init__(self) -> None:
        self._flights: dict[str, Future[Made | None]] = {}

    async def made_by_another(self, key: str) -> Made | None:
        """What another makes already, once it is made; None where nobody does.

        It may have been made in vain: None too. To wait once is enough: then each makes
        its own.
        """
        flight = self._flights.get(key)
        if flight is None:
            return None
        # Who no longer waits ends the waiting of nobody else.
        return await asyncio.shield(asyncio.wrap_future(flight))

    @contextmanager
    def making(self, key: str) -> Iterator[Callable[[Made | None], None]]:
        """While the block makes it. What it gives is called with it where it is made.

        None is for what nobody else may have, as is a block that ends without a call.
        """
        flight: Future[Made | None] = Future()
        self._flights.setdefault(key, flight)

        def is_made(made: Made | None) -> None:
            if self._flights.get(key) is flight:
                del self._flights[key]
            if not flight.done():
                flight.set_result(made)

        try:
            yield is_made
        finally:
            is_made(None)
