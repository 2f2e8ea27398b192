"""The verb that looks at the set-up: doctor."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import groupby
from typing import TYPE_CHECKING

import click

from ingest.cli import verb
from ingest.errors import ConfigError
from ingest.verbs_cycle import Answer, configured

if TYPE_CHECKING:
    from ingest.doctor.checks import Check

_COLOURS = {"ok": "green", "warn": "yellow", "fail": "red", "skipped": "bright_black"}
_MARGIN = " " * 24


@verb("doctor")
def doctor() -> Answer:
    """Check the set-up: configuration, disk, clock, tokens, accounts."""
    from ingest.doctor.checks import Check, exit_code, overall
    from ingest.logs import cleaned

    try:
        settings = configured()
    except ConfigError as problem:
        found = [
            Check("Configuration", "DOC-CONFIG", "fail", problem.message, problem.hint)
        ]
    else:
        from ingest.doctor.examination import examine

        found = [*examine(settings, settings.clock)]
    checks = [
        replace(
            check,
            sentence=cleaned(check.sentence).strip(),
            next_step=cleaned(check.next_step),
        )
        for check in found
    ]
    verdict = overall(checks)
    document = {"checks": [vars(check) for check in checks], "verdict": verdict}
    has_colour = not os.environ.get("NO_COLOR")
    return document, "\n".join(lines(checks, has_colour)), exit_code(checks)


def lines(checks: Sequence[Check], has_colour: bool) -> Iterator[str]:
    """The checks for people: a heading a subject, a line a check, what to do below."""
    for subject, group in groupby(checks, key=lambda check: check.subject):
        yield click.style(subject, bold=True) if has_colour else subject
        for check in group:
            word = f"  {check.verdict:8}"
            if has_colour:
                word = click.style(word, fg=_COLOURS[check.verdict])
            yield f"{word}{check.code:14}{_indented(check.sentence)}"
            if check.next_step:
                yield f"{_MARGIN}-> {_indented(check.next_step)}"
        yield ""
    yield _total(checks)


def _indented(text: str) -> str:
    return text.replace("\n", f"\n{_MARGIN}")


def _total(checks: Sequence[Check]) -> str:
    verdicts = [check.verdict for check in checks]
    failed, warned = verdicts.count("fail"), verdicts.count("warn")
    if not failed and not warned:
        return "All is well."
    parts = [
        f"{count} {word}"
        for count, word in ((failed, "failed"), (warned, "to be warned of"))
        if count
    ]
    return f"Of {len(checks)} checks: {', '.join(parts)}."
