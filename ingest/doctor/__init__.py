"""Looks at the set-up and says in plain words what is wrong and what to do.

`examination` goes through all of it: `configuration`, `machine` (disk, clock, files),
`meta` (host and version), `token`, `account`, `rates`; each gives back `checks`. It
reads only, at Meta's as here.
"""
