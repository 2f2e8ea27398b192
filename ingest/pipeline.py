"""One dlt load into the warehouse. The caller holds the lock.

dlt would load a package that a dead run left behind *instead of* the new one, and call
it a success; so each load starts with an empty working folder. What the dead run had
committed stands in the warehouse; what it had not has no receipt.
"""

import os
import shutil
from pathlib import Path

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")

import dlt
import pyarrow as pa
from dlt.common.pipeline import LoadInfo
from dlt.extract import DltSource

from ingest import load_ids, tables
from ingest.failpoints import reached
from ingest.load_steps import LoadSteps
from ingest.source import fx_source, meta_source
from ingest.spool import Spool

PIPELINES = {tables.DATASET: "pathways_meta", tables.FX_DATASET: "pathways_fx"}
# Of DuckDB while it loads: a third of what a million rows would take, as fast.
MEMORY_LIMIT = "200MB"


def load_meta(data_dir: Path, spool: Spool) -> str:
    """Load what the spool holds in one package; its load id."""
    return _load(data_dir, tables.DATASET, meta_source(spool))


def load_rates(data_dir: Path, rates: pa.Table) -> str:
    """Load exchange rates; the load id."""
    return _load(data_dir, tables.FX_DATASET, fx_source(rates))


def pipelines_dir(data_dir: Path) -> Path:
    """Where dlt keeps its working folders: for `dlt pipeline --pipelines-dir`."""
    return data_dir / "dlt"


def _load(data_dir: Path, dataset: str, source: DltSource) -> str:
    name = PIPELINES[dataset]
    shutil.rmtree(pipelines_dir(data_dir) / name, ignore_errors=True)
    load_ids.keep_growing(data_dir)
    reached("load.started")
    # Arrow tables get no load id otherwise, and everything hangs on it.
    dlt.config["normalize.parquet_normalizer.add_dlt_load_id"] = True
    pipeline = dlt.pipeline(
        pipeline_name=name,
        pipelines_dir=str(pipelines_dir(data_dir)),
        destination=dlt.destinations.duckdb(
            {
                "database": str(data_dir / "warehouse.duckdb"),
                "global_config": {"memory_limit": MEMORY_LIMIT},
            }
        ),
        dataset_name=dataset,
        progress=LoadSteps(),
    )
    info: LoadInfo = pipeline.run(source)
    info.raise_on_failed_jobs()
    reached("load.ended")
    return info.loads_ids[0]
