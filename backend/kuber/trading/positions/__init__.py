"""Positions as people see them: read, valued at the newest prices, closed."""
