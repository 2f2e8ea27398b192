"""Which token is good, and which accounts refuse it at the moment."""

import hmac
from datetime import datetime
from threading import Lock

from ingest.sandbox import errors
from ingest.sandbox.params import Request
from ingest.sandbox.tokens import TokenFacts

DISABLED = "disabled_account"


class Access:
    """The token of the sandbox, and failures set by hand."""

    def __init__(self, token: str) -> None:
        self.token = token
        self._failures: dict[str, str] = {}
        self._lock = Lock()

    def fail(self, account_id: str, failure: str) -> None:
        if failure not in errors.ACCOUNT_FAILURES:
            known = ", ".join(sorted(errors.ACCOUNT_FAILURES))
            raise ValueError(f"Unknown failure {failure}; known are {known}.")
        with self._lock:
            self._failures[account_id.removeprefix("act_")] = failure

    def restore(self, account_id: str) -> None:
        with self._lock:
            self._failures.pop(account_id.removeprefix("act_"), None)

    def is_disabled(self, account_id: str) -> bool:
        return self._failures.get(account_id) == DISABLED

    def check_token(
        self, request: Request, facts: TokenFacts, now: datetime, *, is_user: bool
    ) -> None:
        """Raises: GraphError when the request's token is missing, wrong or worn out, or
        lacks the proof that an app secret asks for."""
        if request.token is None:
            raise errors.missing_token_of_user() if is_user else errors.missing_token()
        if request.token != self.token:
            raise errors.malformed_token()
        if facts.app_secret is not None:
            proof = hmac.new(facts.app_secret.encode(), self.token.encode(), "sha256")
            if request.params.get("appsecret_proof") != proof.hexdigest():
                raise errors.wrong_proof()
        if (refusal := facts.refusal(now)) is not None:
            raise refusal

    def check_account(
        self, account_id: str, facts: TokenFacts, now: datetime, *, is_insights: bool
    ) -> None:
        """Raises: GraphError when the account refuses. A disabled one refuses insights
        only."""
        if (refusal := facts.account_refusal(now)) is not None:
            raise refusal
        with self._lock:
            failure = self._failures.get(account_id)
        if failure is None or (failure == DISABLED and not is_insights):
            return
        raise errors.ACCOUNT_FAILURES[failure](now)
