"""What the API is told by its caller: where the data is, where it listens, limits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True)
class Settings:
    """The API's settings. It reads neither environment nor files for them.

    Attributes:
        data_dir: the folder with the pointer, the snapshots and status.json.
        host: the address it listens on.
        port: the port it listens on.
        hosts: further names under which it may be asked for.
        cors_origins: origins whose pages may read answers.
        now: an aware moment that stands in for the clock; None for the real one.
        has_docs: whether /docs and /openapi.json are served.
        poll_seconds: the pointer is looked at no more often than this.
        requests_per_second: of one key, in the long run.
        burst: requests of one key at once, after a while without any.
        requests_at_once: of all callers; one key may have half of them.
        queries_at_once: answers that read the snapshot side by side; the same.
        query_seconds: an answer that takes its queries longer is given up.
        memory_limit: of the database, as DuckDB writes it.
        threads: of the database.
        readers: readers of the configuration beside the shipped ones: by name which of
            those each is based on, and the rules that it changes.
        export_seconds: an export whose query takes longer is given up.
        export_bytes: an export that grows larger is given up.
        exports_at_once: being made or downloaded, half of them of one key; more are
            told to come later.
        download_seconds: an export that is not downloaded by then is broken off.
        kept_bytes: of answers that are kept in memory, at most.
    """

    data_dir: Path
    host: str = "127.0.0.1"
    port: int = 8000
    hosts: tuple[str, ...] = ()
    cors_origins: tuple[str, ...] = ()
    now: datetime | None = None
    has_docs: bool = True
    poll_seconds: float = 1.0
    requests_per_second: float = 50.0
    burst: int = 200
    requests_at_once: int = 32
    queries_at_once: int = 8
    query_seconds: float = 10.0
    memory_limit: str = "1GB"
    threads: int = 2
    readers: Mapping[str, Mapping[str, object]] = field(default_factory=dict)
    export_seconds: float = 60.0
    export_bytes: int = 2**30
    exports_at_once: int = 4
    download_seconds: float = 900.0
    kept_bytes: int = 64 * 2**20

    def moment(self) -> datetime:
        """The moment it is, UTC."""
        return (self.now or datetime.now(UTC)).astimezone(UTC)
