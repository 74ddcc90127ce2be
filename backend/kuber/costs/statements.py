"""The SQL of budgets that other packages put into statements of their own."""

BUDGET_EXHAUSTED = """
    insert into notice_outbox (user_id, kind, at, data, dedupe_key)
    select %(user_id)s, 'budget_exhausted', %(charged_at)s,
        jsonb_build_object('day', %(day)s::text, 'spent', s.amount::text, 'limit', l.per_day::text),
        concat_ws(' ', 'budget_exhausted', %(day)s::text, l.per_day::text)
    from spent s, (
        select coalesce((select per_day from budgets where user_id = %(user_id)s),
                        %(daily_budget)s) as per_day
    ) l
    where l.per_day > 0 and s.amount >= l.per_day and s.amount - %(cost)s < l.per_day
"""
"""Tells a user that the day's budget is spent, by the charge that spends it.

Among the `with` queries `spent` has the day's `amount` after the charge of `cost`; `daily_budget`
is the limit of those who set none.
"""
