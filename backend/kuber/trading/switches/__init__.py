"""Switches that stop trading: what each state allows, who sets them, what a flattening closed."""
