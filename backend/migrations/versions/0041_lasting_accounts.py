"""Accounts that last: each user has one for simulation, with its opening deposit on the ledger.

What is new in `accounts` has defaults, so that runs of the version before go on opening theirs.
Whatever is computed is computed before that table is locked. Accounts that were lasting before a
downgrade are so again, as the record says.

Revision ID: 0041
Revises: 0040
"""

from uuid import UUID, uuid5

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from kuber.audit.canonical import canonical
from kuber.kernel.ids import new_id

revision = "0041"
down_revision = "0040"
branch_labels = None
depends_on = None

_BATCH = 1000
_IDS = UUID("1b6a4b1c-0a7e-4d0f-8f4e-6f2f1c9d5b30")
_SIMULATION = {
    "behaviour": "realistic",
    "slippage": "0.001",
    "commission": "0.005",
    "partial_fills": "0.2",
    "rejections": "0.05",
    "starting_balance": "100000",
    "seed": None,
}
_ON_RECORD = """
    select distinct on (account_id) e.user_id, (e.data::jsonb ->> 'account_id')::uuid as account_id,
           e.data::jsonb -> 'simulation' as simulation,
           (e.data::jsonb ->> 'replaced_by')::uuid as replaced_by
    from audit_entries e join users u on u.id = e.user_id
    where e.event_type in ({}) order by account_id, e.id desc
"""
_OPTIONS = _ON_RECORD.format("'account_opened', 'account_changed'")
_ENDED = _ON_RECORD.format("'account_reset'")
_KNOWN = sa.text(f"select user_id, account_id from ({_OPTIONS}) s")  # noqa: S608
_STRANGERS = sa.text(f"""
    select id from users where id not in (select user_id from ({_OPTIONS}) s)
    order by created_at, id
""")  # noqa: S608
_NEW = sa.text("""
    insert into new_accounts (id, user_id, opening, said)
    select id, user_id, opening, said from jsonb_to_recordset(cast(:rows as jsonb))
      as n(id uuid, user_id uuid, opening uuid, said text)
""").bindparams(sa.bindparam("rows", type_=postgresql.JSONB()))
_POSTED = (
    # What is on the ledger already is not posted again.
    "delete from new_accounts n using ledger_transactions t where t.id = n.opening",
    """
    insert into ledger_transactions (id, book, owner, currency, at, kind, memo, fact)
    select opening, 'trading', id, 'USD', now(), 'deposit', 'Starting balance',
           '{"amount": "100000"}'
    from new_accounts order by id
    """,
    """
    insert into ledger_transfers (transaction_id, number, book, kind, state, debit, credit, amount,
                                  unit)
    select opening, 1, 'trading', 'deposit', 'posted', 'cash', 'deposits', 100000, 'USD'
    from new_accounts
    """,
    """
    insert into ledger_accounts (owner, book, path, unit, balance)
    select n.id, 'trading', b.path, 'USD', b.balance
    from new_accounts n
    cross join (values ('cash', 100000), ('deposits', -100000)) as b(path, balance)
    """,
    """
    with added as (
        insert into audit_entries (event_id, correlation_id, event_type, at, data, user_id)
        select gen_random_uuid(), 'migration-0041', 'account_opened', now(), said, user_id
        from new_accounts where said is not null order by id
        returning id
    )
    insert into audit_pending (entry_id) select id from added
    """,
)
_OPENED = f"""
    insert into accounts as a (id, user_id, mode, currency, created_at, name, kind, status,
                               simulation, replaced_by)
    select o.account_id, o.user_id, 'simulation', 'USD', now(), 'Simulation', 'lasting',
           case when e.account_id is null then 'open' else 'reset' end, o.simulation, e.replaced_by
    from ({_OPTIONS}) o left join ({_ENDED}) e on e.account_id = o.account_id
    on conflict (id) do update set name = excluded.name, kind = excluded.kind,
        status = excluded.status, simulation = excluded.simulation,
        replaced_by = excluded.replaced_by
"""  # noqa: S608
_CHECKS = {
    "kind": "kind in ('lasting', 'scratch')",
    "status": "status in ('open', 'reset')",
    "replaced": "(status = 'reset') = (replaced_by is not null)",
    "scratch_stays_open": "kind = 'lasting' or status = 'open'",
    "simulation": "(kind = 'lasting' and mode = 'simulation') = (simulation is not null)",
}


def upgrade() -> None:
    _say_who_gets_one()
    for statement in _POSTED:
        op.execute(statement)
    op.create_table(
        "ledger_checks",
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("differences", sa.Integer(), nullable=True),
        sa.PrimaryKeyConstraint("day", name=op.f("pk_ledger_checks")),
    )
    _let_accounts_grow()
    op.execute(_OPENED)
    op.execute("drop table new_accounts")


def _say_who_gets_one() -> None:
    op.execute("""
        create temporary table new_accounts (
            id uuid not null, user_id uuid not null, opening uuid not null, said text)
    """)
    connection = op.get_bind()
    rows = [_row(user_id, id_, None) for user_id, id_ in connection.execute(_KNOWN)]
    rows += [_newcomer(user_id) for user_id in connection.scalars(_STRANGERS)]
    for start in range(0, len(rows), _BATCH):
        connection.execute(_NEW, {"rows": rows[start : start + _BATCH]})


def _newcomer(user_id: UUID) -> dict[str, str | None]:
    id_ = new_id()
    said = {
        "account_id": id_,
        "kind": "lasting",
        "mode": "simulation",
        "currency": "USD",
        "simulation": _SIMULATION,
    }
    return _row(user_id, id_, canonical(said))


def _row(user_id: UUID, id_: UUID, said: str | None) -> dict[str, str | None]:
    opening = uuid5(_IDS, f"opening/{id_}")
    return {"id": str(id_), "user_id": str(user_id), "opening": str(opening), "said": said}


def _let_accounts_grow() -> None:
    for column in (
        sa.Column("name", sa.String(length=120), server_default="", nullable=False),
        sa.Column("kind", sa.String(length=8), server_default="scratch", nullable=False),
        sa.Column("status", sa.String(length=8), server_default="open", nullable=False),
        sa.Column("simulation", postgresql.JSONB(), nullable=True),
        sa.Column("replaced_by", sa.Uuid(), nullable=True),
    ):
        op.add_column("accounts", column)
    op.create_foreign_key(
        op.f("fk_accounts_replaced_by_accounts"), "accounts", "accounts", ["replaced_by"], ["id"]
    )
    op.create_index("uq_accounts_replaced_by", "accounts", ["replaced_by"], unique=True)
    op.create_index(
        "ix_accounts_lasting",
        "accounts",
        ["user_id", "created_at", "id"],
        postgresql_where=sa.text("kind = 'lasting'"),
    )
    for name, condition in _CHECKS.items():
        op.create_check_constraint(op.f(f"ck_accounts_{name}"), "accounts", condition)


def downgrade() -> None:
    """Lasting accounts become plain ones: what was posted and recorded of them stays."""
    op.drop_table("ledger_checks")
    op.drop_index("ix_accounts_lasting", "accounts")
    op.drop_index("uq_accounts_replaced_by", "accounts")
    for name in _CHECKS:
        op.drop_constraint(op.f(f"ck_accounts_{name}"), "accounts")
    op.drop_constraint(op.f("fk_accounts_replaced_by_accounts"), "accounts")
    for column in ("replaced_by", "simulation", "status", "kind", "name"):
        op.drop_column("accounts", column)
