"""API-5: who has no valid key gets nothing, from the next request on."""

import hashlib
import hmac
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import requests

from api.errors import ConfigurationError
from api.keys import Key, Keys, new_key
from api.main import create_app
from api.settings import Settings
from tests.fixtures.keys_file import bearer, write
from tests.fixtures.listening import listening
from tests.fixtures.local_client import LocalClient
from tests.fixtures.worlds import NOW

OPEN = ["/healthz", "/docs", "/openapi.json"]
CLOSED = [
    path
    for path in create_app(Settings(Path("unused"))).openapi()["paths"]
    if path not in OPEN
]
LONGER = timedelta(days=1)


@pytest.fixture
def made(data_dir: Path) -> tuple[Key, str]:
    """A key for acme and its text; the file has it."""
    key, text = new_key("page", ["acme"], NOW, NOW + LONGER)
    write(data_dir, key)
    return key, text


def test_a_key_is_of_256_random_bits_and_only_its_hash_is_kept() -> None:
    key, text = new_key("page", ["acme"], NOW, None)

    # 43 letters of base64 hold 256 bits.
    assert len(text) == len("pathways_") + 43
    assert text.startswith("pathways_")
    assert new_key("page", ["acme"], NOW, None)[1] != text
    assert key.sha256 == hashlib.sha256(text.encode()).hexdigest()
    assert text not in repr(key) + key.model_dump_json()
    assert key.sha256 not in repr(key)


@pytest.mark.usefixtures("acme_only")
def test_a_key_counts_from_the_next_request_on_until_it_is_revoked(
    settings: Settings, data_dir: Path
) -> None:
    key, text = new_key("page", ["acme"], NOW, None)
    with listening(create_app(settings)) as url, requests.Session() as session:

        def asked() -> int:
            answer = session.get(f"{url}/v1/stores", headers=bearer(text), timeout=30)
            return answer.status_code

        open_to_all = session.get(f"{url}/v1/stores", timeout=30).status_code
        write(data_dir, key)
        without = session.get(f"{url}/v1/stores", timeout=30)
        with_it = asked()
        write(data_dir, key.model_copy(update={"revoked_at": NOW}))
        revoked = asked()
        write(data_dir, key)
        again = asked()
        write(data_dir)
        emptied = asked()
        (data_dir / "keys.json").unlink()
        gone = asked()

    assert open_to_all == 200
    assert (without.status_code, with_it, revoked, again) == (401, 200, 401, 200)
    # Nothing opens again by taking the file away.
    assert (emptied, gone) == (503, 503)
    assert without.headers["WWW-Authenticate"] == 'Bearer realm="pathways"'
    assert "server" not in without.headers


@pytest.mark.usefixtures("acme_only", "made")
@pytest.mark.parametrize("path", CLOSED)
def test_every_route_but_the_open_ones_wants_a_key(
    client: LocalClient, path: str
) -> None:
    answer = client.get(path)

    assert (answer.status_code, answer.json()["code"]) == (401, "API-401-KEY")
    assert answer.headers["WWW-Authenticate"] == 'Bearer realm="pathways"'
    assert answer.headers["Cache-Control"] == "no-store"
    assert "acme" not in answer.text


@pytest.mark.usefixtures("acme_only", "made")
@pytest.mark.parametrize("path", OPEN)
def test_what_is_the_same_for_everybody_wants_none(
    client: LocalClient, path: str
) -> None:
    assert client.get(path).status_code == 200


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda _: "pathways_" + "A" * 43, id="unknown"),
        pytest.param(lambda text: text[:-1], id="cut short"),
        pytest.param(lambda text: text.swapcase(), id="other case"),
        pytest.param(lambda text: f"{text}, {text}", id="twice"),
        pytest.param(lambda text: hashlib.sha256(text.encode()).hexdigest(), id="hash"),
        pytest.param(lambda _: "\xff\xfe", id="no ASCII"),
        pytest.param(lambda _: "x" * 8000, id="long"),
    ],
)
def test_a_key_that_is_not_valid_is_refused_and_nothing_says_why(
    client: LocalClient, made: tuple[Key, str], spoil: Callable[[str], str]
) -> None:
    key, text = made
    header = b"Bearer " + spoil(text).encode("latin-1")

    answer = client.get("/v1/stores", headers={b"Authorization": header})

    assert (answer.status_code, answer.json()["code"]) == (401, "API-401-KEY")
    assert 'error="invalid_token"' in answer.headers["WWW-Authenticate"]
    assert answer.json()["detail"].startswith("The key is not valid")
    assert text not in answer.text
    assert key.name not in answer.text


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    "headers",
    [
        pytest.param([("Authorization", "Basic {}")], id="another scheme"),
        pytest.param([("Authorization", "{}")], id="no scheme"),
        pytest.param([("Authorization", "Bearer ")], id="no key"),
        pytest.param([("X-API-Key", "{}")], id="another header"),
        pytest.param([("Cookie", "Authorization={}")], id="a cookie"),
        pytest.param([("Authorization", "Bearer {}")] * 2, id="two headers"),
    ],
)
def test_a_key_that_does_not_come_as_bearer_is_none(
    client: LocalClient, made: tuple[Key, str], headers: list[tuple[str, str]]
) -> None:
    sent = [(name, value.format(made[1])) for name, value in headers]

    answer = client.get("/v1/stores", headers=sent)

    assert answer.status_code == 401
    assert answer.json()["detail"] == "No key came with the request."


@pytest.mark.usefixtures("acme_only")
def test_the_word_bearer_may_be_written_small(
    client: LocalClient, made: tuple[Key, str]
) -> None:
    answer = client.get("/v1/stores", headers={"Authorization": f"bearer {made[1]}"})

    assert answer.status_code == 200


@pytest.mark.usefixtures("acme_only")
def test_an_expired_key_is_refused_from_that_moment_on(
    settings: Settings, made: tuple[Key, str]
) -> None:
    just_before = NOW + LONGER - timedelta(microseconds=1)

    statuses = [
        LocalClient(create_app(replace(settings, now=now)))
        .get("/v1/stores", headers=bearer(made[1]))
        .status_code
        for now in (just_before, NOW + LONGER)
    ]

    assert statuses == [200, 401]


@pytest.mark.usefixtures("acme_only")
def test_every_key_is_compared_in_constant_time_whether_one_matches_or_not(
    client: LocalClient, data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = [new_key(f"k{number}", ["acme"], NOW, None) for number in range(3)]
    write(data_dir, *(key for key, _ in made))
    compared: list[str] = []
    compare = hmac.compare_digest

    def watched(one: str, other: str) -> bool:
        compared.append(one)
        return compare(one, other)

    monkeypatch.setattr("api.auth.hmac.compare_digest", watched)
    for text in (made[0][1], made[2][1], "pathways_unknown"):
        client.get("/v1/stores", headers=bearer(text))

    assert compared == [key.sha256 for key, _ in made] * 3


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    "query",
    [
        pytest.param("api_key={}", id="alone"),
        pytest.param("store=acme&name={}&x=1", id="among others"),
        pytest.param("access_token=pathways%5F{rest}", id="encoded"),
    ],
)
def test_a_key_in_the_url_is_refused_and_neither_logged_nor_told(
    client: LocalClient,
    made: tuple[Key, str],
    caplog: pytest.LogCaptureFixture,
    query: str,
) -> None:
    text = made[1]
    target = query.format(text, rest=text.removeprefix("pathways_"))

    with caplog.at_level(logging.DEBUG):
        answer = client.get(f"/v1/stores?{target}", headers=bearer(text))

    secret = text.removeprefix("pathways_")
    assert (answer.status_code, answer.json()["code"]) == (400, "API-400-KEY")
    assert "keys revoke" in answer.json()["hint"]
    assert secret not in answer.text
    said = [record for record in caplog.records if not record.name.startswith("httpx")]
    assert [record for record in said if secret in record.getMessage()] == []


@pytest.mark.usefixtures("acme_only")
def test_a_key_in_the_place_of_a_requests_id_is_neither_logged_nor_told(
    client: LocalClient, made: tuple[Key, str], caplog: pytest.LogCaptureFixture
) -> None:
    text = made[1]

    with caplog.at_level(logging.DEBUG):
        answer = client.get("/v1/stores", headers={"X-Request-ID": text})

    assert text not in answer.text + str(answer.headers)
    said = [record for record in caplog.records if not record.name.startswith("httpx")]
    assert said
    assert [record for record in said if text in str(vars(record))] == []


@pytest.mark.usefixtures("acme_only")
def test_a_store_may_have_a_name_that_begins_as_keys_do(client: LocalClient) -> None:
    answer = client.get("/v1/stores?store=pathways_shop-of-somebody")

    assert answer.json()["code"] == "API-404-STORE"


@pytest.mark.usefixtures("acme_only")
def test_a_file_that_was_emptied_opens_nothing_after_a_restart(
    settings: Settings, data_dir: Path
) -> None:
    write(data_dir)

    answer = LocalClient(create_app(settings)).get("/v1/stores")

    assert (answer.status_code, answer.json()["code"]) == (503, "API-503-KEYS")


def _directory(file: Path) -> None:
    file.unlink()
    file.mkdir()


def _doubled(file: Path) -> None:
    key, _ = new_key("page", ["acme"], NOW, None)
    document = Keys(keys=(key,)).model_dump(mode="json")
    document["keys"] *= 2
    file.write_text(str(document).replace("'", '"').replace("None", "null"))


@pytest.mark.usefixtures("acme_only")
@pytest.mark.parametrize(
    "damage",
    [
        pytest.param(lambda file: file.write_bytes(b""), id="empty"),
        pytest.param(lambda file: file.write_bytes(b"\xff\xfe"), id="no text"),
        pytest.param(lambda file: file.write_text("[]"), id="a list"),
        pytest.param(
            lambda file: file.write_text('{"version": 2}'), id="later version"
        ),
        pytest.param(
            lambda file: file.write_text(file.read_text()[:-9]), id="cut short"
        ),
        pytest.param(
            lambda file: file.write_text(file.read_text().replace("acme", "ACME")),
            id="no name of a store",
        ),
        pytest.param(_doubled, id="a key twice"),
        pytest.param(_directory, id="a folder"),
    ],
)
@pytest.mark.parametrize("is_new", [True, False], ids=["at the start", "while serving"])
def test_damaged_keys_let_nobody_in(
    settings: Settings,
    data_dir: Path,
    made: tuple[Key, str],
    damage: Callable[[Path], None],
    is_new: bool,
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = LocalClient(create_app(settings))
    if not is_new:
        assert client.get("/v1/stores", headers=bearer(made[1])).status_code == 200
    damage(data_dir / "keys.json")

    answers = [
        client.get("/v1/stores"),
        client.get("/v1/stores", headers=bearer(made[1])),
    ]

    for answer in answers:
        assert (answer.status_code, answer.json()["code"]) == (503, "API-503-KEYS")
        assert str(data_dir) not in answer.text
    (told,) = caplog.records
    assert "keys.json" in told.getMessage()
    assert client.get("/healthz").status_code == 200
    if (data_dir / "keys.json").is_dir():
        (data_dir / "keys.json").rmdir()
    write(data_dir, made[0])
    assert client.get("/v1/stores", headers=bearer(made[1])).status_code == 200


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"host": "0.0.0.0"}, "0.0.0.0"),
        ({"host": "::"}, "::"),
        ({"host": "192.168.1.4"}, "192.168.1.4"),
        ({"host": "example.com"}, "example.com"),
        ({"host": ""}, "pathways.serve.host"),
        ({"hosts": ("ads.example.com",)}, "ads.example.com"),
    ],
)
def test_where_others_reach_it_the_api_wants_a_key_to_start(
    settings: Settings, data_dir: Path, changes: dict[str, Any], name: str
) -> None:
    reachable = replace(settings, **changes)
    key, _ = new_key("page", ["acme"], NOW, NOW + LONGER)

    for keys in ((), (key.model_copy(update={"revoked_at": NOW}),)):
        write(data_dir, *keys)
        with pytest.raises(ConfigurationError, match="pathways keys add") as refused:
            create_app(reachable)
        assert name in str(refused.value)
    write(data_dir, key)
    with pytest.raises(ConfigurationError, match="no valid key"):
        create_app(replace(reachable, now=NOW + LONGER))
    (data_dir / "keys.json").write_text("{")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        create_app(reachable)
    write(data_dir, key)
    assert create_app(reachable)
