"""The OpenAPI document is true: requests made from it by schemathesis, over real HTTP.

Half of them fit the document, half break it in one place.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.specs.openapi import checks

from api.main import create_app
from api.settings import Settings
from tests.api.conftest import NOW, publishing_into, reporting_into
from tests.api.test_query import world
from tests.fixtures.listening import listening

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
# A moment whose snapshot is gone is refused before the rest of a request is looked at.
REFUSALS = ["400", "404", "410", "413", "414", "422"]


def can_be_broken(described: Any) -> bool:
    """Whether anything of the request is described that could be sent otherwise."""
    return "requestBody" in described or any(
        parameter["in"] == "query" for parameter in described.get("parameters", [])
    )


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

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    def each(case: Any) -> None:
        answer = case.call()
        figures[f"{answer.status_code}"] += 1
        is_held = mode.is_negative and path not in FREE_TEXT
        more = [checks.negative_data_rejection] if is_held else []
        case.validate_response(answer, checks=[*CHECKS, *more])

    each()
