"""The OpenAPI document as a page for people, without a script and without a network.

Elements are made and not written as text, so nothing in the document can become markup.
"""

import base64
import hashlib
import json
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree.ElementTree import Element, SubElement, tostring

Document = Mapping[str, Any]
STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 66rem;
  padding: 0 1rem; }
code { font: 0.9em ui-monospace, monospace; overflow-wrap: anywhere; }
table { border-collapse: collapse; width: 100%; }
th, td { border-top: 1px solid #8886; padding: 0.3rem 0.6rem 0.3rem 0; text-align: left;
  vertical-align: top; }
th:first-child, td:first-child { width: 15rem; }
h2 { margin-top: 2.5rem; }
:target { outline: 2px solid #88f; outline-offset: 0.4rem; }
"""
STYLE_DIGEST = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
FROM = ("x-dbt-column", "x-dbt-metric", "x-dbt-function")
WORDS = {"string": "text", "boolean": "true or false"}


def page(document: Document) -> str:
    """Every route with its parameters and answers, every shape with its fields."""
    html = Element("html", lang="en")
    head = SubElement(html, "head")
    SubElement(head, "meta", charset="utf-8")
    SubElement(head, "meta", name="viewport", content="width=device-width")
    SubElement(head, "title").text = document["info"]["title"]
    SubElement(head, "style").text = STYLE
    body = SubElement(html, "body")
    _introduction(body, document)
    operations = list(_operations(document))
    listed = SubElement(body, "ul")
    for name, operation in operations:
        entry = SubElement(listed, "li")
        _code(entry, name, f"#{_id(name)}")
        _say(entry, f" {operation['summary']}")
    for name, operation in operations:
        _operation(body, name, operation)
    _failures(body, [operation for _, operation in operations])
    for name, shape in document["components"]["schemas"].items():
        _shape(body, name, shape)
    return "<!doctype html>" + tostring(html, encoding="unicode", method="html")


def _introduction(body: Element, document: Document) -> None:
    SubElement(body, "h1").text = document["info"]["title"]
    _say(SubElement(body, "p"), document["info"]["description"])
    for scheme in document["components"]["securitySchemes"].values():
        _say(
            SubElement(body, "p"),
            f"{scheme['description']} `curl -H 'Authorization: Bearer KEY' URL` sends "
            "it; on the API's own machine none is needed until there is one.",
        )
    told = SubElement(body, "p")
    _say(told, "The same for programs: ")
    _code(told, "/openapi.json", "/openapi.json")


def _operations(document: Document) -> Iterator[tuple[str, Document]]:
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            yield f"{method.upper()} {path}", operation


def _operation(body: Element, name: str, operation: Document) -> None:
    _code(SubElement(body, "h2", id=_id(name)), name)
    _say(SubElement(body, "p"), f"{operation['summary']}.")
    parameters = operation.get("parameters")
    if parameters:
        table = _table(body, "Parameter", "Values", "Meaning")
        for parameter in parameters:
            row = SubElement(table, "tr")
            _code(SubElement(row, "td"), parameter["name"])
            values = SubElement(row, "td")
            # A parameter is left out, not sent as null.
            _values(values, parameter["schema"], but="null")
            _say(values, "; needed" if parameter["required"] else "")
            _say(SubElement(row, "td"), parameter["description"])
    if "requestBody" in operation:
        _contents(body, "Body", operation["requestBody"]["content"])
    for status, answer in operation["responses"].items():
        if status < "400":
            _contents(body, "Answer", answer.get("content", {}))


def _contents(body: Element, label: str, contents: Document) -> None:
    for media_type, content in contents.items():
        told = SubElement(body, "p")
        _say(told, f"{label}: `{media_type}` ")
        if "$ref" in content.get("schema", {}):
            _values(told, content["schema"])


def _failures(body: Element, operations: list[Document]) -> None:
    """What all routes may answer, and the shape that they answer it in."""
    SubElement(body, "h2", id="failures").text = "Failures"
    answers = {
        status: answer
        for operation in operations
        for status, answer in operation["responses"].items()
        if status >= "400"
    }
    table = _table(body, "Status", "Meaning")
    for status, answer in sorted(answers.items()):
        row = SubElement(table, "tr")
        _code(SubElement(row, "td"), status)
        _say(SubElement(row, "td"), answer["description"])
    shapes = {
        shape["title"]: shape
        for answer in answers.values()
        for shape in (content["schema"] for content in answer["content"].values())
    }
    for name, shape in shapes.items():
        _shape(body, name, shape)


def _shape(body: Element, name: str, shape: Document) -> None:
    _code(SubElement(body, "h2", id=_id(name)), name)
    _say(SubElement(body, "p"), shape.get("description", ""))
    table = _table(body, "Field", "Values", "Meaning")
    for field, described in shape["properties"].items():
        row = SubElement(table, "tr")
        _code(SubElement(row, "td"), field)
        _values(SubElement(row, "td"), described)
        told = SubElement(row, "td")
        _say(told, described["description"])
        for source in (described[key] for key in FROM if key in described):
            SubElement(told, "br")
            _code(told, source)


def _values(parent: Element, schema: Document, but: str = "") -> None:
    """What a value may be, in words, with links to shapes; a type may be left out."""
    kinds = [kind for kind in schema.get("anyOf", [schema]) if kind.get("type") != but]
    for number, kind in enumerate(kinds):
        _say(parent, " or " if number else "")
        if "$ref" in kind:
            name = kind["$ref"].rpartition("/")[2]
            _code(parent, name, f"#{_id(name)}")
        elif kind.get("type") == "array":
            _say(parent, "list of ")
            _values(parent, kind["items"])
        elif "enum" in kind or "const" in kind:
            choices = kind.get("enum") or [kind["const"]]
            _say(parent, ", ".join(f"`{one}`" for one in choices))
        else:
            plain = kind.get("type", "anything")
            examples = "".join(f", as `{one}`" for one in kind.get("examples", ()))
            _say(parent, kind.get("format") or WORDS.get(plain, plain))
            if "maximum" in kind:
                _say(parent, f" from {kind['minimum']} to {kind['maximum']}")
            _say(parent, examples)
    if "default" in schema:
        default = schema["default"]
        text = default if isinstance(default, str) else json.dumps(default)
        _say(parent, f"; `{text}` if left out")


def _table(body: Element, *names: str) -> Element:
    table = SubElement(body, "table")
    row = SubElement(table, "tr")
    for name in names:
        SubElement(row, "th").text = name
    return table


def _say(parent: Element, text: str) -> None:
    """A text at an element's end; what stands in backticks is code."""
    for number, part in enumerate(text.split("`")):
        if number % 2:
            _code(parent, part)
        elif len(parent):
            parent[-1].tail = (parent[-1].tail or "") + part
        else:
            parent.text = (parent.text or "") + part


def _code(parent: Element, text: str, link: str | None = None) -> None:
    within = parent if link is None else SubElement(parent, "a", href=link)
    SubElement(within, "code").text = text


def _id(name: str) -> str:
    return "".join(letter if letter.isalnum() else "-" for letter in name)
