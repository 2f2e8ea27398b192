"""Which failpoints the crash matrix breaks, where, and how often they were reached."""

# Point and nth time, met by `pathways sync`. Rates are loaded first, so that dlt's
# steps 1 to 3 are theirs and 4 to 6 those of everything read from Meta.
IN_A_SYNC = (
    ("sync.spool_opened", 1),
    ("sync.rates_fetched", 1),
    ("sync.page_written", 9),
    ("sync.window_spooled", 3),
    ("sync.receipts_spooled", 5),
    ("sync.accounts_read", 1),
    ("sync.rates_loaded", 1),
    ("load.started", 1),
    ("load.started", 2),
    ("load.step", 3),
    ("load.step", 4),
    ("load.step", 5),
    ("load.step", 6),
    ("load.progress", 30),
    ("load.progress", 50),
    ("load.progress", 60),
    ("load.ended", 1),
    ("load.ended", 2),
)
IN_A_BUILD = (("build.started", 1), ("build.dbt_started", 1), ("build.ended", 1))
# The files: 1 the manifest of a snapshot, 2 the pointer.
IN_A_PUBLISH = (
    ("audit.passed", 1),
    ("publish.checkpointed", 1),
    ("publish.copied", 1),
    ("publish.renamed", 1),
    ("files.temporary_written", 1),
    ("publish.manifest_written", 1),
    ("files.temporary_written", 2),
    ("publish.pointer_replaced", 1),
    ("publish.linked", 1),
)
IN_A_PRUNE = (
    ("thin.deleted", 1),
    ("thin.committed", 1),
    ("prune.manifest_removed", 1),
    ("prune.removed", 1),
    ("prune.removed", 2),
)
# Of a warehouse that has grown, which one of a cycle seldom has.
IN_A_COMPACTION = (("compact.copied", 1), ("compact.replaced", 1))
IN_A_ROLLBACK = (
    ("rollback.verified", 1),
    ("rollback.pointer_replaced", 1),
    ("rollback.recorded", 1),
)
IN_A_BACKUP = (("backup.copied", 1),)
# Whole cycles killed one after another in one folder, each a step further.
CYCLES = (
    (
        "sync.spool_opened:1",
        "sync.rates_fetched:1",
        "sync.page_written:9",
        "sync.window_spooled:3",
        "sync.receipts_spooled:5",
        "sync.accounts_read:1",
        "load.started:1",
        "load.step:3",
        "load.ended:1",
        # The rates are in the warehouse now, so that dlt's first load is Meta's.
        "sync.rates_loaded:1",
        "load.step:1",
        "load.step:2",
        "load.progress:20",
        "load.step:3",
        "load.progress:50",
        "load.ended:1",
    ),
    (
        "build.started:1",
        "build.dbt_started:1",
        "build.ended:1",
        "audit.passed:1",
        "publish.checkpointed:1",
        "publish.copied:1",
        "publish.renamed:1",
        "files.temporary_written:1",
        "publish.manifest_written:1",
        "publish.pointer_replaced:1",
        "thin.deleted:1",
        "thin.committed:1",
        "prune.manifest_removed:1",
        "prune.removed:1",
        "status.written:1",
    ),
    ("load.step:6", "build.dbt_started:1", "publish.linked:1"),
)
# What an action ends a process with.
EXIT_CODES = {"kill": -9, "term": 143, "raise": 3, "enospc": 1}
