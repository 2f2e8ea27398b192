"""The dlt source over a spool: one append-only resource a raw table."""

from collections.abc import Iterator

import dlt
import pyarrow as pa
from dlt.common.schema.typing import TSchemaContract
from dlt.extract import DltResource

from ingest import tables
from ingest.spool import Spool

# Columns come from our own schemas, never from what Meta sends: a table of an older
# warehouse takes the new ones. What a column holds stays as it is.
CONTRACT: TSchemaContract = {"columns": "evolve", "data_type": "freeze"}


@dlt.source(name="meta", max_table_nesting=0)
def meta_source(spool: Spool) -> Iterator[DltResource]:
    """What a run read, as Arrow. Receipts travel with the rows they speak of."""
    for table in tables.META_TABLES:
        yield dlt.resource(
            spool.batches(table),
            name=table,
            write_disposition="append",
            schema_contract=CONTRACT,
        )


@dlt.source(name="fx", max_table_nesting=0)
def fx_source(rates: pa.Table) -> Iterator[DltResource]:
    """New or changed exchange rates, as Arrow."""
    yield dlt.resource(
        iter([tables.RATE_SCHEMA.empty_table(), rates]),
        name="exchange_rates",
        write_disposition="append",
        schema_contract=CONTRACT,
    )
