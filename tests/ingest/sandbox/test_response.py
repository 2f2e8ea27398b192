"""The way out to one client."""

import socket
import time

from ingest.sandbox.response import Outlet


def test_waiting_ends_when_the_client_hangs_up() -> None:
    ours, theirs = socket.socketpair()
    theirs.close()
    begin = time.monotonic()

    with ours:
        is_there = Outlet(ours).wait(30)

    assert not is_there
    assert time.monotonic() - begin < 5


def test_waiting_lasts_as_long_as_it_should() -> None:
    ours, theirs = socket.socketpair()
    begin = time.monotonic()

    with ours, theirs:
        is_there = Outlet(ours).wait(0.02)

    assert is_there
    assert time.monotonic() - begin >= 0.02
