"""API-1: a key sees its stores, and nothing shows that there are others."""

import re
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from api.callers import EVERYONE, Caller
from api.dependencies import OpenSnapshots
from api.doors import OPEN_PATHS
from api.errors import UnknownStore
from api.main import create_app
from api.settings import Settings
from api.snapshots import QUERIES, Snapshots
from api.status_file import WITHHELD
from tests.fixtures.tenants import (
    COMMON,
    STORES,
    TENANTS,
    Served,
    made_keys,
    marks_of_others,
    query_of,
    served,
    targets,
    write_folder,
)

APP = create_app(Settings(Path("unused")))
# Statements that make views, over all stores, and those views.
MADE = {"explain_facts", "explain_days"}
VIEWS = dict.fromkeys(
    ("explain_facts", "explain_facts_of_two", "explain_facts_of_export"), MADE
)
PATHS = sorted({path for path, _ in targets(APP, "alpha")})


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Served]]:
    """`together`, and each store's own where there is no other."""
    keys, texts = made_keys()
    made = {}
    with ExitStack() as stack:
        for name, stores in [("together", STORES), *((one, (one,)) for one in STORES)]:
            folder = tmp_path_factory.mktemp(name)
            write_folder(folder, stores, keys)
            made[name] = served(folder, texts)
            stack.enter_context(made[name].client)
        yield made


def leaks(worlds: dict[str, Served], path: str, store: str) -> list[str]:
    """Targets whose answer differs where there are other stores, or names one."""
    together, alone = worlds["together"], worlds[store]
    waiting = [target for of, target in targets(together.app, store) if of == path]
    found = []
    while waiting:
        target = waiting.pop()
        whole = together.whole(store, target)
        told = "".join(map(str, whole))
        named = [
            mark
            for mark in marks_of_others(store)
            if mark in told and mark not in target
        ]
        if named or whole != alone.whole(store, target):
            found.append(f"{target} {named} {told}")
        following = re.search(r'"next_cursor":\s*"([^"]+)"', told)
        # The page behind the first one; the others are made alike.
        if following and "cursor=" not in target:
            waiting.append(f"{target}&cursor={following[1]}")
    return found


def test_the_matrix_holds_every_route() -> None:
    routes = set(APP.openapi()["paths"])

    assert len(routes) >= 13
    assert set(PATHS) == {re.sub(r"\{\w+\}", "nobody", path) for path in routes}


def test_the_matrix_names_every_parameter() -> None:
    asked = " ".join(target for _, target in targets(APP, "alpha"))
    parameters = {
        parameter["name"]
        for methods in APP.openapi()["paths"].values()
        for described in methods.values()
        for parameter in described.get("parameters", [])
        if parameter["in"] == "query"
    }

    assert len(parameters) > 20
    unnamed = {one for one in parameters if not re.search(rf"[?&]{one}=", asked)}
    assert unnamed == set()


@pytest.mark.parametrize(
    "store", ["alpha", *(pytest.param(s, marks=pytest.mark.slow) for s in STORES[1:])]
)
@pytest.mark.parametrize("path", PATHS)
def test_an_answer_is_the_one_there_would_be_without_any_other_store(
    worlds: dict[str, Served], path: str, store: str
) -> None:
    assert leaks(worlds, path, store) == []


def test_the_keys_of_the_matrix_do_get_their_own_data(
    worlds: dict[str, Served],
) -> None:
    for store in STORES:
        answer = worlds["together"].get(store, "/v1/rows/campaign?since=2026-03-01")

        accounts = {row["account_id"] for row in answer.json()["data"]}
        assert accounts == {TENANTS[store].account_id}


def test_a_route_that_forgets_its_caller_is_found(
    worlds: dict[str, Served],
) -> None:
    def stores_of_all(snapshots: OpenSnapshots) -> list[str]:
        with snapshots.reading(EVERYONE) as reader:
            return [row["store"] for row in reader.rows("stores", {"store": None})]

    def count_of_all(snapshots: OpenSnapshots) -> int:
        return len(stores_of_all(snapshots))

    forgetful = {
        name: served(
            worlds[name].folder, worlds[name].texts, stores_of_all, count_of_all
        )
        for name in ("together", "alpha")
    }

    assert leaks(forgetful, "/v1/stores", "alpha") == []
    assert leaks(forgetful, "/v1/stores_of_all", "alpha")
    assert leaks(forgetful, "/v1/count_of_all", "alpha")


def test_every_route_but_the_open_ones_asks_who_it_answers() -> None:
    # What depends on the caller has the scheme of keys in the document.
    forgetful = {
        (method, path)
        for path, methods in APP.openapi()["paths"].items()
        for method, described in methods.items()
        if path not in OPEN_PATHS and not described.get("security")
    }

    assert forgetful == set()


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_statements_are_bound_to_a_visible_store_or_to_all_visible_ones(
    name: str,
) -> None:
    query = QUERIES[name]
    tables = set(re.findall(r"(?:from|join)\s+((?:core|marts)\.\w+)", query.sql))
    if name == "opening" or (tables and tables <= set(COMMON)):
        return
    # What makes functions alone reads nothing.
    if not re.search(r"\b(from|join)\b", re.sub(r"--.*", "", query.sql)):
        return
    # A view reads nothing; what reads it is bound, and what is made of that is too.
    if name in VIEWS:
        assert query.sql.count("create or replace temporary view") == len(VIEWS[name])
        return
    made = set(re.findall(r"(?:from|join)\s+(explain_\w+)", query.sql))
    if (
        made
        and not tables
        and not made & {view for of in VIEWS.values() for view in of}
    ):
        return

    assert query.parameters & {"store", "visible_stores"}
    if "$store as varchar) is null" in query.sql:
        assert "visible_stores" in query.parameters


@pytest.mark.parametrize("query", ["dashboard", "stores", "rows", "budget_trust"])
def test_a_reader_refuses_a_store_that_is_not_its_callers(
    worlds: dict[str, Served], query: str
) -> None:
    snapshots = Snapshots(worlds["together"].app.state.settings)

    caller = Caller("of alpha", frozenset({"alpha"}))
    refused = pytest.raises(UnknownStore, match="There is no store `bravo`")
    with snapshots.reading(caller) as reader, refused:
        reader.rows(query, {"store": "bravo"})
    snapshots.close()


@pytest.mark.parametrize("path", [path for path in PATHS if path.startswith("/v1/")])
def test_anothers_store_is_an_unknown_one_byte_for_byte(
    worlds: dict[str, Served], path: str
) -> None:
    together = worlds["together"]

    foreign, unknown = (
        together.get(
            "alpha", query_of(store) if path == "/v1/query" else f"{path}?store={store}"
        )
        for store in ("bravo", "nobody")
    )

    assert foreign.content == unknown.content.replace(b"nobody", b"bravo")
    assert foreign.status_code == unknown.status_code
    if path != "/v1/definitions":
        assert foreign.json()["code"] in ("API-404-STORE", "API-422-PARAMETER")


def test_one_who_may_see_several_stores_is_told_of_those(
    worlds: dict[str, Served],
) -> None:
    together = worlds["together"]

    pair = together.get("pair", "/v1/dashboard").json()
    everyone = together.get("all", "/v1/dashboard").json()

    assert pair["hint"] == "Add store=: alpha, bravo."
    assert everyone["hint"] == "Add store=: alpha, bravo, charlie."
    listed = together.get("pair", "/v1/stores").json()["data"]
    assert [row["store"] for row in listed] == ["alpha", "bravo"]


def test_a_cursor_of_another_key_is_refused(worlds: dict[str, Served]) -> None:
    together = worlds["together"]
    target = "/v1/rows/campaign?store=alpha&since=2026-03-01&limit=1"
    cursor = together.get("alpha", target).json()["meta"]["next_cursor"]

    own = together.get("alpha", f"{target}&cursor={cursor}")
    others = [
        together.get(key, f"{target}&cursor={cursor}").json() for key in ("pair", "all")
    ]

    assert own.status_code == 200
    assert {other["code"] for other in others} == {"API-422-CURSOR"}


def test_who_sees_all_stores_is_told_of_the_cycle_in_full(
    worlds: dict[str, Served],
) -> None:
    together = worlds["together"]

    whole = together.get("all", "/v1/status").json()["data"]
    part = together.get("pair", "/v1/status").json()["data"]

    account = TENANTS["charlie"].account_id
    assert account in whole["failed_checks"][0]["message"]
    assert account in whole["stale"]["why"]
    assert account in whole["cycle"]["steps"][0]["detail"]
    assert part["failed_checks"] == [{"check": "AUDIT-001", "message": WITHHELD}]
    assert part["stale"]["why"] == f"The last cycle did not publish. {WITHHELD}"
    assert [one["store"] for one in part["accounts"]] == ["alpha", "bravo"]
