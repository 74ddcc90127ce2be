"""Order reports as JSON, the form in which venues' books and journals keep them."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from kuber.brokers.port import Fill, OrderReport, OrderStatus
from kuber.infra.db import JsonObject
from kuber.kernel.ids import OrderId


def report_to_json(report: OrderReport) -> JsonObject:
    """Return the report with decimal strings and ISO 8601 times."""
    return {
        "client_order_id": str(report.client_order_id),
        "status": report.status.value,
        "reason": report.reason,
        "fills": [
            {
                "time": fill.time.isoformat(),
                "quantity": format(fill.quantity, "f"),
                "price": format(fill.price, "f"),
                "commission": format(fill.commission, "f"),
            }
            for fill in report.fills
        ],
    }


def report_from_json(data: JsonObject) -> OrderReport:
    """Return the report that `report_to_json` wrote."""
    return OrderReport(
        OrderId(UUID(data["client_order_id"])),
        OrderStatus(data["status"]),
        data["reason"],
        tuple(
            Fill(
                datetime.fromisoformat(fill["time"]),
                Decimal(fill["quantity"]),
                Decimal(fill["price"]),
                Decimal(fill["commission"]),
            )
            for fill in data["fills"]
        ),
    )
