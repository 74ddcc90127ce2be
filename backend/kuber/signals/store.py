"""Records signals and what they meant, each by one statement of the caller's transaction."""

from collections.abc import Sequence
from datetime import datetime

from psycopg.types.json import Jsonb

from kuber.identity.statements import USERS
from kuber.infra.db import JsonObject, RawConnection
from kuber.pipelines.statements import OWNED
from kuber.signals.matching import Match
from kuber.signals.types import Signal

_INSERT_SIGNALS = f"""
    insert into signals (id, idempotency_key, user_id, source, signal_type, occurred_at,
                         received_at, tickers, details, extra, correlation_id)
    select s.id, s.idempotency_key, u.id, s.source, s.signal_type, s.occurred_at, %(now)s,
           s.tickers, s.details, s.extra, s.correlation_id
    from jsonb_to_recordset(%(signals)s)
      as s(id uuid, idempotency_key text, user_id uuid, source text, signal_type text,
           occurred_at timestamptz, tickers jsonb, details jsonb, extra jsonb,
           correlation_id text)
    left join ({USERS}) u on u.id = s.user_id
    where s.user_id is null or u.id is not null
    order by s.idempotency_key
    on conflict do nothing
    returning id
"""  # noqa: S608  put together from constants
_INSERT_MATCHES = f"""
    insert into signal_matches (signal_id, pipeline_id, symbol, user_id, outcome, reason, detail,
                                confidence, threshold, run_id)
    select m.signal_id, p.id, m.symbol, p.user_id, m.outcome, m.reason, m.detail, m.confidence,
           m.threshold, m.run_id
    from jsonb_to_recordset(%(matches)s)
      as m(signal_id uuid, pipeline_id uuid, symbol text, outcome text, reason text, detail text,
           confidence float, threshold float, run_id uuid)
    join ({OWNED}) p on p.id = m.pipeline_id
    on conflict do nothing
"""  # noqa: S608  put together from constants


async def record_signals(
    connection: RawConnection, signals: Sequence[Signal], now: datetime
) -> dict[object, Signal]:
    """Insert the signals that are new; return those by id."""
    values = {"signals": Jsonb([_row(signal) for signal in signals]), "now": now}
    rows = await (await connection.execute(_INSERT_SIGNALS, values)).fetchall()
    by_id = {signal.id: signal for signal in signals}
    return {row[0]: by_id[row[0]] for row in rows}


async def record_matches(connection: RawConnection, matches: Sequence[Match]) -> None:
    """Insert what signals meant for pipelines; what is on record of a pipeline and symbol stays."""
    if matches:
        rows = [_match_row(match) for match in matches]
        await connection.execute(_INSERT_MATCHES, {"matches": Jsonb(rows)})


def _row(signal: Signal) -> JsonObject:
    return {
        "id": str(signal.id),
        "idempotency_key": signal.idempotency_key,
        "user_id": str(signal.user_id) if signal.user_id else None,
        "source": signal.source,
        "signal_type": signal.signal_type,
        "occurred_at": signal.occurred_at.isoformat(),
        "tickers": [item.model_dump(mode="json") for item in signal.tickers],
        "details": signal.metadata,
        "extra": signal.extra,
        "correlation_id": signal.correlation_id,
    }


def _match_row(match: Match) -> JsonObject:
    candidate = match.candidate
    return {
        "signal_id": str(candidate.signal.id),
        "pipeline_id": str(candidate.subscriber.pipeline_id),
        "symbol": candidate.symbol,
        "outcome": match.outcome.value,
        "reason": match.reason,
        "detail": match.detail,
        "confidence": candidate.confidence,
        "threshold": candidate.threshold,
        "run_id": str(match.run_id) if match.run_id else None,
    }
