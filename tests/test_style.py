"""The style checks that the suite runs: formatting, lint, types, SQL, docs."""

import re
import subprocess
import sys
from pathlib import Path

import pytest


def run(root: Path, *command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "command",
    [
        ("ruff", "format", "--check", "."),
        ("ruff", "check", "."),
        ("mypy",),
        pytest.param(("mypy", "-p", "tests"), marks=pytest.mark.slow),
        pytest.param(("sqlfluff", "lint", "dbt_project"), marks=pytest.mark.slow),
        pytest.param(
            ("sqlfluff", "lint", "--templater", "placeholder", "api/queries"),
            marks=pytest.mark.slow,
        ),
    ],
    ids=" ".join,
)
def test_the_tree_is_clean_under(root: Path, command: tuple[str, ...]) -> None:
    ended = run(root, *command)

    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_every_table_that_the_readme_names_is_a_model(root: Path) -> None:
    named = set(
        re.findall(r"`(?:core|marts)\.(\w+)`", (root / "README.md").read_text())
    )
    models = {path.stem for path in (root / "dbt_project/models").rglob("*.sql")}

    assert len(named) > 10
    assert named - models == set()


def test_the_documentation_of_dbt_begins_with_every_public_table(root: Path) -> None:
    models = root / "dbt_project/models"
    text = (models / "core/_core__docs.md").read_text()
    overview = text.partition("{% docs __overview__ %}")[2].partition("{% enddocs %}")
    named = set(re.findall(r"`((?:core|marts)\.\w+)`", overview[0]))
    there = {
        f"{schema}.{path.stem}"
        for schema in ("core", "marts")
        for path in (models / schema).rglob("*.sql")
    }

    assert named == there


def test_every_route_that_the_readme_names_is_served_and_exposed(root: Path) -> None:
    import yaml

    from api.main import create_app
    from api.settings import Settings

    app = create_app(Settings(data_dir=root / ".pathways"))
    served = {path for path in app.openapi()["paths"] if path.startswith("/v1/")}
    readme = (root / "README.md").read_text()
    named = set(re.findall(r"`(/v1/[\w/]+)`", readme))
    exposures = yaml.safe_load(
        (root / "dbt_project/models/marts/_marts__exposures.yml").read_text()
    )["exposures"]
    exposed = {
        exposure["url"].removeprefix("http://127.0.0.1:8000") for exposure in exposures
    }

    levels = ("account", "campaign", "adset", "ad")
    routes = {path.replace("{level}", level) for path in exposed for level in levels}
    assert named <= served
    assert routes == served


def test_every_variable_of_the_example_is_read_and_every_read_one_is_there(
    root: Path,
) -> None:
    from pydantic import BaseModel

    from ingest.settings import (
        AuditSettings,
        FxSettings,
        LogSettings,
        MetaSettings,
        ServeSettings,
        Settings,
        SnapshotSettings,
        StoreSettings,
    )

    example = (root / ".env.example").read_text()
    named = set(re.findall(r"^#?([A-Z_]+[A-Z])=", example, re.MULTILINE))
    read = {
        f"SOURCES__META__STORES__ACME__{n}".upper() for n in StoreSettings.model_fields
    }
    read |= {
        f"SOURCES__META__{n}".upper()
        for n in MetaSettings.model_fields
        if n != "stores"
    }
    read |= {f"SOURCES__FX__{n}".upper() for n in FxSettings.model_fields}
    below: dict[str, type[BaseModel]] = {
        "serve": ServeSettings,
        "snapshots": SnapshotSettings,
        "audit": AuditSettings,
        "logs": LogSettings,
    }
    read |= {
        f"PATHWAYS__{section}__{n}".upper()
        for section, model in below.items()
        for n in model.model_fields
    }
    sections = ("meta", "fx", "readers", *below)
    read |= {
        f"PATHWAYS__{n}".upper() for n in Settings.model_fields if n not in sections
    }

    assert named == read


def test_each_promise_names_tests_that_exist(root: Path) -> None:
    promises = (root / "PROMISES.md").read_text()
    named = re.findall(r"`(tests/[\w/.]+)::(test_\w+)`", promises)

    assert len(named) > 20
    for file, name in named:
        assert f"def {name}(" in (root / file).read_text(), f"{file}::{name}"
