"""`pathways doctor` against a sandbox: each way in which a set-up can be wrong."""

import json
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from ingest.doctor.checks import Check, exit_code, overall
from ingest.doctor.examination import examine
from ingest.sandbox.faults import graph_error
from ingest.sandbox.page_faults import edited
from ingest.sandbox.server import TOKEN, Sandbox
from ingest.sandbox.tokens import TokenFacts
from ingest.sandbox.wire_faults import redirected
from ingest.sandbox.world import default_world
from ingest.settings import FxSettings, MetaSettings, Settings, StoreSettings
from ingest.verbs_setup import lines
from tests.conftest import Pathways
from tests.fixtures.loopback import Answer, Loopback, in_turn

ACME, NOOR = "act_100000000000001", "act_100000000000002"
WORLD = default_world()
NOW = WORLD.start


@pytest.fixture(scope="module")
def running() -> Iterator[Sandbox]:
    with Sandbox(WORLD) as sandbox:
        yield sandbox


@pytest.fixture
def sandbox(running: Sandbox) -> Iterator[Sandbox]:
    running.token_facts = TokenFacts()
    running.date_follows_clock = True
    yield running
    running.faults.clear()
    running.blocks.clear()
    for account in (ACME, NOOR):
        running.restore(account)


def settings_for(sandbox: Sandbox, data_dir: Path, **meta: Any) -> Settings:
    stores = {
        "acme": StoreSettings(accounts=(ACME,), reporting_currency="EUR"),
        "noor": StoreSettings(accounts=(NOOR,), reporting_currency="USD"),
    }
    known: dict[str, Any] = {
        "api_base_url": sandbox.url,
        "access_token": SecretStr(TOKEN),
        "stores": stores,
    }
    return Settings(
        data_dir=data_dir,
        meta=MetaSettings(**{**known, **meta}),
        fx=FxSettings(base_url=f"{sandbox.url}/eurofxref-hist.zip"),
    )


def examined(settings: Settings, now: datetime = NOW) -> list[Check]:
    return [*examine(settings, lambda: now)]


def wrong(checks: list[Check]) -> dict[str, str]:
    """Code to verdict of what is not well."""
    return {
        check.code: check.verdict
        for check in checks
        if check.verdict in ("fail", "warn")
    }


def one(checks: list[Check], code: str, subject: str = "") -> Check:
    found = [c for c in checks if c.code == code and subject in c.subject]
    assert len(found) == 1, found
    return found[0]


def test_good_set_up_is_all_well(sandbox: Sandbox, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)

    checks = examined(settings_for(sandbox, tmp_path))

    assert wrong(checks) == {}
    assert (overall(checks), exit_code(checks)) == ("ok", 0)
    assert one(checks, "DOC-RATES", "noor").sentence.endswith("SAR by its peg to USD.")
    assert "2026-03-09" in one(checks, "DOC-INSIGHTS", "acme").sentence


def test_nothing_is_written_and_all_but_the_inspection_is_a_get(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    seen = len(sandbox.requests)
    data_dir = tmp_path / "data"

    examined(settings_for(sandbox, data_dir))

    asked = [(entry.method, entry.path) for entry in sandbox.requests[seen:]]
    assert {path for method, path in asked if method != "GET"} == {"/v25.0/debug_token"}
    assert not data_dir.exists()


def test_token_that_two_stores_share_is_asked_about_once(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    seen = len(sandbox.requests)

    checks = examined(settings_for(sandbox, tmp_path))

    paths = [entry.path for entry in sandbox.requests[seen:]]
    assert paths.count("/v25.0/debug_token") == 1
    assert one(checks, "DOC-TOKEN").subject == "Token of acme, noor"


def test_each_token_is_asked_about(sandbox: Sandbox, tmp_path: Path) -> None:
    settings = settings_for(sandbox, tmp_path)
    own = settings.meta.stores["noor"].model_copy(
        update={"access_token": SecretStr("another-token")}
    )
    stores = {**settings.meta.stores, "noor": own}
    meta = settings.meta.model_copy(update={"stores": stores})

    checks = examined(settings.model_copy(update={"meta": meta}))

    assert one(checks, "DOC-TOKEN", "acme").verdict == "ok"
    assert one(checks, "DOC-TOKEN", "noor").verdict == "fail"
    assert one(checks, "DOC-ACCOUNT", "acme").verdict == "ok"
    assert one(checks, "DOC-ACCOUNT", "noor").verdict == "skipped"


@pytest.mark.parametrize(
    ("facts", "expected"),
    [
        pytest.param(
            TokenFacts(expires_at=NOW - timedelta(days=1)),
            {"DOC-TOKEN": "fail", "DOC-EXPIRY": "fail"},
            id="expired",
        ),
        pytest.param(
            TokenFacts(expires_at=NOW + timedelta(days=5)),
            {"DOC-EXPIRY": "warn"},
            id="expires in 5 days",
        ),
        pytest.param(
            TokenFacts(data_access_expires_at=NOW + timedelta(days=5)),
            {"DOC-ACCESS": "warn"},
            id="access ends in 5 days",
        ),
        pytest.param(TokenFacts(is_valid=False), {"DOC-TOKEN": "fail"}, id="not valid"),
        pytest.param(
            TokenFacts(scopes=("pages_show_list",)),
            {"DOC-SCOPES": "fail"},
            id="no ads_read",
        ),
        pytest.param(
            TokenFacts(scopes=("ads_read", "business_management")),
            {"DOC-SCOPES": "warn"},
            id="more than needed",
        ),
        pytest.param(
            TokenFacts(app_secret="key"), {"DOC-PROOF": "fail"}, id="proof missing"
        ),
    ],
)
def test_fault_of_the_token_is_named(
    sandbox: Sandbox, tmp_path: Path, facts: TokenFacts, expected: dict[str, str]
) -> None:
    tmp_path.chmod(0o700)
    sandbox.token_facts = facts

    checks = examined(settings_for(sandbox, tmp_path))

    assert wrong(checks) == expected
    assert exit_code(checks) == ("fail" in expected.values())


def test_proof_is_sent_when_the_app_secret_is_set(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    tmp_path.chmod(0o700)
    sandbox.token_facts = TokenFacts(app_secret="key")

    checks = examined(settings_for(sandbox, tmp_path, app_secret=SecretStr("key")))

    assert wrong(checks) == {}
    assert "carries a proof" in one(checks, "DOC-PROOF").sentence


@pytest.mark.parametrize("code", [100, 200])
def test_token_that_may_not_be_inspected_is_asked_for_its_permissions(
    sandbox: Sandbox, tmp_path: Path, code: int
) -> None:
    tmp_path.chmod(0o700)
    sandbox.token_facts = TokenFacts(scopes=("ads_read", "ads_management"))
    refusal = graph_error(code, status=400, message="no")
    sandbox.faults.add(match="debug_token", fault=refusal)

    checks = examined(settings_for(sandbox, tmp_path))

    assert one(checks, "DOC-EXPIRY").verdict == "skipped"
    assert "not known" in one(checks, "DOC-EXPIRY").sentence
    assert wrong(checks) == {"DOC-SCOPES": "warn"}


def test_retired_version_is_told_by_meta_whatever_the_table_says(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    gone = graph_error(2635, status=400, message="You are calling a deprecated version")
    sandbox.faults.add(match="debug_token", fault=gone)

    checks = examined(settings_for(sandbox, tmp_path))

    assert one(checks, "DOC-VERSION").verdict == "ok"
    assert one(checks, "DOC-SERVED").verdict == "fail"
    assert "api_version" in one(checks, "DOC-SERVED").next_step


@pytest.mark.parametrize(
    ("day", "verdict"),
    [(datetime(2027, 1, 1), "warn"), (datetime(2027, 3, 1), "fail")],
    ids=["53 days before", "after its end"],
)
def test_version_is_judged_by_the_table_too(
    sandbox: Sandbox, tmp_path: Path, day: datetime, verdict: str
) -> None:
    checks = examined(settings_for(sandbox, tmp_path), day.replace(tzinfo=UTC))

    assert one(checks, "DOC-VERSION").verdict == verdict


@pytest.mark.parametrize(
    ("off", "verdict"),
    [(timedelta(seconds=90), "warn"), (timedelta(minutes=-11), "fail")],
    ids=["90 s ahead", "11 min behind"],
)
def test_clock_that_differs_from_metas_is_named(
    sandbox: Sandbox, tmp_path: Path, off: timedelta, verdict: str
) -> None:
    checks = examined(settings_for(sandbox, tmp_path), NOW + off)

    assert one(checks, "DOC-CLOCK").verdict == verdict


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        ("permission", "DOC-ACCOUNT"),
        ("unknown_object", "DOC-ACCOUNT"),
        ("disabled_account", "DOC-INSIGHTS"),
    ],
)
def test_account_that_refuses_is_named_and_the_other_is_not(
    sandbox: Sandbox, tmp_path: Path, failure: str, code: str
) -> None:
    sandbox.fail_account(NOOR, failure)

    checks = examined(settings_for(sandbox, tmp_path))

    assert one(checks, code, NOOR).verdict == "fail"
    acme = {check.verdict for check in checks if ACME in check.subject}
    assert acme == {"ok"}
    assert exit_code(checks) == 1


def test_throttled_account_is_warned_of_and_not_waited_for(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    sandbox.throttle(NOOR, None, minutes=30)

    checks = examined(settings_for(sandbox, tmp_path))

    assert one(checks, "DOC-ACCOUNT", NOOR).verdict == "warn"
    assert exit_code(checks) == 0


def test_accounts_that_no_store_names_are_a_hint(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    stores = {"acme": StoreSettings(accounts=(ACME,), reporting_currency="USD")}

    checks = examined(settings_for(sandbox, tmp_path, stores=stores))

    check = one(checks, "DOC-UNNAMED")
    assert check.verdict == "ok"
    assert NOOR in check.sentence
    assert ACME not in check.sentence


def test_currency_that_the_provider_lacks_is_warned_of(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    settings = settings_for(sandbox, tmp_path)
    without = settings.model_copy(update={"fx": FxSettings(provider="none")})

    checks = examined(without)

    assert one(checks, "DOC-RATES", "acme").verdict == "warn"
    assert "`none` has no rate for" in one(checks, "DOC-RATES", "acme").sentence


def test_rate_provider_that_is_down_is_warned_of(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    with Loopback(in_turn(Answer(status=503))) as down:
        settings = settings_for(sandbox, tmp_path)
        fx = FxSettings(base_url=down.url)

        checks = examined(settings.model_copy(update={"fx": fx}))

    assert one(checks, "DOC-RATES", "acme").verdict == "warn"
    assert "503" in one(checks, "DOC-RATES", "acme").sentence


def test_provider_is_left_alone_where_nothing_is_converted(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    stores = {"acme": StoreSettings(accounts=(ACME,), reporting_currency="USD")}
    settings = settings_for(sandbox, tmp_path, stores=stores)
    seen = len(sandbox.requests)

    checks = examined(settings)

    assert one(checks, "DOC-RATES").verdict == "ok"
    assert all("eurofxref" not in entry.path for entry in sandbox.requests[seen:])


def test_answer_that_is_no_json_inside_is_no_crash(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    odd = edited(lambda body: body.replace(b'{"data":[', b'{"data":[7,{"x":,', 1))
    sandbox.faults.add(match="(insights|adaccounts)", fault=odd, times=None)

    checks = examined(settings_for(sandbox, tmp_path))

    assert one(checks, "DOC-UNNAMED").verdict == "skipped"
    assert one(checks, "DOC-INSIGHTS", ACME).verdict == "fail"


def test_redirect_is_a_fault_of_the_host(sandbox: Sandbox, tmp_path: Path) -> None:
    fault = redirected("https://elsewhere.example/")
    sandbox.faults.add(match="debug_token", fault=fault)

    checks = examined(settings_for(sandbox, tmp_path))

    assert one(checks, "DOC-HOST").verdict == "fail"


def test_frozen_clock_is_warned_of_off_loopback_only(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    settings = settings_for(sandbox, tmp_path).model_copy(update={"now": NOW})

    checks = examined(settings)

    assert one(checks, "DOC-CLOCK").verdict == "skipped"
    assert NOW.isoformat() in one(checks, "DOC-CLOCK").sentence


def test_usage_and_tier_of_each_account_are_told(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    before = sandbox.usage
    sandbox.usage = replace(before, insights=80, tier="development_access")
    try:
        checks = examined(settings_for(sandbox, tmp_path))
    finally:
        sandbox.usage = before

    check = one(checks, "DOC-USAGE", ACME)
    assert check.verdict == "warn"
    assert "80 % used" in check.sentence
    assert "60 points" in check.sentence


Make = Callable[..., Pathways]


def test_verb_ends_0_and_gives_one_document(sandbox: Sandbox, pathways: Make) -> None:
    ended = pathways(sandbox)("doctor", "--json")

    assert (ended.exit_code, ended.err) == (0, "")
    assert ended.document["verdict"] in ("ok", "warn")
    keys = {"subject", "code", "verdict", "sentence", "next_step"}
    assert all(set(check) == keys for check in ended.document["checks"])


def test_verb_without_a_store_says_what_is_missing_and_ends_2(pathways: Make) -> None:
    ended = pathways()("doctor")

    assert ended.exit_code == 2
    assert "No store is configured" in ended.err
    assert "Meta was not asked" in ended.err
    assert "Traceback" not in ended.err


def test_verb_without_a_token_names_the_variable_and_ends_2(
    sandbox: Sandbox, pathways: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = pathways(
        SOURCES__META__STORES__ACME__ACCOUNTS=f'["{ACME}"]',
        SOURCES__META__STORES__ACME__REPORTING_CURRENCY="USD",
    )

    ended = run("doctor", "--json")

    assert ended.exit_code == 2
    secret = next(c for c in ended.document["checks"] if c["code"] == "DOC-SECRET")
    assert "SOURCES__META__STORES__ACME__ACCESS_TOKEN" in secret["next_step"]


def test_verb_with_a_wrong_key_shows_it_and_ends_2(pathways: Make) -> None:
    ended = pathways(SOURCES__META__PAGE_SIZE="5")("doctor", "--json")

    assert ended.exit_code == 2
    (check,) = ended.document["checks"]
    assert (check["code"], check["verdict"]) == ("DOC-CONFIG", "fail")
    assert "`sources.meta.page_size` is unknown" in check["sentence"]


def test_verb_offline_says_that_the_host_is_not_there(pathways: Make) -> None:
    secret = "EAAmarkernobodysees"
    run = pathways(
        SOURCES__META__API_BASE_URL="http://127.0.0.1:9",
        SOURCES__META__ACCESS_TOKEN=secret,
        SOURCES__META__STORES__ACME__ACCOUNTS=f'["{ACME}"]',
        SOURCES__META__STORES__ACME__REPORTING_CURRENCY="USD",
    )

    ended = run("doctor")

    assert ended.exit_code == 1
    assert "http://127.0.0.1:9 gave no usable answer (Connection refused)" in ended.err
    assert secret not in ended.out + ended.err


def test_token_that_meta_quotes_is_shown_nowhere(
    sandbox: Sandbox, pathways: Make
) -> None:
    secret = "EAAmarkernobodysees"
    quoting = graph_error(190, status=400, message=f"Malformed token {secret}")
    sandbox.faults.add(match="debug_token", fault=quoting)

    ended = pathways(sandbox, SOURCES__META__ACCESS_TOKEN=secret)("doctor", "--json")

    assert ended.exit_code == 1
    assert secret not in ended.out + ended.err
    assert "Malformed token" in json.dumps(ended.document)


def test_text_has_a_heading_a_subject_and_a_line_a_check() -> None:
    checks = [
        Check("Meta", "DOC-HOST", "ok", "It answers."),
        Check("Meta", "DOC-CLOCK", "warn", "Off.", "Set it."),
        Check("Token of acme", "DOC-TOKEN", "fail", "Gone.", "Renew it."),
    ]

    assert [*lines(checks, has_colour=False)] == [
        "Meta",
        "  ok      DOC-HOST      It answers.",
        "  warn    DOC-CLOCK     Off.",
        "                        -> Set it.",
        "",
        "Token of acme",
        "  fail    DOC-TOKEN     Gone.",
        "                        -> Renew it.",
        "",
        "Of 3 checks: 1 failed, 1 to be warned of.",
    ]


def test_colour_is_on_the_word_alone() -> None:
    (_, line, *_) = lines([Check("Meta", "DOC-HOST", "ok", "It answers.")], True)

    assert line.startswith("\x1b[32m  ok      \x1b[0m")
