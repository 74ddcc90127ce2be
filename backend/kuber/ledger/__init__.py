"""The double-entry ledger: facts become transactions, whose transfers sum to zero in every unit.

`types` and `facts` say what is posted, `posting` and `reversing` decide how (pure), `store` writes
it, `rebuild` compares what is served with what follows from the entries.
"""
