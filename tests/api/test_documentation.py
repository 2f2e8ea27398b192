"""API-6, API-10: the page of the documentation is whole, and needs nobody else."""

import base64
import hashlib
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from api.main import create_app
from api.reference import page
from api.settings import Settings
from tests.fixtures.local_client import LocalClient


class Seen(HTMLParser):
    """What a browser would find on a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.words: list[str] = []
        self.style = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(str(value))
            elif name not in ("lang", "charset", "name", "content"):
                self.addresses.append(str(value))

    def handle_data(self, data: str) -> None:
        self.words.append(data)
        if self.lasttag == "style":
            self.style += data


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return create_app(Settings(Path("unused"))).openapi()


@pytest.fixture(scope="module")
def seen(document: dict[str, Any]) -> Seen:
    return Seen(page(document))


def test_the_page_shows_every_route_parameter_shape_and_field(
    document: dict[str, Any], seen: Seen
) -> None:
    wanted = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
    }
    for methods in document["paths"].values():
        for operation in methods.values():
            wanted |= {one["name"] for one in operation.get("parameters", ())}
            wanted |= set(operation["responses"]) - {"200"}
    for name, shape in document["components"]["schemas"].items():
        wanted |= {name, *shape["properties"]}

    assert len(wanted) > 200
    assert wanted - set(seen.words) == set()


def test_the_page_tells_what_a_value_may_be(document: dict[str, Any]) -> None:
    text = re.sub(r"<[^>]+>", "|", page(document))

    # No parameter is sent as null; what is left out has its default.
    assert "||compare||||previous_period|, |previous_year|, |none|; |prev" in text
    assert "||limit|||integer from 1 to 1000; |100| if left out||" in text
    assert "||include_inactive|||true or false; |false| if left out||" in text
    assert "||store|||text||The store. May be left out" in text
    # Of a shape: null is said, a list's kind leads to its shape, a field to its column.
    assert "||spend|||text, as |12.50| or null||" in text
    assert "||trends|||list of ||TrendDay||||" in text
    assert "|marts.accounts.account_name|" in text


def test_every_link_of_the_page_leads_somewhere(seen: Seen) -> None:
    assert len(seen.ids) == len(set(seen.ids))
    assert len(seen.addresses) > 100
    places = {f"#{one}" for one in seen.ids}
    assert set(seen.addresses) - places == {"/openapi.json"}


def test_what_everybody_may_ask_for_is_made_once(
    client: LocalClient, document: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[dict[str, Any]] = []

    def make() -> dict[str, Any]:
        made.append(document)
        return document

    monkeypatch.setattr(client.app, "openapi", make)

    answers = [client.get(path) for path in ("/openapi.json", "/docs") * 3]

    assert len(made) == 2
    assert len({answer.content for answer in answers}) == 2
    assert answers[0].json() == document


def test_no_page_fetches_anything_from_anybody_else(
    client: LocalClient, data_dir: Path
) -> None:
    (data_dir / "docs").mkdir()
    (data_dir / "docs" / "static_index.html").write_text("<title>Lineage</title>")

    for path in ("/docs", "/lineage"):
        answer = client.get(path)

        assert answer.headers["content-type"].startswith("text/html")
        directives = answer.headers["Content-Security-Policy"].split("; ")
        sources = [source for one in directives for source in one.split()[1:]]
        assert directives[0] == "default-src 'none'"
        # A word in quotes or data: of the page itself; neither hosts nor schemes.
        assert [one for one in sources if one[0] != "'" and one != "data:"] == []


def test_the_page_has_no_script_and_the_one_style_that_its_policy_names(
    client: LocalClient,
) -> None:
    answer = client.get("/docs")
    seen = Seen(answer.text)

    digest = base64.b64encode(hashlib.sha256(seen.style.encode()).digest()).decode()
    policy = answer.headers["Content-Security-Policy"]
    assert f"style-src 'sha256-{digest}'; " in policy
    assert "script-src" not in policy
    assert not seen.tags & {"script", "link", "img", "iframe", "form", "object"}
    assert "url(" not in seen.style
    assert "@import" not in seen.style


def test_what_the_document_says_is_text_and_never_markup(
    document: dict[str, Any],
) -> None:
    hostile = "<script>alert(1)</script><img src=//attacker.example> & `<b>`"
    info = {**document["info"], "description": hostile, "title": hostile}

    seen = Seen(page({**document, "info": info}))

    assert not seen.tags & {"script", "img", "b"}
    assert "<b>" in seen.words
