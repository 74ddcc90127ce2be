"""Accounts that were changed under an intact chain are found, and honest ones are not."""

from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from kuber.audit.chain import Damage
from kuber.infra.db import Database
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import UserId
from kuber.trading.accounts.schemas import AccountChange, AccountCreate, SimulationBody
from kuber.trading.accounts.service import AccountService
from tests.integration.audit.test_rows_compared import found

ANN, BOB = UserId(UUID(int=1)), UserId(UUID(int=2))
REPLACED, CHANGED = "kind = 'lasting' and status = 'reset'", "name = 'Changed'"


@pytest.fixture
async def site(database: Database) -> str:
    """An account that was reset, one that was changed, one that was only opened, and a run's."""
    with psycopg.connect(database.url, autocommit=True) as connection:
        for user in (ANN, BOB):
            connection.execute(
                "insert into users (id, email, password_hash, role, tier, created_at)"
                " values (%s, %s, '', 'user', 'FREE', now())",
                (user, f"{user.int}@example.com"),
            )
        connection.execute(
            "insert into accounts (id, user_id, mode, currency) values (gen_random_uuid(), %s,"
            " 'simulation', 'USD')",
            (ANN,),
        )
    service = AccountService(SystemClock())
    async with database.transaction() as session:
        await service.ensure_first(session, ANN)
        (first,) = (await service.page(session, ANN)).items
        await service.reset(session, ANN, first.id)
        made = await service.open(session, ANN, AccountCreate(name="More"))
        options = SimulationBody.model_validate({"slippage": "0.002", "seed": 7})
        change = AccountChange(name="Changed", simulation=options)
        await service.change(session, ANN, made.id, change)
    return database.url


@pytest.mark.parametrize(
    ("change", "undo"),
    [
        (f"user_id = '{BOB}' where {CHANGED}", f"user_id = '{ANN}' where {CHANGED}"),
        (f"currency = 'EUR' where {CHANGED}", f"currency = 'USD' where {CHANGED}"),
        (
            f'simulation = simulation || \'{{"slippage": "0"}}\' where {CHANGED}',
            f'simulation = simulation || \'{{"slippage": "0.002"}}\' where {CHANGED}',
        ),
        (
            f"simulation = simulation || '{{\"seed\": 8}}' where {CHANGED}",
            f"simulation = simulation || '{{\"seed\": 7}}' where {CHANGED}",
        ),
        (
            f"status = 'open', replaced_by = null, name = 'Again' where {REPLACED}",
            (
                "status = 'reset', replaced_by = (select id from accounts where kind = 'lasting'"
                " and name = 'Simulation') where name = 'Again'"
            ),
        ),
        (
            f"status = 'reset', replaced_by = id where {CHANGED}",
            f"status = 'open', replaced_by = null where {CHANGED}",
        ),
    ],
    ids=["owner", "currency", "an option", "the seed", "open again", "reset by hand"],
)
async def test_a_changed_account_is_found(
    site: str, tmp_path: Path, change: str, undo: str
) -> None:
    assert await found(site, tmp_path) == []
    with psycopg.connect(site, autocommit=True) as connection:
        assert connection.execute(f"update accounts set {change}".encode()).rowcount == 1
        assert await found(site, tmp_path) == [(Damage.ROW_DIFFERS, True)]
        connection.execute(f"update accounts set {undo}".encode())
        assert await found(site, tmp_path) == []


async def test_kind_and_mode_that_were_changed_are_found(site: str, tmp_path: Path) -> None:
    with psycopg.connect(site, autocommit=True) as connection:
        connection.execute(
            f"update accounts set kind = 'scratch', simulation = null where {CHANGED}".encode()
        )
        assert await found(site, tmp_path) == [(Damage.ROW_DIFFERS, True)] * 2
    with psycopg.connect(site, autocommit=True) as connection:
        connection.execute(
            f"update accounts set kind = 'lasting', mode = 'live' where {CHANGED}".encode()
        )
        assert await found(site, tmp_path) == [(Damage.ROW_DIFFERS, True)] * 2


async def test_an_account_more_or_less_is_found(site: str, tmp_path: Path) -> None:
    with psycopg.connect(site, autocommit=True) as connection:
        connection.execute(
            "insert into accounts (id, user_id, mode, currency, kind, simulation)"
            " values (gen_random_uuid(), %s, 'simulation', 'USD', 'lasting', '{}')",
            (BOB,),
        )
        assert await found(site, tmp_path) == [(Damage.ROW_UNRECORDED, False)]
        connection.execute("delete from accounts where user_id = %s", (BOB,))
        connection.execute(f"delete from accounts where {CHANGED}".encode())
        assert await found(site, tmp_path) == [(Damage.ROW_DIFFERS, True)]


async def test_an_account_that_waits_for_its_place_is_on_record(
    site: str, tmp_path: Path, database: Database
) -> None:
    assert await found(site, tmp_path) == []
    async with database.transaction() as session:
        await AccountService(SystemClock()).ensure_first(session, BOB)
    from kuber.api.verification import verify_record

    assert verify_record(site, str(tmp_path), None).findings == []
