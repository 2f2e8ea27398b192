"""What the configuration says, judged. Pure; that it can be read was settled before."""

from collections.abc import Iterator
from datetime import date

from ingest.api_versions import newest_version, verdict
from ingest.doctor.checks import Check, Verdict
from ingest.errors import ConfigError
from ingest.settings import Settings

SUBJECT = "Configuration"
PROOF = "Set SOURCES__META__APP_SECRET to the secret of the token's own app."
_STATES: dict[str, Verdict] = {
    "ok": "ok",
    "retires": "warn",
    "retired": "fail",
    "unknown": "warn",
}


def configuration_checks(settings: Settings, today: date) -> Iterator[Check]:
    """Whether there are stores, tokens and a version to work with."""
    yield Check(SUBJECT, "DOC-CONFIG", "ok", "Every key is known and its value usable.")
    yield _stores(settings)
    yield from _secrets(settings)
    yield _version(settings.meta.api_version, today)
    if settings.meta.app_secret is not None:
        sentence = "The app secret is set: each call carries a proof of it."
        yield Check(SUBJECT, "DOC-PROOF", "ok", sentence)
    elif settings.meta.stores:
        sentence = "No app secret is set, so a stolen token would work anywhere."
        yield Check(SUBJECT, "DOC-PROOF", "ok", sentence, f"Advice: {_lower(PROOF)}")


def stores_by_token(settings: Settings) -> dict[str, list[str]]:
    """The stores of each token; a store without one is left out."""
    found: dict[str, list[str]] = {}
    for store in settings.meta.stores:
        try:
            token = settings.meta.token_of(store).get_secret_value()
        except ConfigError:
            continue
        found.setdefault(token, []).append(store)
    return found


def _stores(settings: Settings) -> Check:
    try:
        if not settings.meta.stores:
            settings.require_stores()
    except ConfigError as problem:
        return Check(SUBJECT, "DOC-STORES", "fail", problem.message, problem.hint)
    stores = settings.meta.stores
    accounts = sum(len(store.accounts) for store in stores.values())
    sentence = (
        f"{_counted(len(stores), 'store')} with {_counted(accounts, 'account')}: "
        f"{', '.join(stores)}."
    )
    return Check(SUBJECT, "DOC-STORES", "ok", sentence)


def _secrets(settings: Settings) -> Iterator[Check]:
    lacking = False
    for store in settings.meta.stores:
        try:
            settings.meta.token_of(store)
        except ConfigError as problem:
            lacking = True
            yield Check(SUBJECT, "DOC-SECRET", "fail", problem.message, problem.hint)
    if settings.meta.stores and not lacking:
        count = _counted(len(stores_by_token(settings)), "token")
        yield Check(SUBJECT, "DOC-SECRET", "ok", f"Every store has a token ({count}).")


def _version(version: str, today: date) -> Check:
    found = verdict(version, today)
    step = (
        "" if found.state == "ok" else f"Set `api_version`; {newest_version()} is new."
    )
    return Check(SUBJECT, "DOC-VERSION", _STATES[found.state], found.sentence, step)


def _counted(count: int, noun: str) -> str:
    return f"{count} {noun}" + ("" if count == 1 else "s")


def _lower(sentence: str) -> str:
    return sentence[0].lower() + sentence[1:]
