"""The simulated exchange: order books, matching, venue rules. No clock, chance or network.

`Book` takes events and returns events; `rules` and `checks` say what a venue refuses.
"""
