"""The set-up, checked: configuration, machine, tokens and accounts.

Tokens that stores share are asked once; accounts side by side, each with two calls.
"""

import re
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from pathlib import Path

from ingest import errors
from ingest.clock import Clock
from ingest.doctor.account import usage_check
from ingest.doctor.checks import Check
from ingest.doctor.configuration import configuration_checks, stores_by_token
from ingest.doctor.machine import (
    clock_check,
    data_dir_checks,
    ledger_check,
    secrets_file_check,
)
from ingest.doctor.meta import (
    RETIRED,
    ask_for_unnamed,
    ask_of_account,
    ask_of_token,
)
from ingest.doctor.rates import rates_checks
from ingest.graph_client import NOBODY, GraphClient, Limits
from ingest.pace import Pace
from ingest.settings import Settings

META = "Meta"
SECRETS_FILE = Path(".dlt/secrets.toml")
REQUEST_SECONDS = 20.0
# Somebody is waiting: a host that is not there is told of within seconds.
LONGEST_RETRY_WAIT = 1.0
LONGEST_WAIT = 30.0


def examine(settings: Settings, now: Callable[[], datetime]) -> Iterator[Check]:
    """Every check, in the order in which a newcomer would mend things."""
    yield from configuration_checks(settings, now().date())
    private = secrets_file_check(SECRETS_FILE)
    if private is not None:
        yield private
    yield from data_dir_checks(settings.data_dir)
    yield ledger_check(settings.data_dir, now())
    tokens = stores_by_token(settings)
    if not tokens:
        why = "No token is set, so Meta was not asked anything."
        yield Check(META, "DOC-HOST", "skipped", why)
        return
    is_met = False
    for token, stores in tokens.items():
        asking = _Asking(settings, token, stores, now)
        try:
            of_token = asking.of_token()
        except errors.NoUsableAnswer as problem:
            yield _unreachable(settings, problem)
            return
        except errors.MetaError as problem:
            code = "DOC-SERVED" if problem.code == RETIRED else "DOC-HOST"
            yield Check(META, code, "fail", problem.message, problem.hint)
            return
        if not is_met:
            yield from _met(settings, now(), asking.server_time)
            is_met = True
        yield from of_token
        if all(check.verdict != "fail" for check in of_token):
            yield from asking.of_accounts()
        else:
            yield from asking.nothing_of_accounts()


class _Asking:
    """The calls with one token, for the stores that share it."""

    def __init__(
        self,
        settings: Settings,
        token: str,
        stores: list[str],
        now: Callable[[], datetime],
    ) -> None:
        stop = threading.Event()

        def sleep(seconds: float) -> None:
            stop.wait(min(seconds, LONGEST_RETRY_WAIT))

        self._settings = settings
        self._token = token
        self._subject = f"Token of {', '.join(stores)}"
        self._now = now
        self._clock = Clock(now, time.monotonic, sleep, stop)
        self._pace = Pace(self._clock, LONGEST_WAIT)
        self._accounts = [
            (f"Account act_{account_id} of {store}", store, account_id)
            for store in stores
            for account_id in settings.meta.stores[store].accounts
        ]
        self.server_time: datetime | None = None

    def of_token(self) -> list[Check]:
        """Raises: NoUsableAnswer, MetaError, as `ask_of_token`."""
        stores = self._settings.meta.stores.values()
        named = {account_id for store in stores for account_id in store.accounts}
        client = self._client(NOBODY)
        try:
            checks = [*ask_of_token(client, self._subject, self._now())]
            self.server_time = client.server_time
            if all(check.verdict != "fail" for check in checks):
                checks.append(ask_for_unnamed(client, self._subject, named))
        finally:
            client.close()
        return checks

    def of_accounts(self) -> Iterator[Check]:
        """Every check of every account, in the order of the configuration."""
        with ThreadPoolExecutor(self._settings.parallel_accounts) as pool:
            asked = [*pool.map(self._account, self._accounts)]
        pairs = [
            (subject, currency, self._settings.meta.stores[store].reporting_currency)
            for (subject, store, _), (_, currency) in zip(
                self._accounts, asked, strict=True
            )
            if currency
        ]
        today = self._now().date()
        rates = {
            check.subject: check
            for check in rates_checks(self._settings.fx, pairs, today)
        }
        for (subject, *_), (checks, _) in zip(self._accounts, asked, strict=True):
            yield from checks
            if subject in rates:
                yield rates[subject]

    def nothing_of_accounts(self) -> Iterator[Check]:
        """Says of each account that its token cannot be used."""
        why = "Not asked: its token cannot be used."
        for subject, *_ in self._accounts:
            yield Check(subject, "DOC-ACCOUNT", "skipped", why)

    def _account(self, named: tuple[str, str, str]) -> tuple[list[Check], str]:
        subject, _, account_id = named
        client = self._client(account_id)
        try:
            checks, currency = ask_of_account(client, subject, account_id, self._now)
        finally:
            client.close()
        if currency:
            used = self._pace.used_percent(account_id)
            checks.append(usage_check(subject, self._pace.tier, used))
        return checks, currency

    def _client(self, account_id: str) -> GraphClient:
        meta = self._settings.meta
        return GraphClient(
            meta.api_base_url,
            meta.api_version,
            self._token,
            meta.app_secret.get_secret_value() if meta.app_secret else None,
            account_id=account_id,
            limits=Limits(request_seconds=REQUEST_SECONDS),
            clock=self._clock,
            pace=self._pace,
        )


def _met(
    settings: Settings, now: datetime, server_time: datetime | None
) -> Iterator[Check]:
    meta, fixed = settings.meta, settings.now
    yield Check(META, "DOC-HOST", "ok", f"{meta.api_base_url} answers.")
    yield Check(META, "DOC-SERVED", "ok", f"It answers to {meta.api_version}.")
    if fixed is None:
        yield clock_check(now, server_time)
        return
    is_meta = meta.api_base_url.startswith("https:")
    yield Check(
        META,
        "DOC-CLOCK",
        "warn" if is_meta else "skipped",
        f"`pathways.now` stands in for the clock: {fixed.isoformat()}.",
        "Take it away: it is for tests and the demo." if is_meta else "",
    )


def _unreachable(settings: Settings, problem: errors.NoUsableAnswer) -> Check:
    host = settings.meta.api_base_url
    return Check(
        META,
        "DOC-HOST",
        "fail",
        f"{host} gave no usable answer ({_cause(problem.message)}); tokens and "
        "accounts were not asked.",
        "Check the network, a proxy in between, and `api_base_url`.",
    )


def _cause(message: str) -> str:
    """What the system says of a connection, out of what the HTTP library made of it."""
    found = re.search(r"\[Errno -?\d+\] ([^\"')]+)", message)
    return found[1] if found else message.rstrip(".")
