"""Why two readers show different numbers: their rules, replayed on the same rows.

contracts     what a reader's rules are, and in which two readers differ
exported      an Ads Manager export as a reader
measures      which parts a metric consists of
comparison    the queries, in order: rows marked, mixtures valued, steps, rows, classes
checks        what to look at first
verdicts      a check in the shape of the answer
words         figures and rules in words
sentences     the steps in words
document      the shape of the answer
answer        what /v1/explain and `pathways explain` give
"""
