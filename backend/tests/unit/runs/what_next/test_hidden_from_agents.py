"""What followed a run's moment cannot be reached from anything that an agent is given."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal
from types import FunctionType, MethodType, ModuleType
from typing import cast

from kuber.agents.base import AgentContext, NodeUsage
from kuber.agents.registry import AgentRegistry
from kuber.costs.service import CostService
from kuber.infra.db import RawPool
from kuber.kernel.clock import FixedClock
from kuber.market.later import LaterBars
from kuber.market.providers.simulator import MarketSimulator
from kuber.market.service import MarketService
from kuber.market.types import DatasetMarket, MarketData
from kuber.pipelines.types import MANAGER_NODE, Graph
from kuber.runs.context import Surroundings
from kuber.runs.executor import first_state
from kuber.runs.pinned import RunMarket
from kuber.runs.plan import compile_plan
from kuber.runs.stopping import NodeWork, RunStop
from kuber.runs.what_next.service import WhatNext
from tests.fakes.graphs import trading
from tests.fakes.recorders import SlowWriter, new_recorder

CLOCK = FixedClock(datetime(2026, 12, 1, tzinfo=UTC))


def contexts() -> Iterator[AgentContext]:
    """Yield what a worker gives to each node of a run that trades."""
    pool = cast(RawPool, None)
    market = MarketService(pool, CLOCK, MarketSimulator(1))
    costs = CostService(CLOCK, Decimal(5), Decimal(25))
    surroundings = Surroundings(market, None, pool, CLOCK, costs, market.bars_of_version)
    plan = compile_plan(Graph.model_validate(trading()), AgentRegistry.discover(), MANAGER_NODE, ())
    log = new_recorder(SlowWriter())
    run, account = log._run, surroundings.account(log._run)
    told = RunMarket(market, (), market.bars_of_version)
    for node in plan.nodes:
        yield surroundings.context(
            run,
            plan,
            node,
            NodeUsage(),
            NodeWork(RunStop()),
            1,
            first_state(run, plan),
            log,
            told,
            account,
        )


def reached(start: object) -> Iterator[object]:
    """Yield every object that can be come to from `start`, private parts included."""
    seen: dict[int, object] = {}
    waiting: list[object] = [start]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, ModuleType | type | str | bytes | int | float):
            continue
        seen[id(one)] = one
        yield one
        waiting += _parts(one)


def _parts(one: object) -> list[object]:
    match one:
        case dict():
            return [*one.keys(), *one.values()]
        case list() | tuple() | set() | frozenset():
            return [*one]
        case MethodType():
            return [one.__self__, one.__func__]
        case FunctionType():
            return [cell.cell_contents for cell in one.__closure__ or ()]
    slots = [name for kind in type(one).__mro__ for name in getattr(kind, "__slots__", ())]
    parts: list[object] = [getattr(one, name) for name in slots if hasattr(one, name)]
    others = ("func", "args", "keywords", "__dict__")
    return parts + [getattr(one, name) for name in others if hasattr(one, name)]


async def test_nothing_that_an_agent_is_given_leads_to_later_bars() -> None:
    given = list(contexts())
    assert any(context.trade_desk for context in given)
    found = [one for context in given for one in reached(context)]
    assert any(isinstance(one, MarketService) for one in found)  # it looks behind the ports
    assert not [one for one in found if isinstance(one, LaterBars | WhatNext)]


def test_no_market_port_asks_for_what_follows() -> None:
    asked = {name for port in (MarketData, DatasetMarket) for name in vars(port) if name[0] != "_"}
    assert asked == {"instrument", "bars"}


def test_a_worker_does_not_even_load_it() -> None:
    script = (
        "import sys, kuber.workers.runs, kuber.bootstrap.run_worker, kuber.runs.engine,"
        " kuber.runs.context, kuber.runs.store, kuber.runs.writer, kuber.agents.registry\n"
        "kuber.agents.registry.AgentRegistry.discover()\n"
        "assert not [name for name in sys.modules if 'what_next' in name or 'market.later' in name]"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
