"""The terms of instruments: what a symbol tells of them, and what a user changed."""
