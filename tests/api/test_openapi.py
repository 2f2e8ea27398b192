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
OPERATIONS = [
    (method, path)
    for path, methods in create_app(Settings(Path("unused"))).openapi()["paths"].items()
    for method in methods
]
EXAMPLES = 40


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
        yield made


@pytest.fixture(scope="module")
def figures() -> Iterator[Counter[str]]:
    counted: Counter[str] = Counter()
    yield counted
    print(f"\nOperations {len(OPERATIONS)}, cases {counted.total()}: {dict(counted)}")


@pytest.mark.slow
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize(("method", "path"), OPERATIONS, ids=str)
def test_what_is_answered_is_as_documented(
    schema: Any, figures: Counter[str], method: str, path: str, mode: GenerationMode
) -> None:
    operation = schema[path][method.upper()]
    if mode is GenerationMode.NEGATIVE and not (
        operation.query.items or operation.body.items
    ):
        pytest.skip("nothing in it can be broken")

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
        more = [checks.negative_data_rejection] if mode.is_negative else []
        case.validate_response(answer, checks=[*CHECKS, *more])

    each()
