"""Routes of the Graph API: a request to an answer."""

import re
from dataclasses import dataclass
from datetime import datetime
from threading import Lock

from ingest.sandbox import errors, paging, params
from ingest.sandbox.insights import Insights
from ingest.sandbox.nodes import Level
from ingest.sandbox.objects import (
    account_object,
    account_page,
    check_fields,
    node_object,
    node_page,
)
from ingest.sandbox.params import Request
from ingest.sandbox.stage import Stage
from ingest.sandbox.state import AccountState, WorldState

_VERSION = re.compile(r"v(\d+)\.0")
_EDGES: dict[str, tuple[str, Level]] = {
    "campaigns": ("account", "campaign"),
    "adsets": ("account campaign", "adset"),
    "ads": ("account campaign adset", "ad"),
}


@dataclass(frozen=True)
class Answer:
    """A body and its rows; `account_id` (digits) is whose quota it counts against."""

    body: bytes
    rows: int
    account_id: str | None
    is_insights: bool = False


class Access:
    """Which token is good, and which accounts refuse it at the moment."""

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

    def check_account(self, account_id: str, now: datetime) -> None:
        with self._lock:
            failure = self._failures.get(account_id)
        if failure is not None:
            raise errors.ACCOUNT_FAILURES[failure](now)


@dataclass
class Graph:
    """Answers requests to `/v<N>.0/...` from the stage's world at its clock."""

    stage: Stage
    access: Access
    insights: Insights
    empty_page_every: int | None = None

    def answer(self, request: Request) -> Answer:
        """The answer at the clock's moment. Raises: GraphError."""
        now = self.stage.clock.now()
        version, *parts = request.path.strip("/").split("/")
        self._check_version(version)
        if request.method != "GET":
            raise errors.only_reading(request.method)
        self._check_token(request, parts)
        world = self.stage.state(now)
        match parts:
            case ["me"]:
                return Answer(b'{"id":"100000000000000","name":"Sandbox"}', 1, None)
            case ["me", "permissions"]:
                granted = b'{"permission":"ads_read","status":"granted"}'
                return Answer(b'{"data":[%b]}' % granted, 1, None)
            case ["me", "adaccounts"]:
                page = account_page(request, world.accounts.values(), now)
                return Answer(paging.body(request, page), page.count, None)
            case [object_id]:
                return self._object(request, world, object_id, now)
            case [object_id, edge]:
                return self._edge(request, world, object_id, edge, now)
            case _:
                raise errors.unknown_path("/" + "/".join(parts[2:]))

    def _check_version(self, version: str) -> None:
        matched = _VERSION.fullmatch(version)
        if matched is None or int(matched[1]) < errors.MINIMUM_VERSION:
            raise errors.old_version()

    def _check_token(self, request: Request, parts: list[str]) -> None:
        if request.token is None:
            is_user = parts[:1] == ["me"]
            raise errors.missing_token_of_user() if is_user else errors.missing_token()
        if request.token != self.access.token:
            raise errors.malformed_token()

    def _object(
        self, request: Request, world: WorldState, object_id: str, now: datetime
    ) -> Answer:
        fields = params.field_names(request)
        if object_id.startswith("act_"):
            state = self._account(world, object_id, now)
            body = account_object(state.account, fields, now)
            return Answer(body, 1, state.account.id)
        found = world.find(object_id)
        if found is None:
            raise errors.unknown_object(object_id)
        level, state, node = found
        self.access.check_account(state.account.id, now)
        check_fields(fields, level)
        return Answer(node_object(state, node, fields), 1, state.account.id)

    def _edge(
        self,
        request: Request,
        world: WorldState,
        object_id: str,
        edge: str,
        now: datetime,
    ) -> Answer:
        level: Level
        if object_id.startswith("act_"):
            level, state = "account", self._account(world, object_id, now)
            object_id = state.account.id
        else:
            found = world.find(object_id)
            if found is None:
                raise errors.unknown_object(object_id)
            level, state, _ = found
            self.access.check_account(state.account.id, now)
        if edge == "insights":
            page = self.insights.answer(request, state, level, object_id, now)
        else:
            page = self._children(request, state, level, object_id, edge)
        if paging.is_emptied(page, self.empty_page_every):
            page = paging.emptied(page)
        body = paging.body(request, page)
        return Answer(body, page.count, state.account.id, edge == "insights")

    def _children(
        self,
        request: Request,
        state: AccountState,
        level: Level,
        object_id: str,
        edge: str,
    ) -> paging.Page:
        parents, child = _EDGES.get(edge, ("", "ad"))
        if level not in parents.split():
            raise errors.bad_parameter(
                f"Tried accessing nonexisting field ({edge}) on node type ({level})"
            )
        parent_id = None if level == "account" else object_id
        return node_page(request, state, child, parent_id)

    def _account(
        self, world: WorldState, object_id: str, now: datetime
    ) -> AccountState:
        state = world.accounts.get(object_id.removeprefix("act_"))
        if state is None:
            raise errors.unknown_object(object_id)
        self.access.check_account(state.account.id, now)
        return state
