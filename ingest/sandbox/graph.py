"""Routes of the Graph API: a request to an answer."""

import re
from dataclasses import dataclass, replace
from datetime import datetime

from ingest.sandbox import errors, paging, params, tokens
from ingest.sandbox.access import Access
from ingest.sandbox.conditions import Conditions
from ingest.sandbox.insights import Insights, Question
from ingest.sandbox.nodes import Account, Level
from ingest.sandbox.objects import (
    account_object,
    account_page,
    check_fields,
    node_object,
    node_page,
)
from ingest.sandbox.params import Request
from ingest.sandbox.quota import Subject, UseCase
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


@dataclass
class Graph:
    """Answers requests to `/v<N>.0/...` from the stage's world at its clock."""

    stage: Stage
    access: Access
    insights: Insights
    conditions: Conditions
    empty_page_every: int | None = None

    def answer(self, request: Request) -> Answer:
        """The answer at the clock's moment. Raises: GraphError."""
        now = self.stage.clock.now()
        version, *parts = request.path.strip("/").split("/")
        self._check_version(version)
        match request.method, parts:
            case (("GET" | "POST"), ["debug_token"]):
                return self._debug_token(request, now)
            case "GET", _:
                pass
            case "POST", [_, "insights"]:
                pass
            case method, _:
                raise errors.only_reading(method)
        facts = self.conditions.token_facts
        self.access.check_token(request, facts, now, is_user=parts[:1] == ["me"])
        world = self.stage.state(now)
        match parts:
            case ["me"]:
                return Answer(b'{"id":"100000000000000","name":"Sandbox"}', 1, None)
            case ["me", "permissions"]:
                return Answer(tokens.permissions(facts), len(facts.scopes), None)
            case ["me", "adaccounts"]:
                accounts = [self._shown(state) for state in world.accounts.values()]
                page = account_page(request, accounts, now)
                return Answer(paging.body(request, page), page.count, None)
            case [object_id]:
                return self._object(request, world, object_id, now)
            case [object_id, edge]:
                return self._edge(request, world, object_id, edge, now)
            case _:
                raise errors.unknown_path("/" + "/".join(parts[2:]))

    def subject(self, request: Request) -> Subject:
        """Whose quota the request counts against, if its token is good."""
        _, *parts = request.path.strip("/").split("/")
        if request.token != self.access.token or parts[:1] in ([], ["me"]):
            return Subject(None, "management")
        job = self.conditions.reports.find(parts[0])
        if job is not None:
            return Subject(job.account_id, "insights")
        use_case: UseCase = "insights" if parts[1:] == ["insights"] else "management"
        world = self.stage.state(self.stage.clock.now())
        if parts[0].startswith("act_"):
            account_id = parts[0].removeprefix("act_")
            return Subject(
                account_id if account_id in world.accounts else None, use_case
            )
        found = world.find(parts[0])
        return Subject(found[1].account.id if found else None, use_case)

    def _check_version(self, version: str) -> None:
        matched = _VERSION.fullmatch(version)
        if matched is None or int(matched[1]) < errors.MINIMUM_VERSION:
            raise errors.old_version()

    def _debug_token(self, request: Request, now: datetime) -> Answer:
        if request.method == "POST" and request.params.get("method") != "get":
            raise errors.only_reading("POST")
        if request.token is None:
            raise errors.missing_token()
        if request.token != self.access.token:
            raise errors.malformed_token()
        asked = request.params.get("input_token")
        if asked is None:
            raise errors.bad_parameter("The parameter input_token is required")
        facts = self.conditions.token_facts
        is_ours = asked == self.access.token
        return Answer(tokens.inspected(facts, is_ours=is_ours, now=now), 1, None)

    def _object(
        self, request: Request, world: WorldState, object_id: str, now: datetime
    ) -> Answer:
        fields = params.field_names(request)
        if object_id.startswith("act_"):
            state = self._account(world, object_id, now)
            body = account_object(self._shown(state), fields, now)
            return Answer(body, 1, state.account.id)
        if (job := self.conditions.reports.find(object_id)) is not None:
            self._check(job.account_id, now, is_insights=True)
            body = self.conditions.reports.polled(job, fields)
            return Answer(body, 1, job.account_id, is_insights=True)
        found = world.find(object_id)
        if found is None:
            raise errors.unknown_object(object_id)
        level, state, node = found
        self._check(state.account.id, now)
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
        is_insights = edge == "insights"
        job = self.conditions.reports.find(object_id)
        if job is not None and is_insights and request.method == "GET":
            self._check(job.account_id, now, is_insights=True)
            self.conditions.reports.check_readable(job)
            page = self.insights.page_of(request, job.question, job.rows)
            return self._paged(request, page, job.account_id, is_insights=True)
        level: Level
        if object_id.startswith("act_"):
            level = "account"
            state = self._account(world, object_id, now, is_insights=is_insights)
            object_id = state.account.id
        else:
            found = world.find(object_id)
            if found is None:
                raise errors.unknown_object(object_id)
            level, state, _ = found
            self._check(state.account.id, now, is_insights=is_insights)
        if not is_insights:
            page = self._children(request, state, level, object_id, edge)
            return self._paged(request, page, state.account.id)
        question = self.insights.question(request, state, level, object_id, now)
        if request.method == "POST":
            return self._report(request, question)
        page = self.insights.answer(request, question, self.conditions.size_limits)
        return self._paged(request, page, state.account.id, is_insights=True)

    def _report(self, request: Request, question: Question) -> Answer:
        job = self.conditions.reports.create(
            request.line,
            question,
            self.insights.count(question),
            self.conditions.size_limits.report_rows,
        )
        body = b'{"report_run_id":"%b"}' % job.id.encode()
        return Answer(body, 1, job.account_id, is_insights=True)

    def _paged(
        self,
        request: Request,
        page: paging.Page,
        account_id: str,
        *,
        is_insights: bool = False,
    ) -> Answer:
        if paging.is_emptied(page, self.empty_page_every):
            page = paging.emptied(page)
        body = paging.body(request, page)
        return Answer(body, page.count, account_id, is_insights)

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
        self,
        world: WorldState,
        object_id: str,
        now: datetime,
        *,
        is_insights: bool = False,
    ) -> AccountState:
        state = world.accounts.get(object_id.removeprefix("act_"))
        if state is None:
            raise errors.unknown_object(object_id)
        self._check(state.account.id, now, is_insights=is_insights)
        return state

    def _check(
        self, account_id: str, now: datetime, *, is_insights: bool = False
    ) -> None:
        facts = self.conditions.token_facts
        self.access.check_account(account_id, facts, now, is_insights=is_insights)

    def _shown(self, state: AccountState) -> Account:
        if self.access.is_disabled(state.account.id):
            return replace(state.account, status=2)
        return state.account
