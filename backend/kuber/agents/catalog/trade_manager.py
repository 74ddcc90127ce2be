"""Trade manager: places the approved trade, once, after looking at the open positions."""

from collections.abc import Mapping
from decimal import Decimal
from typing import Literal

from pydantic import ConfigDict, Field

from kuber.agents.base import AgentConfig, AgentFailure, AgentMetadata, BaseAgent, Category
from kuber.agents.effects import Reads, orders
from kuber.agents.ports import Desk
from kuber.agents.state import (
    Action,
    MarketSnapshot,
    PipelineState,
    RiskDecision,
    StrategyPlan,
    TradeExecution,
    TradeFill,
    TradeStatus,
)
from kuber.agents.toolkit import bullets, market_of, missing, no_trade, plain
from kuber.brokers.port import OrderStatus, Side
from kuber.trading.errors import OrderOutcomeUnknown, TradingError
from kuber.trading.types import OrderReport, TradeRequest

PRICE_PLACES = Decimal("0.000001")

_STATUSES: Mapping[OrderStatus, TradeStatus] = {
    OrderStatus.SUBMITTED: "submitted",
    OrderStatus.WORKING: "working",
    OrderStatus.PARTIALLY_FILLED: "partially_filled",
    OrderStatus.FILLED: "filled",
    OrderStatus.CANCELLED: "cancelled",
    OrderStatus.REJECTED: "rejected",
    OrderStatus.EXPIRED: "expired",
    OrderStatus.VALIDATED: "validated",
}


class TradeManagerConfig(AgentConfig):
    """What to do when a position is already there."""

    model_config = ConfigDict(json_schema_extra={"x-summary": "Opposite position: {opposite}"})

    allow_duplicates: bool = Field(
        False,
        title="Add to an open position",
        description="Off: no second position in the same direction.",
    )
    opposite: Literal["refuse", "reduce"] = Field(
        "refuse",
        title="Opposite position",
        description="What to do when a position the other way is open.",
        json_schema_extra={
            "x-enum-labels": {"refuse": "Do not trade", "reduce": "Close it, as far as it goes"}
        },
    )
    second_target: bool = Field(
        True,
        title="Use the second target",
        description="Off: the first target closes the whole position.",
        json_schema_extra={"x-advanced": True},
    )


class TradeManager(BaseAgent[TradeManagerConfig]):
    """Turns an approved plan into one bracket order. Without approval it does nothing."""

    metadata = AgentMetadata(
        agent_type="trade_manager",
        name="Trade manager",
        description="Places the approved trade with its stop and targets.",
        category=Category.EXECUTION,
        icon="swap_vert",
        per_symbol=True,
        inputs=("market_data", "strategy", "risk"),
        outputs=("trade",),
        effects=orders(Reads.ACCOUNT),
    )
    Config = TradeManagerConfig

    async def process(self, state: PipelineState) -> PipelineState:
        market = market_of(state, self.metadata.name)
        if state.strategy is None:
            raise missing("strategy", self.metadata.name)
        if state.risk is None:
            raise missing("risk", self.metadata.name)
        refusal = _not_wanted(state.strategy, state.risk)
        if refusal:
            return self._stand_aside(state, refusal)
        desk = self.context.trade_desk
        if desk is None:
            raise AgentFailure("no_account", "The trade manager was given no account to trade in.")
        held = await self._held(desk, market.symbol)
        quantity, refusal = self._quantity(state.strategy.action, state.risk.quantity, held, market)
        if refusal:
            return self._stand_aside(state, refusal)
        request = self._request(state, market, state.strategy, quantity, held)
        trade = _execution(request, await self._execute(desk, request), state.strategy)
        state.trade = trade
        self.say(state, _words(trade, held))
        return state

    def _stand_aside(self, state: PipelineState, reason: str) -> PipelineState:
        # A trade of a node before this one stays what it is.
        self.say(state, no_trade(reason))
        return state

    async def _held(self, desk: Desk, symbol: str) -> Decimal:
        """Return the signed quantity of the symbol that this pipeline has open."""
        own = [one for one in await desk.positions() if one.own and one.symbol == symbol]
        return sum((one.quantity for one in own), Decimal(0))

    def _quantity(
        self, action: Action, quantity: Decimal, held: Decimal, market: MarketSnapshot
    ) -> tuple[Decimal, str]:
        """Return what may be traded, and why nothing may (empty when something may)."""
        wanted = 1 if action is Action.BUY else -1
        if held == 0:
            return quantity, ""
        there = f"{plain(abs(held))} {market.symbol} are already open"
        if held * wanted > 0:
            if self.config.allow_duplicates:
                return quantity, ""
            return Decimal(0), f"{there} in the same direction; adding to it is switched off."
        if self.config.opposite == "reduce":
            return min(quantity, abs(held)), ""
        return Decimal(0), f"{there} in the other direction; close that position first."

    def _request(
        self,
        state: PipelineState,
        market: MarketSnapshot,
        plan: StrategyPlan,
        quantity: Decimal,
        held: Decimal,
    ) -> TradeRequest:
        targets = (plan.target_1, plan.target_2 if self.config.second_target else None)
        if plan.stop_loss is None or plan.target_1 is None:
            raise AgentFailure("bad_plan", "The plan has no stop or no target; nothing was sent.")
        return TradeRequest(
            symbol=market.symbol,
            side=Side.BUY if plan.action is Action.BUY else Side.SELL,
            quantity=quantity,
            reference_price=market.price,
            stop_loss=plan.stop_loss,
            targets=tuple(target for target in targets if target is not None),
            correlation_id=state.correlation_id,
            currency=market.currency,
            price_tick=market.price_tick,
            closes=(held < 0) if plan.action is Action.BUY else (held > 0),
        )

    async def _execute(self, desk: Desk, request: TradeRequest) -> OrderReport:
        try:
            return await desk.execute(request)
        except OrderOutcomeUnknown as error:
            raise AgentFailure(error.code, error.detail, retryable=True) from error
        except TradingError as error:
            raise AgentFailure(error.code, error.detail) from error


def _not_wanted(plan: StrategyPlan, risk: RiskDecision) -> str:
    """Return why there is nothing to trade, empty when there is something."""
    if plan.action is Action.HOLD:
        return "The plan is to hold."
    if not risk.approved or risk.quantity <= 0:
        failed = [f"{item.name}: {item.detail}" for item in risk.checks if not item.passed]
        return f"The risk manager refused.\n\n{bullets(*failed)}"
    return ""


def _execution(request: TradeRequest, report: OrderReport, plan: StrategyPlan) -> TradeExecution:
    filled = report.filled_quantity
    paid = sum((fill.quantity * fill.price for fill in report.fills), Decimal(0))
    entry = plan.entry if plan.entry is not None else request.reference_price
    return TradeExecution(
        action="buy" if request.side is Side.BUY else "sell",
        symbol=request.symbol,
        quantity=filled or request.quantity,
        entry_price=average_price(paid, filled) if filled else entry,
        stop_loss=request.stop_loss,
        targets=request.targets,
        fills=tuple(
            TradeFill(
                time=fill.time,
                quantity=fill.quantity,
                price=fill.price,
                commission=fill.commission,
            )
            for fill in report.fills
        ),
        status=trade_status(report.status, filled=bool(report.fills)),
        reason=report.reason,
        estimated=report.estimated,
    )


def trade_status(status: OrderStatus, *, filled: bool) -> TradeStatus:
    """Return how the trade of an answered order stands; `filled`: at least in part.

    An order that ended filled in part is a trade in part.
    """
    if filled and status is not OrderStatus.FILLED:
        return "partially_filled"
    return _STATUSES[status]


def average_price(paid: Decimal, quantity: Decimal) -> Decimal:
    """Return the average fill price to at most six decimals, without trailing zeros."""
    average = (paid / quantity).quantize(PRICE_PLACES)
    return Decimal(plain(average))


def _words(trade: TradeExecution, held: Decimal) -> str:
    done = {
        "submitted": "Sent, not filled yet",
        "working": "At the venue, not filled yet",
        "filled": "Filled",
        "partially_filled": "Partly filled",
        "cancelled": "Cancelled, nothing was filled",
        "rejected": "Rejected",
        "expired": "Expired, nothing was filled",
        "validated": "Only checked, not sent",
    }[trade.status]
    before = f"Position before: {plain(held)}." if held else "No position was open before."
    fills = [
        f"{plain(fill.quantity)} at {fill.price:f}, commission {fill.commission:f}"
        for fill in trade.fills
    ]
    targets = " and ".join(f"{target:f}" for target in trade.targets)
    head = f"**{done}**: {trade.action} {plain(trade.quantity)} {trade.symbol}. {trade.reason}"
    return f"{head}\n\n" + bullets(before, *fills, f"Stop {trade.stop_loss:f}, targets {targets}.")
