"""CFG-2: demo and tests need no network and send none; telemetry is off."""

import json
import os
import socket
import subprocess
import sys
import tomllib
import urllib.request
from decimal import Decimal
from pathlib import Path

import pytest
import requests
import yaml

from tests.fixtures import no_network

UNSHARE = ("unshare", "--map-root-user", "--net")
LOOPBACK_UP = "ip link set lo up 2>/dev/null || ifconfig lo up"
# For machines with neither tool: SIOCSIFFLAGS with IFF_UP, by hand.
UP_BY_HAND = (
    "import fcntl, socket, struct; "
    "fcntl.ioctl(socket.socket(), 0x8914, struct.pack('16sH14s', b'lo', 1, b''))"
)


def _connected() -> None:
    # TEST-NET-3, never routed.
    socket.create_connection(("203.0.113.1", 80), timeout=1)


def _datagram() -> None:
    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b"x", ("203.0.113.1", 53))


@pytest.mark.parametrize(
    "reach_out",
    [
        pytest.param(_connected, id="an address"),
        pytest.param(_datagram, id="a datagram"),
        pytest.param(lambda: socket.getaddrinfo("example.com", 443), id="a lookup"),
        pytest.param(lambda: socket.gethostbyname("example.com"), id="an old lookup"),
        pytest.param(
            lambda: requests.get("https://example.com", timeout=1), id="requests"
        ),
        pytest.param(
            lambda: urllib.request.urlopen("http://203.0.113.1/", timeout=1),
            id="urllib",
        ),
    ],
)
def test_reaching_outside_is_refused_and_noted(reach_out: object) -> None:
    assert callable(reach_out)

    with pytest.raises(OSError, match="tests reach nothing outside"):
        reach_out()

    assert no_network.attempts() != []
    # Else this very test would fail by what it tried on purpose.
    no_network.attempts().clear()


@pytest.mark.parametrize(
    ("host", "is_here"),
    [
        ("127.0.0.1", True),
        ("127.8.9.1", True),
        ("::1", True),
        ("localhost", True),
        (b"localhost", True),
        (None, True),
        ("0.0.0.0", True),
        ("127.0.0.1.example.com", False),
        ("10.0.0.1", False),
        ("::ffff:203.0.113.1", False),
        ("graph.facebook.com", False),
    ],
)
def test_only_loopback_is_this_machine(host: object, is_here: bool) -> None:
    assert no_network.is_local(host) is is_here


def test_a_test_that_reaches_outside_fails_though_its_code_swallows_it(
    tmp_path: Path, root: Path
) -> None:
    (tmp_path / "test_it.py").write_text(
        "import socket\n"
        "def test_it():\n"
        "    try:\n"
        "        socket.getaddrinfo('example.com', 443)\n"
        "    except OSError:\n"
        "        pass\n"
    )

    ended = subprocess.run(
        [
            *(sys.executable, "-m", "pytest", "-p", "tests.fixtures.no_network"),
            *("-c", os.devnull, "--rootdir", str(tmp_path), str(tmp_path)),
        ],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1, ended.stdout
    assert "the test reached outside" in ended.stdout


def test_telemetry_of_dlt_is_off_by_file_and_by_code(
    root: Path, tmp_path: Path
) -> None:
    config = tomllib.loads((root / ".dlt" / "config.toml").read_text())
    script = (
        "import ingest.pipeline\n"
        "from dlt.common.runtime.run_context import active\n"
        "print(active().runtime_config.dlthub_telemetry)"
    )

    # In a folder without the file, so that the code alone decides.
    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=tmp_path,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(root), "HOME": "/nowhere"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert config["runtime"]["dlthub_telemetry"] is False
    assert ended.stdout.strip() == "False", ended.stderr


def test_telemetry_of_dbt_is_off_by_code_and_by_project(root: Path) -> None:
    script = (
        "import os, ingest.cli\n"
        "names = ('DBT_SEND_ANONYMOUS_USAGE_STATS', 'DO_NOT_TRACK')\n"
        "print(*(os.environ[name] for name in names))"
    )

    ended = subprocess.run(
        [sys.executable, "-c", script],
        cwd=root,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    project = yaml.safe_load((root / "dbt_project.yml").read_text())

    assert ended.stdout.split() == ["false", "1"], ended.stderr
    assert project["flags"]["send_anonymous_usage_stats"] is False


def _why_no_namespace() -> str | None:
    try:
        ended = subprocess.run([*UNSHARE, "true"], capture_output=True, check=False)
    except FileNotFoundError:
        return "there is no `unshare` here"
    return ended.stderr.decode().strip() or None if ended.returncode else None


@pytest.mark.slow
def test_demo_runs_without_any_network(root: Path, tmp_path: Path) -> None:
    why_not = _why_no_namespace()
    if why_not is not None:
        pytest.skip(f"this machine lets no test have a network of its own: {why_not}")
    script = (
        f'{LOOPBACK_UP} || "{sys.executable}" -c "{UP_BY_HAND}"\n'
        f'exec "{sys.executable}" -m ingest demo --json'
    )

    ended = subprocess.run(
        [*UNSHARE, "sh", "-c", script],
        cwd=root,
        env={
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path),
            "PATHWAYS__DATA_DIR": str(tmp_path / "data"),
        },
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr[-2000:]
    told = json.loads(ended.stdout)
    explained = told["explained"]
    steps = [Decimal(step["delta"]) for step in explained["steps"]]
    assert told["equal"] is True
    # Fourteen days of every status beside seven of what is active now.
    assert Decimal(explained["difference"]) < 0
    assert sum(steps) == Decimal(explained["difference"])
