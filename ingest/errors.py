"""What can go wrong, as one family, each with a stable code and what to do next.

PathwaysError              exit 1
├── ConfigError            CFG-*    exit 2  a setting is missing, unknown or wrong
├── ExportUnusable         EXPORT-* exit 2  an Ads Manager export cannot be read
├── LockHeld               RUN-07*  exit 75 another process holds a lock
├── MetaError              META-*   Meta refused or did not answer
│   ├── TokenInvalid       META-190 the token must be renewed; never retried
│   ├── PermissionMissing  META-200 the account is not visible to this token
│   ├── RequestRefused     META-100 a parameter is wrong; never retried
│   │   ├── ObjectUnknown  META-100 (subcode 33) no such object, or not to be seen
│   │   └── CursorStale    META-100 the listing has to begin again
│   ├── TooMuchData        META-001 split the window and ask again
│   ├── Throttled          META-017 Meta asks to wait
│   ├── ReportFailed       META-REPORT a report job ended without a result
│   ├── AccountUnusable    META-ACCOUNT, META-CURRENCY what Meta says of the account
│   └── NoUsableAnswer     META-002 transport trouble that outlasted the retries
├── Deferred               META-WAIT read in a later run: no failure, no new number
│   └── TimeUp             META-TIME the time of the load was up
├── WindowUnusable         SPOOL-*  what was read cannot be stored as it is
│   ├── ShrinkHeldBack     META-SHRINK much less than before; a later run confirms it
│   └── LevelShort         META-SHORT a level holds less than another, twice unlike
├── RatesUnavailable       FX-*     the rate provider gave nothing usable
├── BuildFailed            BUILD-*  dbt ended with an error or a failed test
├── AuditFailed            AUDIT-*  the build must not be published
├── SnapshotError          SNAP-*   a snapshot is missing or damaged, none is pinned
├── MomentGone             ASOF-001 a past moment that cannot be shown any more
├── BackupFailed           BACKUP-001 there is no copy of the warehouse
├── KeysUnusable           KEY-001  keys.json is damaged; nobody is let in
├── KeyRefused             KEY-002  exit 2  a key cannot be made or revoked as asked
├── FileRefused            FILE-001 a file is there and this user may not read it
├── DiskFull               DISK-*   there is no room for a file, or there soon is none
├── StepEnded              RUN-*    a step took too long, or was told to end
└── Unexpected             RUN-003  exit 3  an error nobody expected, in one account
"""

from datetime import datetime

from ingest.printable import printable


class PathwaysError(Exception):
    """A failure that a user can act on.

    Attributes:
        code: stable, for scripts and documentation.
        hint: the next thing to do, as a sentence.
        exit_code: of the process, should nobody handle it.
    """

    code = "RUN-001"
    exit_code = 1

    def __init__(self, message: str, hint: str = "", code: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.code = code or self.code

    def __str__(self) -> str:
        return f"[{self.code}] {self.message} {self.hint}".rstrip()


class ExportUnusable(PathwaysError):
    """An Ads Manager export that cannot be read as it is. Its cells are in the text."""

    code = "EXPORT-001"
    exit_code = 2

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(printable(message), printable(hint))


class ConfigError(PathwaysError):
    code = "CFG-001"
    exit_code = 2


class LockHeld(PathwaysError):
    code = "RUN-075"
    exit_code = 75


class MetaError(PathwaysError):
    code = "META-000"


class TokenInvalid(MetaError):
    code = "META-190"


class PermissionMissing(MetaError):
    code = "META-200"


class RequestRefused(MetaError):
    code = "META-100"


class ObjectUnknown(RequestRefused):
    """No such object, or one that the token may not see."""


class CursorStale(RequestRefused):
    """A cursor is no longer valid; the listing has to begin again."""


class TooMuchData(MetaError):
    code = "META-001"


class Throttled(MetaError):
    """Meta asks to wait.

    Attributes:
        number: Meta's code, or 429 where only the HTTP status said it.
    """

    code = "META-017"

    def __init__(self, message: str, number: int) -> None:
        hint = "The account is read on as soon as Meta allows it."
        super().__init__(message, hint, code=f"META-{number}")
        self.number = number


class ReportFailed(MetaError):
    code = "META-REPORT"


class AccountUnusable(MetaError):
    code = "META-ACCOUNT"


class NoUsableAnswer(MetaError):
    code = "META-002"


class Deferred(PathwaysError):
    """What is left is read in a later run. The run itself did not fail.

    Attributes:
        resume_at: when Meta allows it again; None where no one said.
    """

    code = "META-WAIT"

    def __init__(
        self, message: str, hint: str = "", resume_at: datetime | None = None
    ) -> None:
        super().__init__(message, hint)
        self.resume_at = resume_at


class TimeUp(Deferred):
    """The load has no time left; what took most of it by itself is a failure."""

    code = "META-TIME"


class WindowUnusable(PathwaysError):
    code = "SPOOL-001"


class ShrinkHeldBack(WindowUnusable):
    code = "META-SHRINK"


class LevelShort(WindowUnusable):
    code = "META-SHORT"


class RatesUnavailable(PathwaysError):
    code = "FX-001"


class BuildFailed(PathwaysError):
    code = "BUILD-001"


class AuditFailed(PathwaysError):
    code = "AUDIT-001"


class SnapshotError(PathwaysError):
    code = "SNAP-001"


class MomentGone(PathwaysError):
    code = "ASOF-001"


class BackupFailed(PathwaysError):
    code = "BACKUP-001"


class KeysUnusable(PathwaysError):
    code = "KEY-001"


class KeyRefused(PathwaysError):
    code = "KEY-002"
    exit_code = 2


class FileRefused(PathwaysError):
    code = "FILE-001"


class DiskFull(PathwaysError):
    code = "DISK-001"


class StepEnded(PathwaysError):
    code = "RUN-002"


class Unexpected(PathwaysError):
    code = "RUN-003"
    exit_code = 3
