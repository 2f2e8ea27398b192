"""What a check of the set-up found, and what all of them come to. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "fail", "skipped"]

CONFIGURATION_EXIT = 2
FAILED_EXIT = 1
# What only the person who configures can mend: exit 2, as every verb would.
_CONFIGURATION_CODES = frozenset({"DOC-CONFIG", "DOC-STORES", "DOC-SECRET"})


@dataclass(frozen=True)
class Check:
    """One finding.

    Attributes:
        subject: what was looked at; checks of one subject are shown together.
        code: stable, for scripts and documentation.
        sentence: the finding, for people.
        next_step: what to do about it; empty where there is nothing to do.
    """

    subject: str
    code: str
    verdict: Verdict
    sentence: str
    next_step: str = ""


def overall(checks: Sequence[Check]) -> Verdict:
    """`fail` if anything failed, `warn` if anything is to be warned of, else `ok`."""
    verdicts = {check.verdict for check in checks}
    if "fail" in verdicts:
        return "fail"
    return "warn" if "warn" in verdicts else "ok"


def exit_code(checks: Sequence[Check]) -> int:
    """0 when nothing failed, 2 when the configuration did, else 1."""
    failed = {check.code for check in checks if check.verdict == "fail"}
    if failed & _CONFIGURATION_CODES:
        return CONFIGURATION_EXIT
    return FAILED_EXIT if failed else 0
