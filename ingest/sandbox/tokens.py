"""What is true of the token: what `debug_token` says and `me/permissions` lists."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from ingest.sandbox import errors
from ingest.sandbox.errors import GraphError

_READING = frozenset(("ads_read", "ads_management"))


@dataclass(frozen=True)
class TokenFacts:
    """The token of the sandbox. None: it never expires.

    Once it has expired by the sandbox's clock, or is not valid, every call but
    `debug_token` refuses with code 190; without `ads_read` or `ads_management` every
    account refuses with code 200. With an `app_secret` calls need `appsecret_proof`.
    """

    expires_at: datetime | None = None
    data_access_expires_at: datetime | None = None
    scopes: tuple[str, ...] = ("ads_read",)
    is_valid: bool = True
    kind: str = "SYSTEM_USER"
    app_id: str = "200000000000001"
    user_id: str = "100000000000000"
    app_secret: str | None = None

    def refusal(self, now: datetime) -> GraphError | None:
        """Why the token opens nothing at this moment."""
        if self.expires_at is not None and self.expires_at <= now:
            return errors.expired_token(now)
        return None if self.is_valid else errors.token_invalid(now)

    def account_refusal(self, now: datetime) -> GraphError | None:
        """Why the token opens no account."""
        return None if _READING & set(self.scopes) else errors.permission(now)


def permissions(facts: TokenFacts) -> bytes:
    """The answer to `me/permissions`."""
    granted = [{"permission": name, "status": "granted"} for name in facts.scopes]
    return orjson.dumps({"data": granted})


def inspected(facts: TokenFacts, *, is_ours: bool, now: datetime) -> bytes:
    """The answer to `debug_token` about our token or another."""
    refusal = facts.refusal(now) if is_ours else errors.malformed_token()
    data: dict[str, Any] = {"is_valid": refusal is None, "scopes": []}
    if refusal is not None:
        data["error"] = {"code": refusal.code, "message": refusal.message}
        if refusal.subcode is not None:
            data["error"]["subcode"] = refusal.subcode
    if is_ours:
        data |= {
            "app_id": facts.app_id,
            "type": facts.kind,
            "application": "Sandbox",
            "expires_at": _unix(facts.expires_at),
            "data_access_expires_at": _unix(facts.data_access_expires_at),
            "scopes": list(facts.scopes),
            "user_id": facts.user_id,
        }
    return orjson.dumps({"data": data})


def _unix(moment: datetime | None) -> int:
    return 0 if moment is None else int(moment.timestamp())
