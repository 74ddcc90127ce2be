"""Errors about budgets."""

from kuber.kernel.errors import KuberError


class CostError(KuberError):
    """Base of the package's errors."""

    code = "invalid_budget"
    title = "The budget cannot be set like this"
