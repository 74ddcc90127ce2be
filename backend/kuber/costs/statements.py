"""The SQL of costs that the statement of other packages takes among its `with` queries.

The queries take the costs of many runs at once, and stand in the order of this file.
"""

from decimal import Decimal

from kuber.costs.types import BudgetReading
from kuber.notifications.outbox import TO_TELL

READING = """
    (select jsonb_build_array(b.per_run::text, b.per_day::text, d.amount::text)
     from (values (runs.user_id)) u(user_id)
     left join budgets b on b.user_id = u.user_id
     left join daily_spend d on d.user_id = u.user_id and d.day = %(day)s)
"""
"""The budget of a row of `runs` on the UTC day `day`, for `reading_of`."""


def reading_of(stored: list[str | None], run_cost: Decimal) -> BudgetReading:
    """Return what `READING` read, of a run that has cost `run_cost` so far."""
    per_run, per_day, today = (None if each is None else Decimal(each) for each in stored)
    return BudgetReading(per_run, per_day, today or Decimal(0), run_cost)


CHARGED = """
    charged as (
        insert into cost_tracking (run_id, node_id, attempt, user_id, pipeline_id, pipeline_name,
                                   agent_type, mode, symbol, input_tokens, output_tokens,
                                   tokens_estimated,
                                   runtime_ms, token_cost, rental_cost, api_cost, amount,
                                   charged_at)
        select run_id, node_id, attempt, user_id, pipeline_id, pipeline_name, agent_type, mode,
               symbol, input_tokens, output_tokens, tokens_estimated, runtime_ms, token_cost,
               rental_cost, api_cost, amount, charged_at
        from chargeable
        on conflict (run_id, node_id, symbol, attempt) do nothing
        returning run_id, user_id, amount, charged_at
    )
"""
"""Charges the attempts of nodes, each once. `chargeable` has a row for each with all these columns.
What was charged already is not returned."""

SPENT = f"""
    paid as (
        select user_id, (charged_at at time zone 'UTC')::date as day, sum(amount) as amount,
               max(charged_at) as at
        from charged where amount > 0
        group by 1, 2 order by 1, 2
    ),
    spent as (
        insert into daily_spend (user_id, day, amount)
        select user_id, day, amount from paid order by user_id, day
        on conflict (user_id, day) do update set amount = daily_spend.amount + excluded.amount
        returning user_id, day, amount
    ),
    exhausted as (
        {TO_TELL}
        select user_id, 'budget_exhausted', p.at,
            jsonb_build_object('day', day::text, 'spent', s.amount::text,
                               'limit', l.per_day::text),
            concat_ws(' ', 'budget_exhausted', day::text, l.per_day::text)
        from spent s join paid p using (user_id, day), lateral (
            select coalesce((select per_day from budgets b where b.user_id = s.user_id),
                            %(daily_budget)s) as per_day
        ) l
        where l.per_day > 0 and s.amount >= l.per_day and s.amount - p.amount < l.per_day
    )
"""  # noqa: S608
"""Counts what `CHARGED` charged against the day's budgets, and tells a user by the charge that
spends it. `daily_budget` is the limit of those who set none. Rows are taken in the order of their
keys, so that statements at the same time do not wait for each other in a circle."""
