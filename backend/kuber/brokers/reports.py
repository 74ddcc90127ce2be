"""The simulated venue's answers as JSON, the form in which its books keep them."""

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from kuber.brokers.port import Acknowledged, Execution, OrderState, OrderStatus, Rejected
from kuber.brokers.simulator import execution_id_for
from kuber.infra.db import JsonObject
from kuber.kernel.ids import OrderId


def report_to_json(order_id: OrderId, answer: Acknowledged | Rejected) -> JsonObject:
    """Return the answer with decimal strings and ISO 8601 times; its fills in their order."""
    match answer:
        case Acknowledged(order, executions):
            return _report(order_id, order.status, order.reason, executions)
        case Rejected(reason):
            return _report(order_id, OrderStatus.REJECTED, reason, ())


def report_from_json(data: JsonObject) -> Acknowledged | Rejected:
    """Return the answer that `report_to_json` wrote."""
    order_id, status = OrderId(UUID(data["client_order_id"])), OrderStatus(data["status"])
    if status is OrderStatus.REJECTED:
        return Rejected(data["reason"])
    executions = tuple(
        Execution(
            execution_id_for(order_id, number),
            order_id,
            datetime.fromisoformat(fill["time"]),
            Decimal(fill["quantity"]),
            Decimal(fill["price"]),
            Decimal(fill["commission"]),
        )
        for number, fill in enumerate(data["fills"], start=1)
    )
    filled = sum((execution.quantity for execution in executions), Decimal(0))
    return Acknowledged(OrderState(order_id, status, filled, data["reason"]), executions)


def _report(
    order_id: OrderId, status: OrderStatus, reason: str, executions: Sequence[Execution]
) -> JsonObject:
    return {
        "client_order_id": str(order_id),
        "status": status.value,
        "reason": reason,
        "fills": [
            {
                "time": execution.time.isoformat(),
                "quantity": format(execution.quantity, "f"),
                "price": format(execution.price, "f"),
                "commission": format(execution.commission, "f"),
            }
            for execution in executions
        ],
    }
