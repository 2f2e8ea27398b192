"""JSON documents of the data folder, read value by value: whole, or Unusable."""

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any

_ID = re.compile(r"[A-Za-z0-9-]{1,100}")


class Unusable(Exception):
    """A pointer, manifest or snapshot cannot be used.

    Attributes:
        why: in words without any path, for answers.
    """

    def __init__(self, why: str, where: object) -> None:
        super().__init__(f"{where}: {why}")
        self.why = why


class Refused(Unusable):
    """A file is there and this process may not read it: what it says is not known."""


def content_of(file: Path, what: str) -> bytes | None:
    """The bytes of a file; None where there is none.

    Args:
        what: the file, in words.

    Raises:
        Refused: this process may not read it.
        Unusable: it cannot be read.
    """
    try:
        return file.read_bytes()
    except FileNotFoundError:
        return None
    except PermissionError as error:
        why = f"{what} may not be read by this process: give it to the folder's owner"
        raise Refused(why, file) from error
    except OSError as error:
        raise Unusable(f"{what} is damaged", file) from error


def read_document(file: Path, what: str) -> dict[str, Any]:
    """The JSON object in a file.

    Raises:
        Unusable: it is missing or damaged; `Refused` where it may not be read.
    """
    content = content_of(file, what)
    if content is None:
        raise Unusable(f"{what} is missing", file)
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise Unusable(f"{what} is damaged", file) from error
    if not isinstance(document, dict):
        raise Unusable(f"{what} is damaged", file)
    return document


def identifier(value: object) -> str:
    """A snapshot's id, or ValueError or TypeError."""
    if not _ID.fullmatch(text(value)):
        raise ValueError
    return text(value)


def text(value: object) -> str:
    """Text, or ValueError or TypeError."""
    if not isinstance(value, str):
        raise TypeError
    # Half a character is no text: no answer could hold it.
    value.encode()
    return value


def moment(value: object) -> datetime:
    """A moment with its zone, or ValueError or TypeError."""
    found = datetime.fromisoformat(text(value))
    if found.tzinfo is None:
        raise ValueError
    return found
