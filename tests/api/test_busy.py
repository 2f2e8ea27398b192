"""API-4: one key asks for as much as it can; what is left of it for the others."""

import threading
import time
from dataclasses import replace
from datetime import date, timedelta
from itertools import count
from pathlib import Path

import pytest
import requests

from api.keys import new_key
from api.main import create_app
from api.settings import Settings
from ingest.http_protocol import BoundedProtocol
from tests.fixtures.keys_file import bearer, write
from tests.fixtures.listening import listening
from tests.fixtures.worlds import NOW

SIDE_BY_SIDE = 24
# 1,200 days, the most that one answer may have, and fewer: too many windows to keep.
SINCE = date(2022, 11, 27)


@pytest.mark.slow
@pytest.mark.usefixtures("acme_only")
def test_a_key_that_asks_for_all_it_can_leaves_another_its_answers(
    settings: Settings, data_dir: Path
) -> None:
    (one, greedy), (other, modest) = (
        new_key(name, ["acme"], NOW, None) for name in ("one", "other")
    )
    write(data_dir, one, other)
    # Rates do not bound it here, only what is done at once.
    app = create_app(
        replace(settings, requests_per_second=1e6, burst=10**6, requests_at_once=16)
    )
    is_over = threading.Event()
    got: list[tuple[int, str | None]] = []
    days = count()

    def dashboard(since: date) -> str:
        return f"{url}/v1/dashboard?since={since}&compare=none"

    def ask_on() -> None:
        with requests.Session() as session:
            while not is_over.is_set():
                target = dashboard(SINCE + timedelta(days=next(days) % 600))
                answer = session.get(target, headers=bearer(greedy), timeout=60)
                got.append((answer.status_code, answer.headers.get("Retry-After")))

    with listening(app, http=BoundedProtocol) as url:
        threads = [threading.Thread(target=ask_on) for _ in range(SIDE_BY_SIDE)]
        for thread in threads:
            thread.start()
        while len(got) < SIDE_BY_SIDE:
            time.sleep(0.05)
        statuses, seconds = [], []
        for number in range(20):
            target = dashboard(date(2026, 2, 1 + number))
            started = time.monotonic()
            answer = requests.get(target, headers=bearer(modest), timeout=60)
            seconds.append(time.monotonic() - started)
            statuses.append(answer.status_code)
        alive = requests.get(f"{url}/healthz", timeout=60).status_code
        is_over.set()
        for thread in threads:
            thread.join()

    refused = [wait for status, wait in got if status == 503]
    print(
        f"{len(got)} answers to one key, {len(refused)} of them 503; the other's 20 in "
        f"{min(seconds):.2f} to {max(seconds):.2f} s"
    )
    assert statuses == [200] * 20
    assert alive == 200
    # It did ask for more than it got, and it got something.
    assert {status for status, _ in got} == {200, 503}
    assert set(refused) == {"1"}
