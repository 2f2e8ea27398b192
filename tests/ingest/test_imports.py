"""Who may import what, read from the source itself."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
INGEST = sorted((ROOT / "ingest").rglob("*.py"))
API = sorted((ROOT / "api").rglob("*.py"))

HTTP_CLIENTS = {"requests", "urllib3", "httpx", "httpx2", "aiohttp", "http.client"}
HTTP_CLIENTS |= {"urllib.request", "ftplib", "websockets"}
PURE = (
    *("windows", "planner", "fields", "tables", "pages", "throttle"),
    *("api_versions", "account_statuses"),
    *("completeness", "request_shape"),
    *("doctor.checks", "doctor.token", "doctor.account"),
)
# What decides without touching the world may use; orjson and pyarrow for their types.
PURE_MAY_IMPORT = {
    "bisect",
    "collections",
    "dataclasses",
    "datetime",
    "decimal",
    "enum",
    "functools",
    "itertools",
    "math",
    "orjson",
    "pyarrow",
    "re",
    "typing",
    "zoneinfo",
    "ingest.errors",
    *(f"ingest.{name}" for name in PURE),
}


def name_of(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def imported(tree: ast.AST) -> Iterator[str]:
    """The full name of everything that a module imports, at any depth."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id != "import_module", "an import that no test can see"


def outside_functions(tree: ast.Module) -> Iterator[ast.stmt]:
    """Statements that run when the module is imported."""
    waiting: list[ast.stmt] = list(tree.body)
    while waiting:
        statement = waiting.pop()
        if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
            continue
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(
            statement.test
        ):
            continue
        yield statement
        waiting += [
            node
            for node in ast.iter_child_nodes(statement)
            if isinstance(node, ast.stmt)
        ]


def is_within(name: str, packages: set[str]) -> bool:
    return any(
        name == package or name.startswith(f"{package}.") for package in packages
    )


def importers(paths: list[Path], packages: set[str]) -> set[str]:
    return {
        name_of(path)
        for path in paths
        for name in imported(ast.parse(path.read_text()))
        if is_within(name, packages)
    }


def test_the_source_is_found() -> None:
    names = {name_of(path) for path in INGEST + API}

    assert {"ingest.windows", "ingest.sandbox.server", "api.settings"} <= names


def test_only_the_client_its_transport_and_exchange_rates_do_http() -> None:
    found = importers(INGEST, HTTP_CLIENTS)

    assert found == {
        "ingest.graph_http",
        "ingest.bounded_http",
        "ingest.exchange_rates",
    }


def test_only_loading_ledger_and_settings_import_dlt() -> None:
    found = importers(INGEST, {"dlt"})

    assert found <= {
        "ingest.source",
        "ingest.pipeline",
        "ingest.ledger",
        "ingest.load_ids",
        "ingest.load_steps",
        "ingest.settings",
    }


def test_only_source_makes_dlt_sources_and_resources() -> None:
    makers = {
        name_of(path)
        for path in INGEST
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and (node.value.id, node.attr) in {("dlt", "source"), ("dlt", "resource")}
    }

    assert makers == {"ingest.source"}


def test_dbt_is_a_child_process_and_never_imported_elsewhere() -> None:
    found = importers(INGEST + API, {"dbt"})

    assert found == {"ingest.dbt_child"}
    assert importers(INGEST + API, {"ingest.dbt_child"}) == set()


def pure_modules() -> list[Path]:
    paths = [ROOT / "ingest" / f"{name.replace('.', '/')}.py" for name in PURE]
    return [path for path in paths if path.exists()]


@pytest.mark.parametrize("path", pure_modules(), ids=lambda path: path.stem)
def test_module_that_decides_imports_nothing_that_touches_the_world(
    path: Path,
) -> None:
    names = imported(ast.parse(path.read_text()))

    # `from ingest import errors` is ingest.errors.
    foreign = {name for name in names if not is_within(name, PURE_MAY_IMPORT)}
    assert foreign == set()


@pytest.mark.parametrize("path", pure_modules(), ids=lambda path: path.stem)
def test_module_that_decides_asks_no_clock_and_opens_no_file(path: Path) -> None:
    calls = [
        node.func
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    ]

    methods = {call.attr for call in calls if isinstance(call, ast.Attribute)}
    functions = {call.id for call in calls if isinstance(call, ast.Name)}
    assert methods & {"now", "today", "utcnow", "read_text", "write_text"} == set()
    assert functions & {"open", "print", "input", "__import__"} == set()


def test_api_knows_nothing_of_loading() -> None:
    found = importers(API, {"ingest", "dlt", "dbt", "requests", "pandas"})

    assert found == set()


def test_ingest_imports_api_only_inside_functions_of_verbs() -> None:
    found = importers(INGEST, {"api"})
    at_import = {
        name_of(path)
        for path in INGEST
        for statement in outside_functions(ast.parse(path.read_text()))
        if isinstance(statement, ast.Import | ast.ImportFrom)
        for name in imported(statement)
        if is_within(name, {"api"})
    }

    assert at_import == set()
    assert all(name.startswith(("ingest.cli", "ingest.verbs_")) for name in found)


def test_only_what_reads_an_export_imports_pandas_and_babel() -> None:
    found = importers(INGEST, {"pandas", "babel"})

    assert found == {
        "ingest.ads_manager_cells",
        "ingest.ads_manager_file",
        "ingest.written_days",
        "ingest.written_numbers",
    }


def test_help_imports_nothing_heavy() -> None:
    script = (
        "import sys\n"
        "from ingest.cli import main\n"
        "sys.argv = ['pathways', '--help']\n"
        "try:\n"
        "    main()\n"
        "finally:\n"
        "    heavy = ('dlt', 'dbt', 'duckdb', 'api', 'pyarrow', 'pandas', 'requests')\n"
        "    heavy += ('babel',)\n"
        "    print([name for name in heavy if name in sys.modules], file=sys.stderr)\n"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        cwd=ROOT,
    )

    assert "Usage:" in ended.stdout
    assert ended.stderr.strip() == "[]"
