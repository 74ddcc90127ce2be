"""Compares what ledger, positions, orders and fills of an account say (rules M6, M15).

A difference blocks the account's entries until it is gone; what is open stays protected.
"""
