"""The SQL of market data that other packages put into statements of their own, as subqueries."""

NEWEST_PRICES = "select symbol, price, quoted_at from market_quotes"
"""The newest price of each symbol that has one, and of when it is."""
