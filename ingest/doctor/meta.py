"""What Meta is asked of one token and of one account, and what its answers come to.

Reads only: every call is a GET but the one that inspects a token.
"""

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime, timedelta
from itertools import islice

import orjson

from ingest import errors
from ingest.currencies import known_currencies
from ingest.doctor.account import account_checks
from ingest.doctor.checks import Check, Verdict
from ingest.doctor.configuration import PROOF
from ingest.doctor.token import granted, token_checks
from ingest.fields import ACCOUNT_FIELDS
from ingest.graph_client import GraphClient
from ingest.pages import Page
from ingest.windows import zone_named

RETIRED = "META-2635"
# No other token would fare better: the version is gone, or it is another host.
_OF_ALL_TOKENS = frozenset({RETIRED, "META-HOST"})
PAGES_OF_ACCOUNTS = 20
ACCOUNTS_SHOWN = 5


def ask_of_token(client: GraphClient, subject: str, now: datetime) -> Iterator[Check]:
    """Whether the token is good, for how long and for what.

    Raises:
        errors.NoUsableAnswer: nobody answers there.
        errors.MetaError: META-2635, the version is gone; META-HOST, a redirect.
    """
    try:
        facts = _facts(client)
    except errors.NoUsableAnswer:
        raise
    except errors.Deferred as later:
        yield Check(subject, "DOC-TOKEN", "warn", later.message, later.hint)
        return
    except errors.MetaError as refusal:
        if refusal.code in _OF_ALL_TOKENS:
            raise
        yield _of_proof(subject, refusal) or Check(
            subject, "DOC-TOKEN", "fail", refusal.message, refusal.hint
        )
        return
    yield from token_checks(subject, facts, now)


def ask_for_unnamed(client: GraphClient, subject: str, named: set[str]) -> Check:
    """Which accounts the token sees that no store names: a hint, no fault."""
    params = {"fields": "account_id,name", "limit": 100}
    others = {}
    try:
        for page in islice(client.pages("me/adaccounts", params), PAGES_OF_ACCOUNTS):
            for row in _rows(page):
                if row.get("account_id") not in named:
                    others[row.get("account_id")] = row.get("name") or "without a name"
    except (errors.MetaError, errors.Deferred) as problem:
        sentence = f"Meta did not list the accounts it sees. {problem.message}"
        return _of_proof(subject, problem) or Check(
            subject, "DOC-UNNAMED", "skipped", sentence
        )
    if not others:
        sentence = "Every account it sees belongs to a store."
        return Check(subject, "DOC-UNNAMED", "ok", sentence)
    shown = [f"act_{one} ({name})" for one, name in others.items()][:ACCOUNTS_SHOWN]
    more = ", ..." if len(others) > ACCOUNTS_SHOWN else ""
    return Check(
        subject,
        "DOC-UNNAMED",
        "ok",
        f"It sees {len(others)} that no store names: {', '.join(shown)}{more}.",
        "To read one too, add it to the `accounts` of a store.",
    )


def ask_of_account(
    client: GraphClient, subject: str, account_id: str, now: Callable[[], datetime]
) -> tuple[list[Check], str]:
    """What is to be said of an account, and its currency; empty when not known."""
    fields = ",".join(ACCOUNT_FIELDS)
    try:
        account = client.node(f"act_{account_id}", {"fields": fields})
    except (errors.MetaError, errors.Deferred) as problem:
        return [_refused(subject, "DOC-ACCOUNT", problem)], ""
    checks = [*account_checks(subject, account, known_currencies())]
    zone = zone_named(str(account.get("timezone_name") or ""))
    today = now().astimezone(zone).date()
    path = f"act_{account_id}/insights"
    checks.append(_insights(client, subject, path, str(today - timedelta(days=1))))
    return checks, str(account.get("currency") or "")


def _facts(client: GraphClient) -> Mapping[str, object]:
    """The `data` of debug_token, or as much of it as a token shows by itself."""
    try:
        facts = client.debug_token()
    except (errors.NoUsableAnswer, errors.TokenInvalid):
        raise
    except errors.MetaError as refusal:
        if refusal.code in _OF_ALL_TOKENS:
            raise
        facts = {}
    if facts:
        return facts
    client.node("me", {"fields": "id,name"})
    answer = client.node("me/permissions", {})
    return {"is_valid": True, "scopes": granted(answer.get("data"))}


def _insights(client: GraphClient, subject: str, path: str, day: str) -> Check:
    params = {
        "level": "account",
        "fields": "spend,impressions",
        "time_range": {"since": day, "until": day},
        "limit": 1,
    }
    try:
        rows = _rows(next(client.pages(path, params)))
    except (errors.MetaError, errors.Deferred) as problem:
        return _refused(subject, "DOC-INSIGHTS", problem)
    none = "" if rows else "; nothing was delivered"
    sentence = f"Yesterday's numbers ({day}) can be read{none}."
    return Check(subject, "DOC-INSIGHTS", "ok", sentence)


def _rows(page: Page) -> list[dict[str, object]]:
    try:
        rows = orjson.loads(page.rows)
    except orjson.JSONDecodeError:
        raise errors.NoUsableAnswer(
            "Meta sent a page that is not JSON.", "Run the doctor again."
        ) from None
    return [row for row in rows if isinstance(row, dict)]


def _of_proof(subject: str, problem: errors.PathwaysError) -> Check | None:
    """The failure, where it is the proof of the app secret that Meta misses."""
    if "appsecret_proof" not in problem.message:
        return None
    return Check(subject, "DOC-PROOF", "fail", problem.message, PROOF)


def _refused(subject: str, code: str, problem: errors.PathwaysError) -> Check:
    """A failure, unless Meta merely asks to wait."""
    verdict: Verdict = "warn" if isinstance(problem, errors.Deferred) else "fail"
    return Check(subject, code, verdict, problem.message, problem.hint)
