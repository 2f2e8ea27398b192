"""What can go wrong, as one family, each with a stable code and what to do next.

PathwaysError              exit 1
├── ConfigError            CFG-*    exit 2  a setting is missing, unknown or wrong
├── LockHeld               RUN-075  exit 75 another run holds the lock
├── MetaError              META-*   Meta refused or did not answer
│   ├── TokenInvalid       META-190 the token must be renewed; never retried
│   ├── PermissionMissing  META-200 the account is not visible to this token
│   ├── RequestRefused     META-100 a parameter is wrong; never retried
│   ├── TooMuchData        META-001 split the window and ask again
│   ├── Throttled          META-017 Meta asks to wait; the account is deferred
│   └── NoUsableAnswer     META-002 transport trouble that outlasted the retries
├── WindowUnusable         SPOOL-*  what was read cannot be stored as it is
├── RatesUnavailable       FX-*     the rate provider gave nothing usable
├── BuildFailed            BUILD-*  dbt ended with an error or a failed test
├── AuditFailed            AUDIT-*  the build must not be published
└── SnapshotError          SNAP-*   a snapshot is missing or damaged
"""


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


class TooMuchData(MetaError):
    code = "META-001"


class Throttled(MetaError):
    code = "META-017"


class NoUsableAnswer(MetaError):
    code = "META-002"


class WindowUnusable(PathwaysError):
    code = "SPOOL-001"


class RatesUnavailable(PathwaysError):
    code = "FX-001"


class BuildFailed(PathwaysError):
    code = "BUILD-001"


class AuditFailed(PathwaysError):
    code = "AUDIT-001"


class SnapshotError(PathwaysError):
    code = "SNAP-001"
