"""The SQL of users that other packages put into statements of their own, as subqueries."""

USERS = "select id from users"
"""Everybody who has an account."""

ROLES = "select id, role from users"
"""The role of everybody who has an account."""
