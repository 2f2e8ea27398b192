"""Who asks, and which stores it may see. Nothing here knows keys or HTTP."""

from dataclasses import dataclass

from api.errors import UnknownStore


@dataclass(frozen=True)
class Caller:
    """Who asks.

    Attributes:
        key_id: what its cursors and cached answers belong to; empty without keys.
        stores: those it may see; None for all.
    """

    key_id: str
    stores: frozenset[str] | None

    def sees(self, store: str) -> bool:
        """Whether it may know of the store."""
        return self.stores is None or store in self.stores

    def visible_stores(self) -> list[str] | None:
        """The stores it may see, as the queries bind them; None for all."""
        return None if self.stores is None else sorted(self.stores)


EVERYONE = Caller("", None)
# On routes that are the same for all and about no store.
NOBODY = Caller("", frozenset())


def unknown_store(store: str) -> UnknownStore:
    """The one answer for a store that does not exist and one that is another's."""
    return UnknownStore(f"There is no store `{store}`.", "/v1/stores lists them.")
