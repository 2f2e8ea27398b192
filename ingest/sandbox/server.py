"""The sandbox as a whole: `Sandbox`, its environment for pathways, and `run`."""

import json
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from types import TracebackType

from ingest.sandbox import truth
from ingest.sandbox.access import Access
from ingest.sandbox.answering import RATES_PATHS, Answering
from ingest.sandbox.conditions import Conditions
from ingest.sandbox.graph import Graph
from ingest.sandbox.insights import Insights
from ingest.sandbox.nodes import Level
from ingest.sandbox.quota import Block, UseCase, own_code
from ingest.sandbox.rates import Rates
from ingest.sandbox.request_log import Entry, RequestLog
from ingest.sandbox.stage import Clock, Stage
from ingest.sandbox.story import ChangeAccount, Event, default_story
from ingest.sandbox.transport import Server
from ingest.sandbox.truth import TruthRow
from ingest.sandbox.world import World, default_world

TOKEN = "sandbox-token"
_CACHE_BYTES = 2**30


class Sandbox(Conditions):
    """A Graph API on loopback. Use as a context manager; `url` is its address.

    `clock` None starts at the world's start. `empty_page_every` n serves every n-th
    page empty, with a link to its rows. Every attribute of `Conditions` (`usage`,
    `faults`, `reports`, `quota`, `size_limits`, `token_facts`...) may be changed while
    it runs.
    """

    def __init__(
        self,
        world: World,
        *,
        clock: datetime | None = None,
        story: Sequence[Event] = (),
        port: int = 0,
        token: str = TOKEN,
        empty_page_every: int | None = None,
        log_path: Path | None = None,
    ) -> None:
        super().__init__(clock=Clock(clock or world.start), rates=Rates(world.seed))
        self.world = world
        self.token = token
        self._stage = Stage(world, story, self.clock)
        self._access = Access(token)
        self._log = RequestLog(log_path)
        insights = Insights(self._stage, _CACHE_BYTES)
        graph = Graph(self._stage, self._access, insights, self, empty_page_every)
        self._answering = Answering(self, self._stage, graph, self._log)
        self._server = Server(port, self._answering.respond)

    def __enter__(self) -> "Sandbox":
        self._server.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._answering.stop()
        self._server.stop()

    @property
    def url(self) -> str:
        return self._server.url

    @property
    def requests(self) -> list[Entry]:
        """Every request so far, without tokens; the sandbox's own routes left out."""
        return self._log.entries()

    def append(self, *events: Event) -> None:
        """Adds events to the story, past or future. Raises: KeyError, ValueError when
        one does not fit the world."""
        self._stage.append(*events)

    def fail_account(self, account_id: str, failure: str) -> None:
        """Lets the account refuse; `failure` is a name in `errors.ACCOUNT_FAILURES`."""
        self._access.fail(account_id, failure)

    def restore(self, account_id: str) -> None:
        """Ends what `fail_account` began."""
        self._access.restore(account_id)

    def change_account(
        self,
        account_id: str,
        *,
        currency: str | None = None,
        account_status: int | None = None,
    ) -> None:
        """Changes the account from now on; the event is `story.ChangeAccount`."""
        digits = account_id.removeprefix("act_")
        self.append(ChangeAccount(self.clock.now(), digits, currency, account_status))

    def throttle(
        self,
        account_id: str | None,
        use_case: UseCase | None,
        minutes: float,
        code: int | None = None,
    ) -> Block:
        """Refuses the account's calls until the clock has passed so many minutes.

        Account None: every call, as 4 (app) and 17 (user) do; use case None: both.
        `code` is 4, 17, 32, 613, 341, 368 or one of 80000 to 80014; None: that of the
        use case. Raises: ValueError for another.
        """
        block = Block(
            None if account_id is None else account_id.removeprefix("act_"),
            use_case,
            self.clock.now() + timedelta(minutes=minutes),
            own_code(use_case) if code is None else code,
        )
        self.blocks.add(block)
        return block

    def truth(
        self, account_id: str, level: Level, day: date, at: datetime | None = None
    ) -> dict[str, dict[str, Decimal]]:
        """Totals by object id and metric of one day, as at `at` (None: the clock).

        Money in the account's currency. Objects without delivery are not there.
        """
        rows = self.truth_rows(account_id, level, day, day, at)
        return {row.object_id: row.metrics for row in rows}

    def truth_rows(
        self,
        account_id: str,
        level: Level,
        since: date,
        until: date,
        at: datetime | None = None,
        *,
        by_country: bool = False,
    ) -> Iterator[TruthRow]:
        """The same as rows, both ends included; by country with `ZZ` the residual."""
        moment = at or self.clock.now()
        return truth.rows(
            self._stage, account_id, level, since, until, moment, by_country=by_country
        )


def environment(sandbox: Sandbox) -> dict[str, str]:
    """The variables that point pathways at the sandbox, its accounts and its clock."""
    found = {
        "SOURCES__META__API_BASE_URL": sandbox.url,
        "SOURCES__META__ACCESS_TOKEN": sandbox.token,
        "SOURCES__FX__BASE_URL": f"{sandbox.url}{RATES_PATHS[0]}",
        "PATHWAYS__NOW": sandbox.clock.now().isoformat(),
    }
    stores: dict[str, list[str]] = {}
    for account in sandbox.world.accounts:
        stores.setdefault(account.store, []).append(f"act_{account.id}")
        prefix = f"SOURCES__META__STORES__{account.store.upper()}"
        found[f"{prefix}__ACCOUNTS"] = json.dumps(stores[account.store])
        found[f"{prefix}__REPORTING_CURRENCY"] = account.reporting_currency
    return found


def run(
    port: int, *, clock: datetime | None = None, log_path: Path | None = None
) -> None:
    """Serves the default world and story until interrupted.

    Writes to stderr the address and the lines of the environment that lead to it.
    """
    world = default_world()
    story = default_story(world)
    with Sandbox(
        world, clock=clock, story=story, port=port, log_path=log_path
    ) as sandbox:
        print(f"Sandbox Graph API at {sandbox.url}", file=sys.stderr)
        for name, value in environment(sandbox).items():
            print(f"export {name}='{value}'", file=sys.stderr)
        sys.stderr.flush()
        with suppress(KeyboardInterrupt):
            threading.Event().wait()
