"""Keeps the most recently used values within a number of bytes."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar

Value = TypeVar("Value")


class Cache:
    """A thread-safe store of computed values; the longest unused go first."""

    def __init__(self, limit_bytes: int) -> None:
        self._limit = limit_bytes
        self._used = 0
        self._lock = Lock()
        self._entries: OrderedDict[Hashable, tuple[Any, int]] = OrderedDict()

    def get(
        self, key: Hashable, compute: Callable[[], Value], size: Callable[[Value], int]
    ) -> Value:
        """The value of the key; computed, and kept, when it is not there."""
        with self._lock:
            if key in self._entries:
                self._entries.move_to_end(key)
                held: Value = self._entries[key][0]
                return held
        value = compute()
        with self._lock:
            if key not in self._entries:
                self._entries[key] = (value, size(value))
                self._used += self._entries[key][1]
            while self._used > self._limit and len(self._entries) > 1:
                _, (_, freed) = self._entries.popitem(last=False)
                self._used -= freed
        return value
