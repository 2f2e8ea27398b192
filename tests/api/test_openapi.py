"""The OpenAPI document is true: requests made from it by schemathesis, over real HTTP.

Half of them fit the document, half break it in one place. Of those that fit, half ask
for what the world has: what is made up finds next to nothing.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from api.main import create_app
from api.settings import Settings
from tests.api.test_query import world
from tests.fixtures.listening import listening
from tests.fixtures.published import publishing_into, reporting_into
from tests.fixtures.worlds import NOW

CHECKS = [
    schemathesis.checks.not_a_server_error,
    checks.status_code_conformance,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
]
EXAMPLES = 40
# A URL has no types: a boolean or number for a name arrives as text, like any name.
FREE_TEXT = {"/v1/definitions"}
# What the world has.
KNOWN: dict[str, Any] = {
    "a": "dashboard",
    "b": "ai_budget",
    "campaign_id": ["1"],
    "dimensions": ["campaign_id", "date_day"],
    "measures": ["spend", "roas"],
    "metric": "spend",
    "name": ["spend", "country_code"],
    "since": "2026-03-01",
    "status": ["active"],
    "store": "acme",
    "until": "2026-03-10",
}
# What any value of will do; all other parts ask for something that is not there.
ANY = {"compare", "format", "grain", "include_absent", "include_inactive", "shares"}
# A moment whose snapshot is gone is refused before the rest of a request is looked at.
REFUSALS = ["400", "404", "410", "413", "414", "422"]


def can_be_broken(described: Any) -> bool:
    """Whether anything of the request is described that could be sent otherwise."""
    return "requestBody" in described or any(
        parameter["in"] == "query" for parameter in described.get("parameters", [])
    )


def asking_for_the_known(part: Any) -> Any:
    """A query or body, asking for what there is in the place of what was made up."""
    kept = {name: value for name, value in part.items() if name in ANY}
    return kept | {name: KNOWN[name] for name in part if name in KNOWN}


def has_data(answer: Any) -> bool:
    if answer.headers["content-type"] != ["application/json"]:
        return bool(answer.content)
    document = answer.json()
    data = document.get("data", document)
    return any(data.values()) if isinstance(data, dict) else bool(data)


CASES = [
    (method, path, mode)
    for path, methods in create_app(Settings(Path("unused"))).openapi()["paths"].items()
    for method, described in methods.items()
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or can_be_broken(described)
]


@pytest.fixture(scope="module")
def schema(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    folder = tmp_path_factory.mktemp("served")
    (folder / "snapshots").mkdir()
    publishing_into(folder)(world())
    reporting_into(folder)()
    (folder / "docs").mkdir()
    (folder / "docs" / "static_index.html").write_text("<html></html>")
    app = create_app(Settings(folder, now=NOW, poll_seconds=60))
    document = app.openapi()
    for methods in document["paths"].values():
        for operation in methods.values():
            # Without keys the API is open; with one, tests/api/test_keys asks.
            operation.pop("security", None)
    with listening(app) as url:
        made = schemathesis.openapi.from_dict(document)
        made.config.update(base_url=url)
        made.config.checks.negative_data_rejection.expected_statuses = REFUSALS
        yield made


@pytest.fixture(scope="module")
def figures() -> Iterator[Counter[str]]:
    counted: Counter[str] = Counter()
    yield counted
    print(f"\nOf {len(CASES)} kinds {counted.total()} requests: {dict(counted)}")


@pytest.mark.slow
@pytest.mark.parametrize(
    ("method", "path", "mode"),
    CASES,
    ids=lambda value: value.value if isinstance(value, GenerationMode) else value,
)
def test_what_is_answered_is_as_documented(
    schema: Any, figures: Counter[str], method: str, path: str, mode: GenerationMode
) -> None:
    operation = schema[path][method.upper()]
    with_data = 0

    @given(
        case=operation.as_strategy(generation_mode=mode),
        is_known=st.booleans() if mode.is_positive else st.just(False),
    )
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def each(case: Any, is_known: bool) -> None:
        nonlocal with_data
        if is_known and case.query:
            case.query = asking_for_the_known(case.query)
        if is_known and isinstance(case.body, dict):
            case.body = asking_for_the_known(case.body)
        answer = case.call()
        figures[f"{answer.status_code}"] += 1
        with_data += answer.status_code == 200 and has_data(answer)
        is_held = mode.is_negative and path not in FREE_TEXT
        more = [checks.negative_data_rejection] if is_held else []
        case.validate_response(answer, checks=[*CHECKS, *more])

    each()

    if mode.is_positive:
        assert with_data
