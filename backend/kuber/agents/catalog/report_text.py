"""The text of a run's report, from its state alone."""

from collections.abc import Sequence
from decimal import Decimal

from kuber.agents.analysis.numbers import show_score
from kuber.agents.base import Step
from kuber.agents.state import Action, PipelineState, Report
from kuber.agents.toolkit import amount, plain, why_no_trade


def build_report(
    state: PipelineState, title: str, *, evidence: bool, steps: Sequence[Step] = ()
) -> Report:
    """Return the report, in Markdown. Sections that the run did not produce are left out."""
    sections = [
        _decision(state),
        _levels(state),
        _bias(state),
        _risk(state),
        _trade(state),
        _errors(state),
        _evidence(state, steps) if evidence else "",
        _sources(state),
    ]
    heading = title or _title(state)
    body = "\n\n".join(section for section in sections if section)
    return Report(title=heading, markdown=f"# {heading}\n\n{body}\n")


def _title(state: PipelineState) -> str:
    plan = state.strategy
    what = plan.action.value.lower() if plan else "no plan"
    return f"{state.symbol}: {what}, {state.as_of:%Y-%m-%d %H:%M} UTC"


def decision_sentence(state: PipelineState) -> str:
    """Return the run's outcome in one sentence."""
    trade, plan, risk = state.trade, state.strategy, state.risk
    if trade is not None:
        did = {
            "submitted": f"Ordered to {trade.action}",
            "working": f"Ordered to {trade.action}",
            "filled": "Bought" if trade.action == "buy" else "Sold",
            "partially_filled": "Partly bought" if trade.action == "buy" else "Partly sold",
            "cancelled": f"Nothing was filled of the order to {trade.action}",
            "expired": f"Nothing was filled of the order to {trade.action}",
            "rejected": f"The venue rejected to {trade.action}",
            "validated": f"Would {trade.action}",
        }[trade.status]
        count = "" if trade.status == "rejected" else f" {plain(trade.quantity)}"
        return (
            f"{did}{count} {trade.symbol} at {plain(trade.entry_price)},"
            f" stop {plain(trade.stop_loss)}."
        )
    if plan is None:
        return "No plan was made."
    if plan.action is Action.HOLD:
        return "No trade: the plan is to hold."
    if risk is not None and not risk.approved:
        failed = ", ".join(item.name.lower() for item in risk.checks if not item.passed)
        return f"No trade: the risk manager refused ({failed})."
    placed = f"No trade was placed for the plan to {plan.action.value.lower()}"
    why = why_no_trade(state)
    return f"{placed}: {why}" if why else f"{placed}."


def _decision(state: PipelineState) -> str:
    return f"## Decision\n\n{decision_sentence(state)}"


def _levels(state: PipelineState) -> str:
    plan = state.strategy
    if plan is None or plan.entry is None or plan.stop_loss is None:
        return ""
    risk = abs(plan.entry - plan.stop_loss)
    rows = [("Entry", plan.entry), ("Stop", plan.stop_loss)]
    rows += [
        (name, level)
        for name, level in (("Target 1", plan.target_1), ("Target 2", plan.target_2))
        if level is not None
    ]
    side = 1 if plan.action is Action.BUY else -1
    lines = [
        f"| {name} | {level:f} | {_in_r(side * (level - plan.entry) / risk)} |"
        for name, level in rows
    ]
    table = "\n".join(["| Level | Price | Risk multiple |", "|---|---|---|", *lines])
    return f"## Levels\n\n{table}\n\nConfidence: {plan.confidence:g} of 100."


def _in_r(multiple: Decimal) -> str:
    return f"{multiple:+.2f} R" if multiple else "0 R"


def _bias(state: PipelineState) -> str:
    bias = state.bias
    if bias is None:
        return ""
    lines = [
        f"| {frame.value} | {known.direction.value.lower()} | {show_score(known.score)} |"
        for frame, known in bias.timeframes.items()
    ]
    table = "\n".join(["| Timeframe | Direction | Score |", "|---|---|---|", *lines])
    head = f"{bias.direction.value.capitalize()}, confidence {bias.confidence:g} of 100."
    return f"## Bias\n\n{head}\n\n{table}"


def _risk(state: PipelineState) -> str:
    risk = state.risk
    if risk is None:
        return ""
    rows = [
        f"| {item.name} | {'passed' if item.passed else 'failed'} | {item.detail} |"
        for item in risk.checks
    ]
    table = "\n".join(["| Check | Result | Figures |", "|---|---|---|", *rows])
    currency = state.market_data.currency if state.market_data else ""
    head = (
        f"Approved: {plain(risk.quantity)} units worth {amount(risk.position_value)} {currency},"
        f" at risk {amount(risk.risk_amount)} {currency}."
        if risk.approved
        else "Refused."
    )
    return f"## Risk\n\n{head}\n\n{table}"


def _trade(state: PipelineState) -> str:
    trade = state.trade
    if trade is None:
        return ""
    rows = [
        f"| {fill.time:%Y-%m-%d %H:%M} UTC | {plain(fill.quantity)} | {fill.price:f} |"
        f" {fill.commission:f} |"
        for fill in trade.fills
    ]
    head = f"Status: {trade.status.replace('_', ' ')}. {trade.reason}"
    if not rows:
        return f"## Trade\n\n{head}"
    table = "\n".join(["| Time | Quantity | Price | Commission |", "|---|---|---|---|", *rows])
    return f"## Trade\n\n{head}\n\n{table}"


def _errors(state: PipelineState) -> str:
    if not state.errors:
        return ""
    lines = "\n".join(f"- {error.node_id}: {error.message}" for error in state.errors)
    return f"## What went wrong\n\n{lines}"


def _evidence(state: PipelineState, steps: Sequence[Step]) -> str:
    """Return what each step said, in the order of the run; steps that nobody names come last."""
    names = {step.node_id: step.name for step in steps}
    order = [*names, *sorted(state.reasoning.keys() - names.keys())]
    parts = [
        f"### {names.get(node, node)}\n\n{state.reasoning[node]}"
        for node in order
        if node in state.reasoning
    ]
    return "## Evidence by step\n\n" + "\n\n".join(parts) if parts else ""


def _sources(state: PipelineState) -> str:
    lines = [f"Mode: {state.mode}. As of {state.as_of:%Y-%m-%d %H:%M} UTC."]
    market = state.market_data
    if market is not None:
        kind = "simulated prices, not a market's" if market.simulated else "prices"
        newest = max(frame.last_at for frame in market.frames.values())
        lines.append(
            f"Data: {market.source} {kind}; newest bar closed {newest:%Y-%m-%d %H:%M} UTC."
        )
    lines.append(_engines(state))
    return "## Sources\n\n" + "\n".join(f"- {line}" for line in lines)


def _engines(state: PipelineState) -> str:
    made = (("bias", state.bias), ("strategy", state.strategy), ("risk", state.risk))
    by_model = [name for name, section in made if section is not None and section.engine == "llm"]
    plans = sorted(state.plans.items())
    by_model += [f"{node} (strategy)" for node, plan in plans if plan.engine == "llm"]
    if not by_model:
        return "Engine: rules. No language model was used, so the analysis costs nothing."
    names = ", ".join(dict.fromkeys(by_model))
    return (
        f"Engine: language model for {names}; the rest by rules. Tokens and costs are listed with"
        " each step of the run."
    )
