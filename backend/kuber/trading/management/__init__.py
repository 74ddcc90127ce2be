"""What happens to a position after its plan was decided: protect it, trim it, close it.

Pure: no clock, no database, no venue. A host hears of orders and prices, hands them over as facts,
stores the position that comes back together with its commands, and carries the commands out.
All numbers are in the units of `kuber.exchange.units`.
"""
