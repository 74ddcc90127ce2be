"""The record's SQL: each piece of an entry's canonical JSON is written in one place."""


def readable(instant: str) -> str:
    """Return SQL for an instant, null where it is none that Python has: infinite, or BC."""
    return f"""
        case when {instant} between '0001-01-02 00:00:00+00' and '9999-12-30 00:00:00+00'
             then {instant} end
    """


def shown(instant: str) -> str:
    """Return SQL for an instant that Python has: the nearest one, where it is none."""
    return f"least(greatest({instant}, '0001-01-02 00:00:00+00'), '9999-12-30 00:00:00+00')"


ENTRIES = "select id, user_id, event_type, data::jsonb as data from audit_entries"
"""Entries by their type; what follows says which."""
PLACES = """
    left join audit_links l on l.entry_id = e.id
    left join audit_pending w on w.entry_id = e.id
    where (l.chain_position >= 1 or w.entry_id is not null)
"""
"""Finds the place of each entry `e`; one that neither chain nor linker knows is left out."""

MIDDLE = """
    concat(',"correlation_id":', to_json(e.correlation_id), ',"data":', e.data,
           ',"event_id":"', e.event_id, '","event_type":', to_json(e.event_type),
           ',"previous_hash":"')
"""
END = """
    concat('","timestamp":"',
           case when not isfinite(e.at) then e.at::text
                else to_char(e.at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US') end,
           case when e.at < '0001-01-01 00:00:00+00' then ' BC' end,
           'Z","user_id":', coalesce('"' || e.user_id || '"', 'null'), '}')
"""

_TEXTS = f"""
    case when e.id is not null then convert_to({MIDDLE}, 'UTF8') end,
    case when e.id is not null then convert_to({END}, 'UTF8') end
"""

LOCK = "select pg_try_advisory_lock(%s)"
TIP = """
    select chain_position, hash from audit_links where chain_position >= 1
    order by chain_position desc limit 1
"""
TAKE = f"""
    with taken as (
        -- By the last of them and not one by one: a plan made while there were few would look
        -- through all that wait for each that is taken.
        delete from audit_pending where entry_id <= (
            select max(entry_id) from (
                select entry_id from audit_pending order by entry_id limit %s) first)
        returning entry_id
    )
    select t.entry_id, {_TEXTS}
    from taken t left join audit_entries e on e.id = t.entry_id
    where not exists (select from audit_links l where l.entry_id = t.entry_id)
    order by t.entry_id
"""  # noqa: S608
OWN = f"""
    with e as (
        insert into audit_entries (event_id, correlation_id, event_type, at, data)
        values (%(event_id)s, %(correlation_id)s, %(event_type)s, %(at)s, %(data)s) returning *
    )
    select e.id, {_TEXTS} from e
"""  # noqa: S608
CHAIN_START = """
    select e.event_type, e.data from audit_links l join audit_entries e on e.id = l.entry_id
    where l.chain_position = 1
"""
KEYS_NAMED = """
    select e.data from audit_entries e join audit_links l on l.entry_id = e.id
    where e.event_type = any(%s) and l.chain_position >= 1 order by l.chain_position desc
"""
LINK = """
    insert into audit_links (chain_position, entry_id, hash, previous_hash)
    select * from unnest(%s::bigint[], %s::bigint[], %s::bytea[], %s::bytea[])
"""
CHECKPOINT = """
    insert into audit_checkpoints (chain_position, chain_id, hash, at, key_id, signature)
    values (%(position)s, %(chain_id)s, %(hash)s, %(at)s, %(key_id)s, %(signature)s)
"""
SIGNED = f"""
    select chain_position, chain_id, hash, {readable("at")}, key_id, signature
    from audit_checkpoints order by chain_position
"""  # noqa: S608
NEWEST_CHECKPOINT = f"{SIGNED} desc limit 1"
LOSSES = """
    select l.chain_position from audit_entries e join audit_links l on l.entry_id = e.id
    where e.event_type = %s and l.chain_position >= 1 order by 1
"""
WAITING = """
    select count(*), coalesce(extract(epoch from clock_timestamp() - min(appended_at)), 0)::float8
    from audit_pending
"""


def links(*more: str) -> str:
    """Return SQL that copies the links at places in (%s, %s], in their order.

    Columns: position, hash, hash before, the two texts of `chain.StoredLink`, and `more`,
    expressions over the entry `e`.
    """
    columns = ", ".join(("l.chain_position", "l.hash", "l.previous_hash", _TEXTS, *more))
    return f"""
    copy (
        select {columns}
        from audit_links l left join audit_entries e on e.id = l.entry_id
        where l.chain_position > %s and l.chain_position <= %s
        order by l.chain_position
    ) to stdout (format binary)
    """  # noqa: S608


NEVER_LINKED = """
    select e.id, e.event_type, e.event_id from audit_entries e
    left join audit_links l on l.entry_id = e.id
    left join audit_pending p on p.entry_id = e.id
    where l.entry_id is null and p.entry_id is null
    order by e.id limit 20
"""
CHECKPOINTS = f"""
    select c.chain_position, c.chain_id, c.hash, {readable("c.at")}, c.key_id, c.signature, l.hash
    from audit_checkpoints c left join audit_links l using (chain_position)
    order by c.chain_position
"""  # noqa: S608
