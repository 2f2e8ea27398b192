"""A Graph API on loopback with a seeded world of known truth, a clock and a log.

The world, pure functions of seed and moment: `nodes` (what an account, campaign, ad set
and ad are), `world` (builds them), `noise` (numbers from keys), `cells` (what one ad
delivered in one country on one day, as seen at a moment), `story` (dated changes),
`state` (the world after the changes so far), `statuses` (effective status), `truth`
(totals summed straight from the cells), `rates` (the European Central Bank's file).

The API, pure functions of a request and a state: `params` and `insight_query` (what was
asked), `aggregate` (cells to rows), `render` (rows to JSON), `insights` and `objects`
(the two kinds of edge), `paging`, `errors`, `usage` (headers), `graph` (routes).

Around it: `stage` (world, story and clock of a running sandbox), `cache`, `faults`
(scripted failures), `request_log`, `control` (the `/__sandbox__` routes), `transport`
(HTTP), `server` (`Sandbox`, `environment`, `run`).
"""
