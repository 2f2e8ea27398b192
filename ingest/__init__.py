"""From the Graph API and a rate provider to raw tables, and the cycle around it.

Decide, without touching the world: `windows` (days of an account), `planner` (what to
read now), `request_shape` (at once or as a report, in which parts), `throttle` (what
usage headers ask for), `completeness` (what is believed), `fields` (what to ask Meta
for), `tables` (shape of raw), `pages` (what an answer says), `receipts` (what was
read), `plan` (for people), `api_versions`, `account_statuses`, `currencies`.

Touch the world: `graph_http` (HTTP to Meta), `graph_client` (what is tried again,
pages), `exchange_rates` (HTTP to a rate provider), `pace` (waits), `report_jobs`,
`insights_request` (one window), `spool` and `page_table` (whole windows on disk),
`warehouse` (its file), `ledger` (what its receipts say), `source` and `pipeline` (dlt),
`load_ids`, `snapshots` (publish), `pointer` and `by_hand` (what is current, and who
said so), `disk`, `lock`, `files`. What stays and what goes: `publications`, `thinning`,
`compaction`, `pruning`, `as_of`, `backup`.

An export to compare with: `ads_manager` with `_file`, `_sheet`, `_columns` and
`_cells`, `written_numbers`, `written_days`.

Tie together: `levels` (every level of some days), `object_listing`, `account_node`,
`reading` (one account, with its `outcome`), `rates`, `load` (how one runs), `sync`
(what one reads), `build` with `dbt_child`, `audit` (the gate), `cycle` (lock, load,
build, publish), `schedule` (ticks), `cli` with `verbs_*`, `doctor` (the set-up),
`progress` and `run_summary` (for who watches). `settings`, `errors`, `logs`, `clock`,
`printable` serve them all; `failpoints` let tests stop a run anywhere; `sandbox` is a
Graph API on loopback with a known truth.
"""
