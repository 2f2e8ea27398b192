"""Published snapshots over HTTP, as JSON. Knows names and columns, not arithmetic.

main          create_app: routes, failures and request ids put together
settings      what the caller tells it; nothing here reads the environment
errors        the family of failures, their statuses, problem+json
params        what requests may ask: defaults, limits, store, window
schemas*      the shapes of answers with meanings and units, for OpenAPI
columns       meanings of columns, as the tables document them
snapshots     the only module with DuckDB: pointer, snapshot, reader, time limit
status_file   status.json and staleness by the clock
answers       the `meta` of every answer
cursors       opaque places in a list
explain/      two readers on the same rows, and why they differ
queries/      all SQL, values bound by name
routes/       thin: parameters, a query, a shape
"""
