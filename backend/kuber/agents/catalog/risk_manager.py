"""Risk manager: sizes the position and refuses plans that break a limit."""

from decimal import ROUND_DOWN, Decimal

from pydantic import ConfigDict, Field

from kuber.agents.base import (
    AgentConfig,
    AgentFailure,
    AgentMetadata,
    BaseAgent,
    Category,
    TokenEstimate,
)
from kuber.agents.catalog.risk_rules import (
    ACCOUNT_CURRENCY,
    AccountView,
    RiskLimits,
    Sizing,
    TradePrices,
    all_passed,
    check,
    size,
    sized,
)
from kuber.agents.crews.risk import ask_risk
from kuber.agents.effects import Reads, recorded
from kuber.agents.state import (
    MarketSnapshot,
    PipelineState,
    RiskCheck,
    RiskDecision,
    StrategyPlan,
)
from kuber.agents.toolkit import LLM_NOTE, RULES_NOTE, amount, market_of, missing, plain
from kuber.kernel.money import exact

MONEY_PLACES = Decimal("0.01")


class RiskConfig(AgentConfig):
    """Limits for one trade and for the account."""

    model_config = ConfigDict(
        json_schema_extra={"x-summary": "{account_risk_percent} % risk, reward {min_reward_risk}:1"}
    )

    account_risk_percent: float = Field(
        1.0,
        title="Risk for one trade",
        description="Share of the account that is lost when the stop is hit.",
        gt=0,
        le=10,
        json_schema_extra={"x-unit": "%"},
    )
    max_position_percent: float = Field(
        20,
        title="Largest position",
        description="Value of one position, with what is held already, as a share of the account.",
        gt=0,
        le=100,
        json_schema_extra={"x-unit": "%"},
    )
    max_exposure_percent: float = Field(
        100,
        title="Total exposure",
        description="Value of all positions together as a share of the account.",
        gt=0,
        le=200,
        json_schema_extra={"x-unit": "%", "x-advanced": True},
    )
    max_open_positions: int = Field(
        10,
        title="Open positions",
        description="Refuse a trade when this many positions are open.",
        ge=1,
        le=100,
        json_schema_extra={"x-advanced": True},
    )
    min_reward_risk: float = Field(
        1.5,
        title="Reward to risk at least",
        description="Gain at the first target divided by the loss at the stop.",
        ge=0.5,
        le=10,
    )
    min_confidence: float = Field(
        50,
        title="Confidence at least",
        description="Plans with less confidence are refused.",
        ge=0,
        le=100,
        json_schema_extra={"x-widget": "slider"},
    )

    def limits(self) -> RiskLimits:
        """Return the limits as exact numbers."""
        return RiskLimits(
            exact(self.account_risk_percent),
            exact(self.max_position_percent),
            exact(self.max_exposure_percent),
            self.max_open_positions,
            exact(self.min_reward_risk),
            self.min_confidence,
        )


class RiskManager(BaseAgent[RiskConfig]):
    """Rules decide size and limits; a crew, where there is one, may only shrink or veto."""

    metadata = AgentMetadata(
        agent_type="risk_manager",
        name="Risk manager",
        description="Checks the plan against your limits and decides how much to trade.",
        category=Category.RISK,
        icon="shield",
        price_per_hour=exact("0.05"),
        per_symbol=True,
        uses_llm=True,
        expected_tokens=TokenEstimate(1400, 400),
        inputs=("market_data", "strategy"),
        outputs=("risk",),
        effects=recorded(Reads.ACCOUNT),
    )
    Config = RiskConfig

    async def process(self, state: PipelineState) -> PipelineState:
        market = market_of(state, self.metadata.name)
        if state.strategy is None:
            raise missing("strategy", self.metadata.name)
        prices = TradePrices.of(state.strategy)
        if prices is None:
            decision = _nothing_to_size()
        elif market.currency != ACCOUNT_CURRENCY:
            decision = _other_currency(market)
        else:
            decision = await self._decide(market, state.strategy, prices)
        self.context.usage.billable = decision.engine == "llm"
        state.risk = decision
        self.say(state, decision.reasoning)
        return state

    async def _decide(
        self, market: MarketSnapshot, plan: StrategyPlan, prices: TradePrices
    ) -> RiskDecision:
        account = await self._account(market)
        limits = self.config.limits()
        if prices.risk == 0:
            raise AgentFailure("bad_plan", "The plan's stop is its entry: no size can be computed.")
        sizing = size(prices, limits, account, market.quantity_step)
        checks = check(plan, prices, sizing, limits, account)
        if self.context.llm is None or not all_passed(checks):
            return _decision(sizing, checks, market, RULES_NOTE)
        return await self._reviewed(market, plan, prices, sizing, checks)

    async def _account(self, market: MarketSnapshot) -> AccountView:
        desk = self.context.trade_desk
        if desk is None:
            raise AgentFailure(
                "no_account", "The risk manager was given no account to measure the risk against."
            )
        return AccountView(
            await desk.equity(), await desk.positions(), market.currency, market.symbol
        )

    async def _reviewed(
        self,
        market: MarketSnapshot,
        plan: StrategyPlan,
        prices: TradePrices,
        sizing: Sizing,
        checks: tuple[RiskCheck, ...],
    ) -> RiskDecision:
        """Return the decision after the crew's review of a position that passed every rule."""
        assert self.context.llm is not None, "only with a language model"
        dossier = f"{_dossier(prices, sizing, checks, market)}\n\nThe plan says:\n{plan.reasoning}"
        answer = await ask_risk(self.context, market.symbol, dossier)
        note = f"{answer.reasoning}\n\n{LLM_NOTE.format(model=self.context.llm.model)}"
        share = {"approve": 1.0, "veto": 0.0, "reduce": answer.size_factor}[answer.verdict]
        steps = sizing.quantity * exact(share) / market.quantity_step
        quantity = steps.to_integral_value(ROUND_DOWN) * market.quantity_step
        kept = sized(quantity, prices, sizing.binding)
        assert kept.quantity <= sizing.quantity, "a review never enlarges a position"
        review = RiskCheck(
            name="Review",
            passed=kept.quantity > 0,
            detail=f"The crew's verdict is {answer.verdict}:"
            f" {plain(kept.quantity)} of {plain(sizing.quantity)} units.",
        )
        return _decision(kept, (*checks, review), market, note, by_crew=True)


def _decision(
    sizing: Sizing,
    checks: tuple[RiskCheck, ...],
    market: MarketSnapshot,
    note: str,
    *,
    by_crew: bool = False,
) -> RiskDecision:
    approved = all_passed(checks)
    if approved:
        head = (
            f"**Approved**: {plain(sizing.quantity)} {market.symbol}, at risk"
            f" {amount(sizing.risk_amount)} {market.currency}."
        )
    else:
        failed = ", ".join(item.name.lower() for item in checks if not item.passed)
        head = f"**Refused**: {failed}."
    nothing = Decimal(0)
    return RiskDecision(
        approved=approved,
        quantity=sizing.quantity if approved else nothing,
        risk_amount=_money(sizing.risk_amount) if approved else nothing,
        position_value=_money(sizing.position_value) if approved else nothing,
        checks=checks,
        reasoning=f"{head}\n\n{check_list(checks)}\n\n{note}",
        engine="llm" if by_crew else "rules",
    )


def check_list(checks: tuple[RiskCheck, ...]) -> str:
    """Return the checks as a Markdown list."""
    return "\n".join(
        f"- {'✓' if item.passed else '✗'} {item.name}: {item.detail}" for item in checks
    )


def _dossier(
    prices: TradePrices, sizing: Sizing, checks: tuple[RiskCheck, ...], market: MarketSnapshot
) -> str:
    return (
        f"{prices.action.value} {plain(sizing.quantity)} {market.symbol} at {prices.entry:f},"
        f" stop {prices.stop_loss:f}, first target {prices.target_1:f},"
        f" loss at the stop {amount(sizing.risk_amount)} {market.currency}.\n"
        f"Checks by rule:\n{check_list(checks)}"
    )


def _nothing_to_size() -> RiskDecision:
    return _refusal("Plan", "The plan is not to trade; there is nothing to size.")


def _other_currency(market: MarketSnapshot) -> RiskDecision:
    return _refusal(
        "Currency",
        f"{market.symbol} is priced in {market.currency}, the account is in {ACCOUNT_CURRENCY},"
        " and no exchange rate is known: the risk cannot be measured.",
    )


def _refusal(name: str, detail: str) -> RiskDecision:
    nothing = Decimal(0)
    return RiskDecision(
        approved=False,
        quantity=nothing,
        risk_amount=nothing,
        position_value=nothing,
        checks=(RiskCheck(name=name, passed=False, detail=detail),),
        reasoning=f"{detail}\n\n{RULES_NOTE}",
        engine="rules",
    )


def _money(value: Decimal) -> Decimal:
    return value.quantize(MONEY_PLACES)
