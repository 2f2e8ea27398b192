"""The verb that says what would be read, without a call."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from ingest.cli import verb
from ingest.verbs_cycle import Answer, configured


@verb("plan")
def plan() -> Answer:
    """What the next runs would read, why, how, and in about how many calls."""
    settings = configured()
    settings.require_stores()

    from ingest.ledger import read_ledger
    from ingest.plan import AccountPlan, planned_account

    now = settings.clock()
    ledger = read_ledger(settings.data_dir, now)
    plans: list[AccountPlan] = [
        planned_account(store, account_id, ledger, now, settings.meta.page_limit)
        for store, store_settings in settings.meta.stores.items()
        for account_id in store_settings.accounts
    ]
    document: dict[str, Any] = {"planned_at": now, "accounts": [*map(asdict, plans)]}
    text = "\n".join(line for each in plans for line in each.lines())
    return document, text, 0
