"""How far a run has got, account by account. Told by the readers, shown elsewhere."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ingest.expectation import Window
    from ingest.insights_request import WindowReading


class Progress:
    """Hears what happens while accounts are read; this one says nothing.

    Called from several threads at once. An account is started once a load, is taken up
    and laid aside once or more, and ends; one that was started when the load began
    may wait long for its first turn.
    """

    def started(self, store: str, account_id: str) -> None:
        """The account is to be read in this load."""

    def taken_up(self, account_id: str) -> None:
        """A thread reads the account from now on."""

    def laid_aside(self, account_id: str) -> None:
        """The account waits for its next turn, or for the end of the load."""

    def listed(self, account_id: str, object_type: str) -> None:
        """The objects of a type were listed."""

    def planned(self, account_id: str, days: int) -> None:
        """So many more days are to be read."""

    def window_begun(self, account_id: str, window: "Window", is_report: bool) -> None:
        """One level and breakdown is asked for, several at once where as reports."""

    def page_read(self, account_id: str, size: int) -> None:
        """A page of so many bytes came in."""

    def window_read(
        self, account_id: str, window: "Window", reading: "WindowReading"
    ) -> None:
        """One level and breakdown of some days was read, or was not."""

    def days_read(self, account_id: str, days: int) -> None:
        """So many of the planned days are done with, at every level."""

    def waiting(self, account_id: str, seconds: float, why: str) -> None:
        """The account waits, as Meta's limits ask."""

    def ended(self, account_id: str, outcome: str) -> None:
        """The account is done with: `ok`, `failed` or `deferred`. The first counts."""

    def working(self, what: str) -> None:
        """The run does this from now on, beside reading; nothing when empty."""
