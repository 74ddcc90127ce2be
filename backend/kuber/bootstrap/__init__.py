"""From settings to running services: the one place where processes are put together.

`parts` makes what processes have in common; `api`, `run_worker` and `services` choose from it.
"""
