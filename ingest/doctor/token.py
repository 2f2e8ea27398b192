"""What Meta says of a token, judged. Pure.

Source: Graph API, `/debug_token` and `/me/permissions`; moments in Unix seconds, 0 for
never.
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from ingest.doctor.checks import Check, Verdict

WARNED = timedelta(days=14)
NEEDED = "ads_read"
# Reads too, but could change ads as well.
READS_AS_WELL = "ads_management"
# Granted with every login; says nothing about ads.
_HARMLESS = frozenset({NEEDED, "public_profile"})
_KINDS = {"SYSTEM_USER": "a system user", "USER": "a person"}
# Past the year 9999: as good as never.
_NO_DATE = 253_402_300_800
_RENEW = "Renew the token in Meta's Business settings and set it again."
_SYSTEM_USER = (
    "Renew it before then; the token of a system user can be made never to expire."
)


def token_checks(
    subject: str, facts: Mapping[str, object], now: datetime
) -> Iterator[Check]:
    """What is to be said of a token.

    Args:
        facts: the `data` of debug_token; without `expires_at` the expiry is not known.
    """
    yield _validity(subject, facts)
    yield _expiry(subject, facts, now)
    if "data_access_expires_at" in facts:
        yield _data_access(subject, facts, now)
    scopes = facts.get("scopes")
    yield _scopes(subject, scopes if isinstance(scopes, list) else [])


def granted(permissions: object) -> list[str]:
    """The scopes that a `/me/permissions` answer lists as granted."""
    rows = permissions if isinstance(permissions, list) else []
    return [
        str(row.get("permission"))
        for row in rows
        if isinstance(row, dict) and row.get("status") == "granted"
    ]


def _validity(subject: str, facts: Mapping[str, object]) -> Check:
    kind = str(facts.get("type") or "")
    if facts.get("is_valid") is not True:
        error = facts.get("error")
        said = error.get("message") if isinstance(error, dict) else None
        why = f" ({said})" if said else ""
        return Check(
            subject, "DOC-TOKEN", "fail", f"Meta says it is not valid{why}.", _RENEW
        )
    if kind in _KINDS:
        sentence = f"Valid; the token of {_KINDS[kind]}."
        return Check(subject, "DOC-TOKEN", "ok", sentence)
    if not kind:
        return Check(subject, "DOC-TOKEN", "ok", "Valid.")
    return Check(
        subject,
        "DOC-TOKEN",
        "warn",
        f"Valid, but of the kind {kind}, which may not read ad accounts.",
        "Use the token of a system user.",
    )


def _expiry(subject: str, facts: Mapping[str, object], now: datetime) -> Check:
    if "expires_at" not in facts:
        return Check(
            subject,
            "DOC-EXPIRY",
            "skipped",
            "When it expires is not known: Meta did not let the token be inspected.",
        )
    verdict, when = _ends(facts["expires_at"], now)
    if when is None:
        return Check(subject, "DOC-EXPIRY", "ok", "Never expires.")
    word = "Expired" if verdict == "fail" else "Expires"
    steps = {"ok": "", "warn": _SYSTEM_USER, "fail": _RENEW}
    return Check(
        subject, "DOC-EXPIRY", verdict, f"{word} {_day(when, now)}.", steps[verdict]
    )


def _data_access(subject: str, facts: Mapping[str, object], now: datetime) -> Check:
    verdict, when = _ends(facts["data_access_expires_at"], now)
    if when is None:
        return Check(subject, "DOC-ACCESS", "ok", "Access to data does not end.")
    word = "ended" if verdict == "fail" else "ends"
    step = "" if verdict == "ok" else "Let its person log in to the app again."
    sentence = f"Access to data {word} {_day(when, now)}."
    return Check(subject, "DOC-ACCESS", verdict, sentence, step)


def _scopes(subject: str, scopes: Sequence[object]) -> Check:
    held = {str(scope) for scope in scopes}
    if not held & {NEEDED, READS_AS_WELL}:
        return Check(
            subject,
            "DOC-SCOPES",
            "fail",
            f"Lacks `{NEEDED}`; it has {_listed(held) or 'no scope at all'}.",
            f"Make a token with the scope `{NEEDED}`.",
        )
    extra = held - _HARMLESS
    if extra:
        return Check(
            subject,
            "DOC-SCOPES",
            "warn",
            f"May do more than needed: {_listed(extra)}.",
            f"Least privilege: make a token with `{NEEDED}` alone; nothing is written.",
        )
    return Check(subject, "DOC-SCOPES", "ok", f"`{NEEDED}`, as needed and no more.")


def _ends(seconds: object, now: datetime) -> tuple[Verdict, datetime | None]:
    """How near an end is; no moment where there is none."""
    if not isinstance(seconds, int) or not 0 < seconds < _NO_DATE:
        return "ok", None
    when = datetime.fromtimestamp(seconds, UTC)
    if when <= now:
        return "fail", when
    return ("warn" if when - now < WARNED else "ok"), when


def _day(when: datetime, now: datetime) -> str:
    """A day, and how far it is: `on 2026-03-20, in 10 days`."""
    days = abs(when - now).days
    far = "within a day" if days == 0 else f"{days} day{'s' if days > 1 else ''}"
    if when <= now:
        return f"on {when:%Y-%m-%d}" + (f", {far} ago" if days else "")
    return f"on {when:%Y-%m-%d}, {far if days == 0 else f'in {far}'}"


def _listed(scopes: set[str]) -> str:
    return ", ".join(f"`{scope}`" for scope in sorted(scopes))
