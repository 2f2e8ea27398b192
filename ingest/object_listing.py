"""Lists the objects of one account: what changed each run, everything once a day."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from ingest import fields, planner, receipts
from ingest.clock import Clock
from ingest.errors import ShrinkHeldBack, TooMuchData, WindowUnusable
from ingest.fields import ObjectType
from ingest.files import digest
from ingest.graph_client import ENDLESS
from ingest.insights_request import LISTING_TRIES, InsightsRequest
from ingest.ledger import Account, Ledger, Listing
from ingest.outcome import AccountOutcome
from ingest.receipts import Receipt
from ingest.request_shape import SMALLEST_PAGE
from ingest.warehouse import known_objects, objects_changed_after

logger = logging.getLogger(__name__)

# A filter of more ids than this makes a URL that servers refuse.
PARENTS_A_CALL = 50
# Below so many objects a loss of half of them is one or two deletions.
FEWEST_TO_DOUBT = 4

Filters = list[dict[str, object]]


@dataclass(frozen=True)
class ObjectListing:
    """Lists the campaigns, ad sets and ads of one account.

    Attributes:
        shrink_share: the part of a listing that may go without a second one.
        accepts_shrink: believe every loss at once.
    """

    request: InsightsRequest
    account: Account
    ledger: Ledger
    data_dir: Path
    clock: Clock
    outcome: AccountOutcome
    page_limit: int
    shrink_share: float
    accepts_shrink: bool

    def read(
        self, object_type: ObjectType, changed_parents: dict[ObjectType, list[str]]
    ) -> tuple[list[str], Receipt]:
        """Ids of the objects of a type that are new or changed, and the receipt.

        A changed parent brings its children along: their effective status follows it
        without a new `updated_time`.

        Raises:
            MetaError, Deferred: as the client.
        """
        account_id = self.account.account_id
        listing = self.ledger.listings.get((account_id, object_type), Listing.never())
        now = self.clock.now()
        since = planner.objects_changed_since(
            listing.newest_at, listing.newest_whole_at, now
        )
        filters: list[Filters] = [[]]
        if since is not None:
            moved: dict[str, object] = {
                "field": f"{object_type}.updated_time",
                "operator": "GREATER_THAN",
                "value": int(since.timestamp()),
            }
            filters = [[moved], *self._of_parents(changed_parents, listing)]
        calls = self.request.client.usage.calls
        lost: list[str] = []

        def believe_loss(present: int, missing: list[str]) -> bool:
            lost[:] = missing if self._is_doubtful(present, missing, listing) else []
            return not lost

        ids, page_count = self._stored(
            object_type, filters, now, since is None, believe_loss
        )
        self.outcome.changed_objects += len(ids)
        if lost:
            problem = ShrinkHeldBack(
                f"A whole listing of the {object_type}s of act_{account_id} lacks "
                f"{len(lost)} that were there.",
                "They stay as they were; the next run's listing decides, or "
                "`pathways sync --accept-shrink`.",
            )
            self.outcome.note(problem)
            return ids, receipts.of_held_listing(object_type, now, lost, problem)
        calls = self.request.client.usage.calls - calls
        return ids, receipts.of_listing(
            object_type, now, since, len(ids), page_count, calls
        )

    def _stored(
        self,
        object_type: ObjectType,
        filters: list[Filters],
        now: datetime,
        is_whole: bool,
        believe_loss: Callable[[int, list[str]], bool],
    ) -> tuple[list[str], int]:
        """Ids of new and changed objects, and the pages it took.

        Begun again when an object changed between two pages that both name it.
        """
        account_id = self.account.account_id
        known = known_objects(self.data_dir, account_id, object_type)
        for attempt in range(1, LISTING_TRIES + 1):
            pages = self._pages(object_type, filters)
            try:
                ids = self.request.spool.add_objects(
                    account_id, object_type, pages, now, known, is_whole, believe_loss
                )
            except WindowUnusable as problem:
                if problem.code != "SPOOL-MOVED" or attempt == LISTING_TRIES:
                    raise
                logger.info("Begins the listing again: %s", problem)
            else:
                return ids, len(pages)
        raise AssertionError("the last try returns or raises")

    def _pages(self, object_type: ObjectType, filters: list[Filters]) -> list[Path]:
        pages: list[Path] = []
        try:
            for extra in filters:
                pages += self._listing(object_type, extra)
        except BaseException:
            self.request.spool.discard(pages)
            raise
        return pages

    def _listing(self, object_type: ObjectType, extra: Filters) -> list[Path]:
        """The pages of one listing, smaller ones where Meta says so."""
        limit = self.page_limit
        while True:
            params = {
                "fields": ",".join(fields.OBJECT_FIELDS[object_type]),
                "limit": limit,
                "filtering": [fields.status_filter(object_type), *extra],
            }
            path = f"act_{self.account.account_id}/{object_type}s"
            try:
                return self.request.listing(path, params)
            except TooMuchData as problem:
                if limit <= SMALLEST_PAGE or problem.code == ENDLESS:
                    raise
                limit = max(limit // 4, SMALLEST_PAGE)
                logger.info("%s Asking for pages of %s.", problem, limit)

    def _is_doubtful(self, present: int, lost: list[str], listing: Listing) -> bool:
        """Whether so much is gone that a second listing must lack the very same."""
        if self.accepts_shrink or present < FEWEST_TO_DOUBT:
            return False
        is_much = len(lost) > present * self.shrink_share
        return is_much and listing.held_back != digest(lost)

    def _of_parents(
        self, changed: dict[ObjectType, list[str]], listing: Listing
    ) -> list[Filters]:
        """Filters that list the children of changed parents, some parents a call.

        Parents count as changed since their children were last listed: an earlier run
        may have read the parents and then failed.
        """
        filters: list[Filters] = []
        account_id = self.account.account_id
        for parent, ids in changed.items():
            of_parent = self.ledger.listings.get((account_id, parent), Listing.never())
            before: list[str] = []
            since = listing.newest_load_id
            if since is not None and (of_parent.newest_load_id or "") > since:
                before = objects_changed_after(self.data_dir, account_id, parent, since)
            wanted = list(dict.fromkeys([*ids, *before]))
            for n in range(0, len(wanted), PARENTS_A_CALL):
                chosen = wanted[n : n + PARENTS_A_CALL]
                filters.append(
                    [{"field": f"{parent}.id", "operator": "IN", "value": chosen}]
                )
        return filters
