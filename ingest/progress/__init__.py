"""How far a run has got: `interface` is told, `watch` adds up, and for people there are
`bars` on a terminal and `lines` elsewhere (`shown` picks), in the same `words`.
"""
