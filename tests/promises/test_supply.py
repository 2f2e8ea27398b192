"""SEC-5: what is installed is what was reviewed."""

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HASH = re.compile(r"--hash=sha256:[0-9a-f]{64}")
INSTALLED_FROM_THE_FILE = ("--no-deps", "--require-hashes", "--only-binary :all:")
INSTALLED_FROM_THE_TREE = ("--no-deps", "--no-build-isolation", "-e .")


@dataclass(frozen=True)
class Pin:
    """One requirement of constraints.txt with its hashes."""

    requirement: Requirement
    hashes: tuple[str, ...]

    @property
    def name(self) -> str:
        return canonicalize_name(self.requirement.name)


def pins_of(text: str) -> list[Pin]:
    """The requirements of a lock; comments left out, continued lines joined."""
    kept = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = "\n".join(kept).replace("\\\n", " ")
    return [
        Pin(Requirement(HASH.sub("", line).strip()), tuple(HASH.findall(line)))
        for line in joined.splitlines()
        if line.strip()
    ]


@pytest.fixture(scope="module")
def lock(root: Path) -> str:
    return (root / "constraints.txt").read_text()


@pytest.fixture(scope="module")
def declared(root: Path) -> list[Requirement]:
    """Everything that pyproject.toml names: for use, for work on it, to build it.

    But for the two other engines, which no target installs: PySpark is 400 MB and comes
    as source, and the lock is what everybody installs.
    """
    document = tomllib.loads((root / "pyproject.toml").read_text())
    project = document["project"]
    texts = [
        *project["dependencies"],
        *(
            text
            for name, group in project["optional-dependencies"].items()
            if name not in ("postgres", "spark")
            for text in group
        ),
        *document["build-system"]["requires"],
    ]
    return [Requirement(text) for text in texts]


def needed_by(requirement: Requirement) -> Iterator[Requirement]:
    """What an installed package needs here, for the extras that are asked of it."""
    for text in requires(requirement.name) or ():
        needed = Requirement(text)
        extras = ("", *requirement.extras)
        if needed.marker is None or any(
            needed.marker.evaluate({"extra": extra}) for extra in extras
        ):
            yield needed


def test_every_requirement_is_pinned_to_one_version_with_hashes(lock: str) -> None:
    pins = pins_of(lock)

    assert len(pins) > 100
    for pin in pins:
        specifiers = list(pin.requirement.specifier)
        assert [each.operator for each in specifiers] == ["=="], pin.requirement
        assert not specifiers[0].version.endswith("*"), pin.requirement
        assert pin.hashes != (), pin.requirement


def test_everything_that_pyproject_names_is_pinned_within_its_range(
    lock: str, declared: list[Requirement]
) -> None:
    versions: dict[str, list[str]] = {}
    for pin in pins_of(lock):
        (specifier,) = pin.requirement.specifier
        versions.setdefault(pin.name, []).append(specifier.version)

    for requirement in declared:
        pinned = versions.get(canonicalize_name(requirement.name), [])
        assert pinned != [], requirement
        assert all(requirement.specifier.contains(each) for each in pinned), requirement


def test_everything_that_is_needed_by_what_is_needed_is_pinned(
    lock: str, declared: list[Requirement]
) -> None:
    pinned = {pin.name for pin in pins_of(lock)}
    waiting, seen, unpinned = list(declared), set(), set()

    while waiting:
        requirement = waiting.pop()
        name = canonicalize_name(requirement.name)
        key = (name, frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        if name not in pinned:
            unpinned.add(name)
        try:
            waiting += needed_by(requirement)
        except PackageNotFoundError:
            unpinned.add(name)

    assert len(seen) > 100
    assert unpinned == set()


def test_no_requirement_comes_from_an_address(
    lock: str, declared: list[Requirement]
) -> None:
    wanted = [*declared, *(pin.requirement for pin in pins_of(lock))]

    assert [str(each) for each in wanted if each.url is not None] == []


def test_lock_names_no_index_and_no_option(lock: str) -> None:
    options = {
        option
        for line in lock.splitlines()
        if not line.lstrip().startswith("#")
        for option in re.findall(r"(?<!\S)--?[a-z][a-z-]*", line)
    }

    assert options == {"--hash"}
    assert "://" not in lock


def test_make_installs_with_hashes_and_never_builds_what_it_downloads(
    root: Path,
) -> None:
    text = (root / "Makefile").read_text().replace("\\\n", " ")
    recipes = [line.strip() for line in text.splitlines() if "pip install" in line]
    # `make lock` makes the file itself, on the machine of whoever reviews it.
    installs = [line for line in recipes if not line.endswith("install --quiet uv")]

    assert len(installs) == 2
    assert all(part in installs[0] for part in INSTALLED_FROM_THE_FILE), installs[0]
    assert installs[0].endswith("-r constraints.txt")
    assert all(part in installs[1] for part in INSTALLED_FROM_THE_TREE), installs[1]


@pytest.mark.parametrize(
    ("line", "is_refused"),
    [
        ("a==1 --hash=sha256:" + "0" * 64, False),
        ("a==1", True),
        ("a>=1 --hash=sha256:" + "0" * 64, True),
        ("a @ https://example.com/a.whl --hash=sha256:" + "0" * 64, True),
    ],
    ids=["pinned", "no hash", "a range", "an address"],
)
def test_a_line_without_pin_or_hash_is_seen(line: str, is_refused: bool) -> None:
    (pin,) = pins_of(f"# made by hand\n{line}\n    # via b\n")
    operators = [each.operator for each in pin.requirement.specifier]

    is_good = operators == ["=="] and bool(pin.hashes) and not pin.requirement.url
    assert is_good is not is_refused
