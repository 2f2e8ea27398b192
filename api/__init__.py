"""Published snapshots over HTTP, as JSON. Knows names and columns, not arithmetic.

main          create_app: doors, routes and failures put together
settings      what the caller tells it; nothing here reads the environment
errors        the family of failures, their statuses, problem+json
doors         what a request passes first: host, length, key, limits
headers       request ids and the security headers of every answer
hosts         under which names it answers
cross_origin  which pages of other origins may read answers
keys          what a key is, and what keys.json keeps of it
auth          from the key of a request to its caller
callers       who asks, and which stores it may see
limits        how often and how much at once
params        what requests may ask: names, defaults, limits
asked         what a request asks for: its store, days and campaigns
dependencies  what FastAPI hands to a route: settings, clock, reader
schemas*      the shapes of answers with meanings and units, for OpenAPI
columns       meanings of columns, as the tables document them
documents     JSON documents of the data folder, whole or Unusable
pointing      the pointer, and what people did to it by hand
published     what is published, as manifests tell it
as_of         which published state answers for a past moment
opening       opening a published database: whole, or not at all
shelf         which snapshot is current and open; past_states: which others are
snapshots     the only module with DuckDB: reader, time limit, memory
status_file   status.json and staleness by the clock
moving        what answers depend on besides request and snapshot
caching       answers kept in memory, ETags, 304 and HEAD
single_flight  of equal answers at once one is made
packing       gzip for who takes it
reference     the OpenAPI document as a page
measures      which metrics may be asked for together, of which rows
exports       rows as csv, ndjson and parquet files
answers       the `meta` of every answer
cursors       opaque places in a list
explain/      two readers on the same rows, and why they differ
queries/      all SQL, values bound by name
routes/       thin: parameters, a query, a shape
"""
