"""What the package must be: thin, alone with DuckDB in one place, documented."""

import ast
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from api.main import create_app
from api.settings import Settings
from api.snapshots import QUERIES

ROOT = Path(__file__).parents[2]
API = ROOT / "api"
MODULES = sorted(API.rglob("*.py"))
THIRD_PARTY = {"duckdb", "fastapi", "prometheus_client", "pydantic", "starlette"}
FORBIDDEN = {"ingest", "dlt", "dbt", "requests", "pandas", "numpy", "pyarrow"}


def _imports(file: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name.partition(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            found.add(str(node.module).partition(".")[0])
    return found


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.name)
def test_modules_import_only_what_the_api_may(file: Path) -> None:
    others = _imports(file) - set(sys.stdlib_module_names) - {"api"}

    assert others <= THIRD_PARTY
    assert ("duckdb" in others) == (file.name == "snapshots.py")


def test_importing_the_api_imports_nothing_forbidden_behind_it() -> None:
    code = "import api.main, sys; print(' '.join(sys.modules))"
    modules = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()

    assert not FORBIDDEN & {name.partition(".")[0] for name in modules}


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.name)
def test_nothing_reads_the_environment(file: Path) -> None:
    assert not re.search(r"os\.environ|getenv", file.read_text())


def test_statements_are_run_as_they_were_loaded() -> None:
    tree = ast.parse((API / "snapshots.py").read_text())
    calls = [
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in ("execute", "executemany", "sql", "query")
    ]

    assert calls
    for call in calls:
        statement = call.args[0]
        is_fixed = isinstance(statement, ast.Constant)
        is_loaded = isinstance(statement, ast.Attribute) and statement.attr == "sql"
        # Of a file's name, which no request has a part in; see the next test.
        is_attaching = ast.unparse(statement).startswith("_attaching(")
        assert is_fixed or is_loaded or is_attaching, ast.unparse(call)


@pytest.mark.parametrize("file", MODULES, ids=lambda file: file.name)
def test_python_holds_no_sql(file: Path) -> None:
    if file.name == "snapshots.py":
        return
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            assert not re.search(r"\bselect\b.+\bfrom\b", node.value, re.S | re.I)


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_queries_have_no_places_for_text_and_begin_with_their_grain(name: str) -> None:
    sql = QUERIES[name].sql

    assert sql.startswith("-- Grain: ")
    assert not re.search(r"[{}]|%s|\?", sql)
    assert max(map(len, sql.splitlines())) <= 88


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_queries_leave_ratios_to_their_one_home(name: str) -> None:
    without_comments = re.sub(r"--.*", "", QUERIES[name].sql)

    assert " / " not in without_comments


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_queries_never_ask_the_clock(name: str) -> None:
    assert not re.search(r"current_date|now\(\)|current_timestamp", QUERIES[name].sql)


def _openapi() -> dict[str, Any]:
    return create_app(Settings(Path("unused"))).openapi()


def test_every_parameter_is_described() -> None:
    for path, methods in _openapi()["paths"].items():
        # What reads a query from a body writes nothing either.
        assert set(methods) == {"post" if path == "/v1/query" else "get"}
        for method in methods.values():
            for parameter in method.get("parameters", []):
                assert parameter.get("description"), (path, parameter["name"])


def test_every_field_is_described() -> None:
    for name, schema in _openapi()["components"]["schemas"].items():
        for field, described in schema.get("properties", {}).items():
            assert described.get("description"), (name, field)


def test_failures_are_documented_as_problems() -> None:
    for path, methods in _openapi()["paths"].items():
        for method in methods.values():
            for status in ("404", "422", "503"):
                content = method["responses"][status]["content"]
                assert list(content) == ["application/problem+json"], path


def test_money_is_documented_as_text_and_ratios_as_numbers() -> None:
    schemas = _openapi()["components"]["schemas"]

    day = schemas["TrendDay"]["properties"]
    assert {kind["type"] for kind in day["spend"]["anyOf"]} == {"string", "null"}
    assert {kind["type"] for kind in day["roas"]["anyOf"]} == {"number", "null"}
