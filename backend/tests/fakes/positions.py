"""Positions, facts and looks for tests of management, in the numbers that people write."""

from typing import Any

from kuber.exchange.types import Spec
from kuber.exchange.units import SECOND, to_price, to_quantity
from kuber.kernel.orders import Side
from kuber.trading.management.commands import Command
from kuber.trading.management.decide import Decision, decide
from kuber.trading.management.facts import Fact, Seen, Situation, Told
from kuber.trading.management.plan import ExitPlan, Protection
from kuber.trading.management.position import LegStatus, Position, entered, planned
from tests.fakes.orders import SHARE


def a_plan(quantity: str = "10", **terms: Any) -> ExitPlan:
    """Return a long of AAPL from 150.50: stop 148.00, targets 154.25 and 158.00."""
    for name in ("entry", "stop"):
        if name in terms:
            terms[name] = to_price(terms[name])
    targets = terms.pop("targets", ("154.25", "158.00"))
    spec: Spec = terms.pop("spec", SHARE)
    usual = {
        "side": Side.BUY,
        "entry": to_price("150.50"),
        "stop": to_price("148.00"),
        "protection": Protection.OCO,
    }
    return ExitPlan(
        quantity=to_quantity(quantity),
        targets=tuple(to_price(one) for one in targets),
        spec=spec,
        **{**usual, **terms},
    )


def a_short(quantity: str = "10", **terms: Any) -> ExitPlan:
    """Return a short from 150.50: stop 153.00, targets 146.75 and 143.00."""
    usual = {"side": Side.SELL, "stop": "153.00", "targets": ("146.75", "143.00")}
    return a_plan(quantity, **{**usual, **terms})


def seen(at: float, last: str, bid: str | None = None, ask: str | None = None) -> Seen:
    """Return a price; `at` in seconds."""
    sides = [None if one is None else to_price(one) for one in (bid, ask)]
    return Seen(int(at * SECOND), to_price(last), *sides)


def told(order_id: str, status: str, filled: str = "0", price: str = "0") -> Told:
    """Return how an order stands, all of it filled at one price."""
    quantity = to_quantity(filled)
    return Told(order_id, LegStatus(status), quantity, quantity * to_price(price))


class Watch:
    """A position with the commands that came of it, in the hands of a test."""

    def __init__(self, position: Position) -> None:
        self.position = position
        self.commands: list[Command] = []
        """Those of the last look."""

    def look(self, at: float, *facts: Fact, last: str | None = None, **terms: Any) -> list[Command]:
        """Decide at a second, seeing a price of then; return what is to be done."""
        price = terms.pop("price", None if last is None else seen(at, last))
        situation = Situation(now=int(at * SECOND), seen=price, **terms)
        decision: Decision = decide(self.position, facts, situation)
        self.position = decision.position
        self.commands = list(decision.commands)
        return self.commands

    def of(self, kind: type[Any]) -> list[Any]:
        """Return the commands of a kind among those of the last look."""
        return [one for one in self.commands if isinstance(one, kind)]

    def ids(self, name: str) -> list[str]:
        """Return the order ids of the attempts at a leg, oldest first."""
        return [leg.order_id for leg in self.position.legs if leg.name == name]

    def accept(self, at: float, *names: str, **terms: Any) -> list[Command]:
        """Let the venue take the newest order of each leg."""
        return self.look(at, *(told(self.ids(name)[-1], "working") for name in names), **terms)


def waiting(plan: ExitPlan | None = None, at: float = 0) -> Watch:
    """Return a position whose entry is yet to be sent."""
    return Watch(planned("p", "pipeline", plan or a_plan(), int(at * SECOND)))


def filled(plan: ExitPlan | None = None, price: str = "150.50", at: float = 0) -> Watch:
    """Return a position whose entry is filled, and nothing yet protects it."""
    plan = plan or a_plan()
    return Watch(
        entered(
            "p",
            "pipeline",
            plan,
            quantity=plan.quantity,
            price=to_price(price),
            fee=0,
            at=int(at * SECOND),
        )
    )
