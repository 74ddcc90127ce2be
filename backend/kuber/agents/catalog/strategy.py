"""Strategy: looks for a trade on one timeframe and makes a full plan of it."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN

from kuber.agents.analysis.decide import Proposal, level_table, propose
from kuber.agents.analysis.examine import HISTORY_BARS, MIN_BARS, examine, too_short
from kuber.agents.analysis.plan import on_tick, rising
from kuber.agents.analysis.strategies.base import View, hold
from kuber.agents.analysis.types import PriceLevels
from kuber.agents.base import AgentConfig, AgentMetadata, BaseAgent, Category, TokenEstimate
from kuber.agents.catalog.strategy_config import METHOD_LABELS, StrategyConfig
from kuber.agents.crews.answers import StrategyAnswer
from kuber.agents.crews.strategy import StrategyQuestion, ask_strategy
from kuber.agents.effects import Reads, pure
from kuber.agents.state import Action, MarketSnapshot, PipelineState, StrategyPlan
from kuber.agents.toolkit import LLM_NOTE, RULES_NOTE, bars_of, market_of
from kuber.kernel.money import exact
from kuber.market.types import Bars, Timeframe

NO_SHORT = (
    "The signal is to sell, but selling short is switched off and there is no position to sell."
)
NOT_SHORTABLE = (
    "The signal is to sell, but you said of {symbol} that it cannot be sold short, and there is no"
    " position to sell."
)


class StrategyAgent(BaseAgent[StrategyConfig]):
    """Finds a plan by rule, or has a crew find one and holds it to the same limits."""

    metadata = AgentMetadata(
        agent_type="strategy",
        name="Strategy",
        description="Looks for a trade and plans it: entry, stop, two targets, and why.",
        category=Category.ANALYSIS,
        icon="insights",
        price_per_hour=exact("0.10"),
        per_symbol=True,
        uses_llm=True,
        expected_tokens=TokenEstimate(3000, 900),
        inputs=("market_data",),
        outputs=("strategy",),
        effects=pure(Reads.DATA),
    )
    Config = StrategyConfig

    @classmethod
    def timeframes(cls, config: AgentConfig) -> tuple[Timeframe, ...]:
        if not isinstance(config, StrategyConfig):
            return ()
        return (config.timeframe, config.longer) if config.longer else (config.timeframe,)

    async def process(self, state: PipelineState) -> PipelineState:
        market = market_of(state, self.metadata.name)
        strategy = self.config.strategy()
        view, lacking = await self._view(market, strategy.bars_needed)
        if view is None:
            plan = self._plan(Proposal(hold(f"{self._label} {lacking}."), None, 0.0))
        else:
            proposal = propose(
                strategy, view, market.price, self.config.plan_rules(), market.price_tick
            )
            if self.context.llm is None:
                plan = self._plan(await self._without_short(proposal, market))
            else:
                plan = await self._by_crew(market, view, proposal)
        self.context.usage.billable = plan.engine == "llm"
        state.strategy = plan
        state.plans = {**state.plans, self.context.node_id: plan}
        self.say(state, plan.reasoning)
        return state

    @property
    def _label(self) -> str:
        return str(METHOD_LABELS[self.config.method])

    async def _view(self, market: MarketSnapshot, needed: int) -> tuple[View | None, str]:
        """Return what the strategy looks at, or None and what is lacking."""
        bars = await self._bars(market, self.config.timeframe)
        lacking = too_short(bars, needed)
        if lacking is not None:
            return None, lacking
        if self.config.longer is None:
            return View(examine(bars)), ""
        longer = await self._bars(market, self.config.longer)
        lacking = too_short(longer, MIN_BARS)
        if lacking is not None:
            return None, lacking
        return View(examine(bars), examine(longer)), ""

    async def _bars(self, market: MarketSnapshot, timeframe: Timeframe) -> Bars:
        return await bars_of(self.context, market.symbol, timeframe, HISTORY_BARS)

    async def _without_short(self, proposal: Proposal, market: MarketSnapshot) -> Proposal:
        if proposal.action is not Action.SELL or await self._may_sell(market):
            return proposal
        return proposal.held(self._why_no_short(market))

    async def _may_sell(self, market: MarketSnapshot) -> bool:
        """Selling is fine when shorting is allowed or a long position is there to be sold."""
        desk = self.context.trade_desk
        allowed = self.config.allow_short and market.shortable is not False
        if allowed or desk is None:
            return allowed
        held = [p.quantity for p in await desk.positions() if p.symbol == market.symbol]
        return sum(held) > 0

    def _why_no_short(self, market: MarketSnapshot) -> str:
        if self.config.allow_short:
            return NOT_SHORTABLE.format(symbol=market.symbol)
        return NO_SHORT

    def _plan(self, proposal: Proposal) -> StrategyPlan:
        levels = proposal.levels
        return StrategyPlan(
            action=proposal.action,
            timeframe=self.config.timeframe,
            entry=levels.entry if levels else None,
            stop_loss=levels.stop_loss if levels else None,
            target_1=levels.target_1 if levels else None,
            target_2=levels.target_2 if levels else None,
            confidence=proposal.confidence,
            reasoning=f"{self._label}, {self.config.timeframe.value}. {proposal.reasoning}"
            f"\n\n{RULES_NOTE}",
            indicators=proposal.setup.indicators,
            engine="rules",
        )

    async def _by_crew(
        self, market: MarketSnapshot, view: View, proposal: Proposal
    ) -> StrategyPlan:
        assert self.context.llm is not None, "only with a language model"
        answer = await ask_strategy(
            self.context,
            StrategyQuestion(
                symbol=market.symbol,
                price=market.price,
                view=view,
                method=self._label,
                rules=self.config.plan_rules(),
                rule_opinion=proposal.reasoning,
                allow_short=await self._may_sell(market),
            ),
        )
        levels = answer_levels(answer, market)
        note = LLM_NOTE.format(model=self.context.llm.model)
        said = answer.reasoning
        action = answer.action
        if action is Action.SELL and not await self._may_sell(market):
            action, levels, said = Action.HOLD, None, f"{self._why_no_short(market)}\n\n{said}"
        elif action is not Action.HOLD and levels is None:
            action, said = Action.HOLD, f"The plan's prices fall together on the tick.\n\n{said}"
        table = f"\n\n{level_table(levels)}" if levels else ""
        return StrategyPlan(
            action=action,
            timeframe=self.config.timeframe,
            entry=levels.entry if levels else None,
            stop_loss=levels.stop_loss if levels else None,
            target_1=levels.target_1 if levels else None,
            target_2=levels.target_2 if levels else None,
            confidence=round(answer.confidence, 1) if action is not Action.HOLD else 0.0,
            reasoning=f"**{action.value}**. {said}{table}\n\n{note}",
            indicators=proposal.setup.indicators,
            engine="llm",
        )


def answer_levels(answer: StrategyAnswer, market: MarketSnapshot) -> PriceLevels | None:
    """Return a crew's checked prices on the tick, rounded against the plan; None for HOLD.

    Also None when rounding makes two of them equal.
    """
    prices = (answer.entry, answer.stop_loss, answer.target_1, answer.target_2)
    known = [price for price in prices if price is not None]
    if answer.action is Action.HOLD or len(known) < len(prices):
        return None
    rounding = ROUND_FLOOR if answer.action is Action.BUY else ROUND_CEILING
    entry = on_tick(known[0], market.price_tick, ROUND_HALF_EVEN)
    stop, first, second = (on_tick(price, market.price_tick, rounding) for price in known[1:])
    ordered = [stop, entry, first, second]
    if answer.action is Action.SELL:
        ordered.reverse()
    if not rising(ordered):
        return None
    return PriceLevels(entry, stop, first, second, ())
