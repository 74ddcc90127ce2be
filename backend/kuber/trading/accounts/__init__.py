"""Lasting accounts: opened, changed, paid into, reset, and read with their ledgers."""
