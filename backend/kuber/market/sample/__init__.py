"""The real price history that ships with Kuber (see README.md beside this file)."""
