"""Why an order by hand is refused."""

from kuber.kernel.errors import ErrorKind, KuberError, Problem


class TicketRefused(KuberError):
    """It breaks a rule of the venue, of the account or of its own plan. `problems` name the field.

    What it is answered with is the code of the rule: the venue's where the venue would refuse it.
    """

    code = "order_refused"
    title = "The order was refused"

    def __init__(self, rule_code: str, detail: str, remedy: str, field: str | None = None) -> None:
        super().__init__(detail, [Problem(detail, remedy, field=field, code=rule_code)])
        self._rule_code = rule_code

    @property
    def answered_code(self) -> str:
        return self._rule_code


class ReferenceTaken(KuberError):
    """The client order id, or the Idempotency-Key, belongs to another order."""

    kind = ErrorKind.CONFLICT
    code = "client_order_id_taken"
    title = "Another order has this name"


class CannotCancel(KuberError):
    """The order has ended, or it protects or closes a position."""

    kind = ErrorKind.CONFLICT
    code = "cannot_cancel"
    title = "The order cannot be cancelled"
