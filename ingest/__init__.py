"""From the Graph API and a rate provider to raw tables, and the cycle around it.

Decide, without touching the world: `windows` (days of an account), `planner` (what to
read now), `fields` (what to ask Meta for), `tables` (shape of raw), `pages` (what an
answer says).

Touch the world: `graph_client` (HTTP to Meta), `exchange_rates` (HTTP to a rate
provider), `spool` (whole windows on disk), `ledger` (receipts), `source` and `pipeline`
(dlt), `snapshots` (publish).

Tie together: `sync` (one load), `build` (dbt), `audit` (the gate), `cycle` (lock, load,
build, publish), `schedule` (ticks), `cli` (verbs). `settings`, `errors`, `logs` serve
them all; `sandbox` is a Graph API on loopback with a known truth.
"""
