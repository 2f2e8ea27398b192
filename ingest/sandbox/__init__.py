"""A Graph API on loopback with a seeded world of known truth, a clock and a log.

The world, pure functions of seed and moment: `nodes` (what an account, campaign, ad set
and ad are), `shapes`, `odd_names` and `world` (builds them), `plans` (of many
accounts), `noise` (numbers from keys), `cells` (what one ad delivered in one country on
one day, as seen at a moment), `story` (dated changes), `state` (the world after the
changes so far), `statuses` (effective status), `truth` (totals summed straight from the
cells), `rates` (the European Central Bank's file).

The API, pure functions of a request and a state: `params` and `insight_query` (what was
asked), `aggregate` (cells to rows), `render` (rows to JSON), `insights` and `objects`
(the two kinds of edge), `reports` (jobs), `paging`, `errors`, `usage` (headers),
`access` and `tokens` (who may), `quota` (how often), `size_limits` (how much), `graph`
(routes).

Faults: `faults` (the plan, whole answers), `page_faults`, `field_faults`,
`wire_faults`, `named_faults` (all by name, for JSON).

Around it: `stage` (world, story and clock of a running sandbox), `conditions` (what may
be changed while it runs), `cache`, `request_log`, `control` (the `/__sandbox__`
routes), `answering` (one request from arrival to answer), `response` and `transport`
(HTTP), `server` (`Sandbox`, `environment`, `run`).
"""
