"""How pipelines are compared with what the record says of them last."""

from kuber.audit.comparing import RowComparison
from kuber.audit.statements import ENTRIES, PLACES


def _comparable(trigger: str) -> str:
    """Return SQL for a trigger in which figures are figures: the record holds them as text."""
    return f"""
        case when jsonb_typeof({trigger} -> 'subscriptions') = 'array' then jsonb_set(
            {trigger}, '{{subscriptions}}',
            (select coalesce(jsonb_agg(case
                 when one ->> 'min_confidence' ~ '^[0-9]+([.][0-9]+)?(e-?[0-9]{{1,2}})?$'
                 then one || jsonb_build_object(
                     'min_confidence', (one ->> 'min_confidence')::float8)
                 else one end order by number), '[]')
             from jsonb_array_elements({trigger} -> 'subscriptions') with ordinality o(one, number))
        ) else {trigger} end
    """  # noqa: S608


# Entries that wait for their place count, too, as the last: a pipeline may have been changed just
# now. Of one pipeline the places come in the order of the changes, since each locks its row first.
# Only where there is no place yet the id orders: it is not hashed.
_NEWEST_FIRST = "chain_position desc nulls first, id desc"


def _of_publishing(value: str) -> str:
    return f"case when s.event_type = 'pipeline_published' then {value} end"


# What was deleted and kept is archived; its entry says how it stood before.
_STATUS = """
    case when s.event_type = 'pipeline_deleted' and s.kept then 'archived' else s.status end
"""


def _digest(graph: str) -> str:
    """Return SQL for the SHA-256 of a graph as the record has it."""
    return f"encode(sha256(convert_to({graph}::text, 'UTF8')), 'hex')"


_ENTRIES = f"""
    with said as (
        select e.id, l.chain_position, e.user_id, e.event_type, d.pipeline_id, d.status, d.mode,
               d.trigger, d.kept, d.version, d.graph_sha256
        from (
            {ENTRIES}
            where event_type in (
                'pipeline_adopted', 'pipeline_created', 'pipeline_deleted', 'pipeline_activated',
                'pipeline_deactivated', 'pipeline_archived', 'pipeline_restored',
                'pipeline_mode_changed', 'pipeline_published', 'pipeline_version_adopted',
                'pipeline_version_dropped')
            offset 0
        ) e
        cross join lateral jsonb_to_record(e.data) as d(
            pipeline_id uuid, status text, mode text, trigger jsonb, kept bool, version int,
            graph_sha256 text)
        {PLACES}
    ), last as (
        select distinct on (pipeline_id) * from said
        where event_type not in ('pipeline_version_adopted', 'pipeline_version_dropped')
        order by pipeline_id, {_NEWEST_FIRST}
    ), versions as (
        select * from said where event_type in ('pipeline_published', 'pipeline_version_adopted')
    )
"""  # noqa: S608

PIPELINES = RowComparison(
    standing=f"""
        {_ENTRIES}, facts as (
            select distinct on (s.pipeline_id, f.name)
                   s.pipeline_id, s.chain_position, f.name, f.value
            from said s cross join lateral (values
                ('status', to_jsonb({_STATUS})), ('mode', to_jsonb(s.mode)),
                ('published trigger', {_of_publishing(_comparable("s.trigger"))}),
                ('published version', {_of_publishing("to_jsonb(s.version)")}),
                ('published graph', {_of_publishing("to_jsonb(s.graph_sha256)")})
            ) f(name, value)
            where f.value is not null
            order by s.pipeline_id, f.name, {_NEWEST_FIRST}
        ), differing as (
            select f.chain_position, f.pipeline_id, f.name, f.value, case f.name
                       when 'status' then to_jsonb(p.status) when 'mode' then to_jsonb(p.mode)
                       when 'published version' then to_jsonb(p.version)
                       when 'published graph' then to_jsonb({_digest("g.graph")})
                       else {_comparable("p.published_trigger")} end as stored
            from facts f join pipelines p on p.id = f.pipeline_id
            left join pipeline_graphs g
              on g.id = p.published_graph_id and f.name = 'published graph'
        )
        select chain_position,
               concat('Pipeline ', pipeline_id, ' says ', name, ' ', stored, '; on record is ',
                      value, '.')
        from differing where stored is distinct from value
        union all
        select s.chain_position, concat('Version ', s.version, ' of pipeline ', s.pipeline_id,
            case when v.version is null then ' is gone, and no entry says that it was dropped.'
                 when d.version is not null then ' was dropped, and is there.'
                 when {_digest("g.graph")} is distinct from s.graph_sha256
                     then ' has another graph than on record.'
                 else ' has another trigger than on record.' end)
        from versions s
        join pipelines p on p.id = s.pipeline_id
        left join pipeline_versions v on v.pipeline_id = s.pipeline_id and v.version = s.version
        left join pipeline_graphs g on g.id = v.graph_id
        left join said d on d.event_type = 'pipeline_version_dropped'
          and d.pipeline_id = s.pipeline_id and d.version = s.version
        where case when v.version is null or d.version is not null
              then (v.version is null) = (d.version is null)
              else (not (v.version = p.version and v.graph_id = p.published_graph_id)
                    and {_digest("g.graph")} is distinct from s.graph_sha256)
                or {_comparable("v.trigger")} is distinct from {_comparable("s.trigger")} end
        union all
        select l.chain_position, concat('Pipeline ', l.pipeline_id, case
            when p.id is null and l.kept
                then ' was deleted and kept for its history, and is gone.'
            when p.id is null then ' is gone, and no entry says that it was deleted.'
            when l.event_type = 'pipeline_deleted' and l.kept
                then ' was deleted and kept for its history, and is there as if it were not.'
            when l.event_type = 'pipeline_deleted' then ' was deleted, and is there.'
            when p.deleted_at is not null
                then ' says that it was deleted, and no entry says so.'
            else concat(' says that it is of ', p.user_id, '; on record is ', l.user_id, '.') end)
        from last l left join pipelines p on p.id = l.pipeline_id
        where (l.event_type = 'pipeline_deleted' and l.kept is not true) = (p.id is not null)
           or p.id is not null and (l.event_type = 'pipeline_deleted') = (p.deleted_at is null)
           or p.user_id <> l.user_id
        order by 1, 2
    """,  # noqa: S608
    unrecorded=f"""
        {_ENTRIES}
        select concat('Pipeline ', p.id, ' of ', p.user_id, ' is not on record.')
        from pipelines p
        where not exists (
            select from said s where s.pipeline_id = p.id
              and s.event_type in ('pipeline_adopted', 'pipeline_created'))
        union all
        select concat('Version ', v.version, ' of pipeline ', v.pipeline_id, ' is not on record.')
        from pipeline_versions v
        where not exists (
            select from versions s where s.pipeline_id = v.pipeline_id and s.version = v.version)
        union all
        select concat('What is published of pipeline ', p.id, ' is not on record.')
        from pipelines p
        where p.published_graph_id is not null and not exists (
            select from said s where s.pipeline_id = p.id
              and s.event_type = 'pipeline_published')
          and exists (
            select from said s where s.pipeline_id = p.id
              and s.event_type in ('pipeline_adopted', 'pipeline_created'))
        order by 1 limit 20
    """,  # noqa: S608
)
