"""The order service: the one process from which orders leave (rule M1).

It hosts the books of the simulated venue and the management of positions. Workers and pages commit
intents and requests and wake it by NOTIFY; prices come by NOTIFY, too. A round takes what has come,
lets books and management work in memory, and writes all that came of it in one transaction: orders,
fills, ledger, positions, books, events. A process that dies before the commit has done nothing.
"""
