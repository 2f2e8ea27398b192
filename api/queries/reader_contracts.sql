-- Grain: one row per shipped reader.
select *
from marts.reader_contracts
order by reader
