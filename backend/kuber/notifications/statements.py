"""The notifier's SQL."""

from kuber.audit.statements import readable
from kuber.identity.statements import USERS

TAKE = f"""
    select o.id, o.user_id, o.kind, {readable("o.at")}, o.data, o.subject, o.dedupe_key, o.attempts,
           o.user_id in ({USERS})
    from notice_outbox o where o.refused_at is null
    order by o.id limit %s for update of o skip locked
"""  # noqa: S608
DONE = "delete from notice_outbox where id = any(%s)"
FAILED = """
    update notice_outbox set attempts = attempts + 1, refusal = %(reason)s,
        refused_at = case when attempts + 1 >= %(most)s then %(now)s end
    where id = %(id)s returning refused_at
"""
CHOICES = """
    select user_id, kind, in_app, mail from notice_preferences
    where user_id = any(%(users)s) and kind = any(%(kinds)s)
"""
MAILABLE = """
    select user_id from mail_addresses where user_id = any(%s) and confirmed_at is not null
"""
ONE_AFTER_THE_OTHER = """
    select pg_advisory_xact_lock(hashtextextended('notices:' || user_id, 0))
    from unnest(%s::uuid[]) as u(user_id)
"""
"""Whoever reads a notice could have read all with lesser numbers; users in one order, for all."""
GROUP = """
    update notices set count = count + %(count)s, data = %(data)s,
        sequence = nextval('notices_sequence'), last_at = greatest(last_at, %(last_at)s)
    where id = (
        select id from notices
        where user_id = %(user_id)s and kind = %(kind)s and subject = %(subject)s
          and read_at is null and in_app = %(in_app)s and last_at > %(since)s
        order by last_at desc limit 1 for update)
    returning id
"""
ADD = """
    insert into notices (id, user_id, kind, subject, dedupe_key, data, count, first_at, last_at,
                         in_app)
    values (%(id)s, %(user_id)s, %(kind)s, %(subject)s, %(dedupe_key)s, %(data)s, %(count)s,
            %(first_at)s, %(last_at)s, %(in_app)s)
    on conflict (user_id, dedupe_key) where dedupe_key is not null do nothing
    returning id
"""
DELIVER = """
    insert into notice_deliveries (id, user_id, notice_id, channel, purpose, state, created_at,
                                   expires_at, next_attempt_at)
    select %(id)s, %(user_id)s, %(notice_id)s, 'mail', 'notice', 'waiting', %(now)s,
           %(expires_at)s, %(now)s
    where not exists (
        select from notice_deliveries
        where notice_id = %(notice_id)s and (state = 'waiting' or created_at > %(again_after)s))
"""
"""One mail for a notice that grows, and another one only after a while."""
ANNOUNCE = "select pg_notify(%s, %s)"

TRIM = """
    delete from notices n where id in (
        select id from notices where user_id = %(user_id)s and not kind = any(%(alarms)s)
        order by last_at desc, id desc offset %(kept)s)
      and not exists (
        select from notice_deliveries d
        where d.notice_id = n.id
          and (d.state = 'sent' and d.finished_at > %(counted_since)s
               or d.state = 'waiting' and d.attempts > 0 and d.error is null))
    returning user_id
"""
"""A mail goes with its notice; while it is being sent, and for an hour after, it counts."""
FORGET = """
    delete from notices where id in (
        select id from notices where last_at < %s limit %s for update skip locked)
    returning user_id
"""
FORGET_DELIVERIES = """
    delete from notice_deliveries where id in (
        select id from notice_deliveries where created_at < %s and state <> 'waiting'
        limit %s for update skip locked)
"""
FORGET_REFUSED = "delete from notice_outbox where refused_at < %s"

EXPIRE = """
    update notice_deliveries set state = 'expired', next_attempt_at = null, finished_at = %(now)s
    where state = 'waiting' and expires_at <= %(now)s and next_attempt_at <= %(now)s
"""
"""Not one that is being sent: it may have arrived."""
ONE_CLAIMS = "select pg_advisory_xact_lock(hashtextextended('mails claimed', 0))"
"""Before `CLAIM`, in its transaction: each counts what the others have claimed."""
_CLASSED = """
    select d.*, case when d.purpose <> 'notice' then 'asked'
                     when n.kind = any(%(alarms)s) then 'alarm' else 'ordinary' end as class
    from notice_deliveries d left join notices n on n.id = d.notice_id
"""
CLAIM = f"""
    with due as (
        select id, user_id, class, next_attempt_at,
               row_number() over (partition by user_id, class order by next_attempt_at, id) as place
        from ({_CLASSED} where d.state = 'waiting' and d.next_attempt_at <= %(now)s) d
    ), used as (
        select user_id, class, count(*) as mails
        from ({_CLASSED} where d.user_id in (select user_id from due)
              and (d.state = 'sent' and d.finished_at > %(counted_since)s
                   or d.state = 'waiting' and d.attempts > 0 and d.error is null
                      and d.next_attempt_at > %(now)s)) d
        group by user_id, class
    ), placed as (
        select due.*, class <> 'asked' and place + coalesce(mails, 0) > %(per_hour)s as crowded
        from due left join used using (user_id, class)
    ), under_way as (
        select user_id, count(*) as mails from notice_deliveries
        where state = 'waiting' and attempts > 0 and error is null and next_attempt_at > %(now)s
        group by user_id
    ), own_turn as (
        select placed.*, row_number() over (
            partition by user_id order by crowded, class = 'ordinary', next_attempt_at, id
        ) + coalesce(mails, 0) <= %(per_user)s as may_go
        from placed left join under_way using (user_id)
    ), in_turn as (
        select id, crowded, row_number() over (
            order by class = 'ordinary', next_attempt_at, id) as turn
        from own_turn where may_go and not crowded
        union all
        select id, crowded, null from placed where crowded
    )
    update notice_deliveries d set
        attempts = attempts + case when crowded then 0 else 1 end,
        next_attempt_at = case when crowded then least(%(later)s, expires_at) else %(lease)s end,
        error = case when crowded then %(why)s end
    from in_turn
    where d.id = in_turn.id and (crowded or turn <= %(most)s)
      and d.state = 'waiting' and d.next_attempt_at <= %(now)s
    returning crowded, d.id, d.user_id, d.purpose, d.notice_id, d.attempts, d.expires_at
"""  # noqa: S608
"""Claims alarms and what was asked for first, of each user so many at a time; lets what is too much
for its user wait.

A claimed one is waiting, was tried, and has no error until it is settled or its lease is over.
"""
LETTER = """
    select a.address, a.confirmed_at is not null, n.kind, n.data, n.count, n.read_at,
        (select p.mail from notice_preferences p where p.user_id = a.user_id and p.kind = n.kind)
    from mail_addresses a left join notices n on n.id = %(notice_id)s
    where a.user_id = %(user_id)s
"""
KEEP_CODE = """
    update mail_addresses set code_hash = %(hash)s, code_expires_at = %(expires_at)s,
        code_attempts = case when code_hash = %(hash)s then code_attempts else 0 end
    where user_id = %(user_id)s and address = %(address)s and confirmed_at is null
"""
ADDRESS = "select address from mail_addresses where user_id = %(user_id)s"
FORGET_CODE = """
    update mail_addresses set code_hash = null, code_expires_at = null
    where user_id = %(user_id)s and code_hash = %(hash)s
"""
"""Of a mail that will never arrive."""
SETTLE = """
    update notice_deliveries set state = %(state)s, error = %(error)s,
        next_attempt_at = %(next_attempt_at)s, finished_at = %(finished_at)s
    where id = %(id)s and attempts = %(attempts)s and state = 'waiting'
"""
