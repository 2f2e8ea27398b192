"""A data folder with snapshots made by hand, and the API over it.

Worlds are in `tests/fixtures/worlds.py`. Tables have the columns of the models'
contracts and ratios the macros of the project, so that neither has a second home.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from api.main import create_app
from api.settings import Settings
from tests.fixtures.local_client import LocalClient
from tests.fixtures.published import publishing_into, reporting_into
from tests.fixtures.world_database import write_database
from tests.fixtures.world_rows import World
from tests.fixtures.worlds import NOW, acme, both


@pytest.fixture(scope="module")
def contract_tables() -> Callable[[Path], None]:
    """Writes a database with every table and function, without a row."""
    return lambda file: write_database(file, {})


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    (tmp_path / "snapshots").mkdir()
    return tmp_path


@pytest.fixture
def publish(data_dir: Path) -> Callable[..., None]:
    """Writes a snapshot of a world, its manifest and the pointer, like `publish`."""
    return publishing_into(data_dir)


@pytest.fixture
def report(data_dir: Path) -> Callable[..., None]:
    """Writes status.json: account 111 read five minutes ago, all else as given."""
    return reporting_into(data_dir)


@pytest.fixture
def settings(data_dir: Path) -> Settings:
    """The pointer is looked at before every request."""
    return Settings(data_dir, now=NOW, poll_seconds=0)


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    """The API; failures nobody foresaw come back as answers."""
    app = create_app(settings)
    with LocalClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.fixture
def acme_world() -> World:
    return acme()


@pytest.fixture
def both_world() -> World:
    return both()


@pytest.fixture
def acme_only(publish: Callable[..., None], report: Callable[..., None]) -> None:
    """Published: one store."""
    publish(acme())
    report()


@pytest.fixture
def two_stores(publish: Callable[..., None], report: Callable[..., None]) -> None:
    """Published: two stores."""
    publish(both())
    report()
