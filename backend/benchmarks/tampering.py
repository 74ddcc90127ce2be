"""What can be done to a record by the owner of its database."""
# ruff: noqa: S608  statements are put together from constants and figures

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import psycopg
from psycopg import AsyncConnection

from kuber.audit import statements
from kuber.audit.chain import Damage, entry_hash
from kuber.audit.entries import audit_json
from kuber.audit.keys import KeyFile
from kuber.audit.linker import Linker
from kuber.audit.outside import OutsideFiles
from kuber.audit.types import AuditEvent, AuditEventType
from kuber.kernel.clock import SystemClock
from kuber.kernel.ids import new_id

CLOCK = SystemClock()
_APART = 7
"""Places between two that are swapped."""
_STRETCH = 50


@dataclass(frozen=True, slots=True)
class Chain:
    """A linked record of `entries` places, and the folder of its checkpoints."""

    url: str
    folder: Path
    entries: int

    @property
    def place(self) -> int:
        """Where it is tampered with; no order stands there."""
        return self.entries * 3 // 5 + 17

    def execute(self, *commands: str) -> None:
        """Run SQL with the triggers off that guard against mistakes."""
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute("set session_replication_role = replica")
            for one in commands:
                connection.execute(one.encode())


@dataclass(frozen=True, slots=True)
class Expected:
    """What the first finding is: kind and place by verify, kind by the verifier of exports.

    done: the place that was tampered with, for people; exported: None where an export does not
    hold what was changed.
    """

    done: str
    place: int | None
    kind: str
    exported: str | None


@dataclass(frozen=True, slots=True)
class Case:
    """One kind of tampering; `tamper` does it and returns what has to be found."""

    name: str
    tamper: Callable[[Chain], Expected]


_FAR = 10**12
"""Behind every place that there is."""


def _at(chain: Chain, damage: Damage, exported: str | None = None) -> Expected:
    place = chain.place
    return Expected(str(place), place, damage, exported or damage)


def _entry_of(place: int) -> str:
    return f"(select entry_id from audit_links where chain_position = {place})"


def _flip(assignment: str, chain: Chain) -> Expected:
    chain.execute(f"update audit_entries set {assignment} where id = {_entry_of(chain.place)}")
    return _at(chain, Damage.ENTRY_CHANGED)


def _delete_entry(chain: Chain) -> Expected:
    chain.execute(f"delete from audit_entries where id = {_entry_of(chain.place)}")
    return _at(chain, Damage.ENTRY_MISSING)


def _delete_link(chain: Chain) -> Expected:
    chain.execute(f"delete from audit_links where chain_position = {chain.place}")
    return _at(chain, Damage.POSITION_MISSING, "missing")


def _cut(chain: Chain) -> Expected:
    place = chain.place
    chain.execute(
        "delete from audit_entries where id in"
        f" (select entry_id from audit_links where chain_position >= {place})",
        f"delete from audit_links where chain_position >= {place}",
        f"delete from audit_checkpoints where chain_position >= {place}",
    )
    return _at(chain, Damage.CUT_OR_RESTORED, "cut")


def _insert_unlinked(chain: Chain) -> Expected:
    chain.execute(
        "insert into audit_entries (event_id, correlation_id, event_type, at, data)"
        " values (gen_random_uuid(), 'x', 'budget_changed', now(), '{}')"
    )
    return Expected("no place", None, Damage.NEVER_LINKED, None)


def _insert_linked(chain: Chain) -> Expected:
    """Put a forged entry, hashed rightly, between two; those behind it move on by one."""
    place = chain.place
    (own,) = audit_json([_event({"per_run": "1000000"})])
    with psycopg.connect(chain.url, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        query = "select hash from audit_links where chain_position = %s"
        ((before,),) = connection.execute(query, (place - 1,)).fetchall()
        for step, first in ((_FAR, place), (1 - _FAR, _FAR)):  # two steps: no place twice
            connection.execute(
                "update audit_links set chain_position = chain_position + %s"
                " where chain_position >= %s",
                (step, first),
            )
        ((entry_id, middle, end),) = connection.execute(statements.OWN.encode(), own).fetchall()
        link = ([place], [entry_id], [entry_hash(place, before, middle, end)], [before])
        connection.execute(statements.LINK.encode(), link)
    return _at(chain, Damage.LINK_CHANGED)


def _moved(columns: Sequence[str], places: Sequence[int], chain: Chain) -> Expected:
    """Put into each place's columns what stands at the next one of `places`."""
    pairs = zip(places, [*places[1:], places[0]], strict=True)
    values = ", ".join(f"({here}, {there})" for here, there in pairs)
    chain.execute(
        "create table kept as select * from audit_links",
        "create index on kept (chain_position)",
        "drop index uq_audit_links_entry_id",
        f"update audit_links l set {', '.join(f'{one} = k.{one}' for one in columns)}"
        f" from (values {values}) as m(here, there) join kept k on k.chain_position = m.there"
        " where l.chain_position = m.here",
        "create unique index uq_audit_links_entry_id on audit_links (entry_id)",
    )
    place, last = min(places), max(places)
    return Expected(f"{place} and on to {last}", place, Damage.REORDERED, "reordered")


def _swap_entries(chain: Chain) -> Expected:
    return _moved(["entry_id"], [chain.place, chain.place + _APART], chain)


def _swap_links(chain: Chain) -> Expected:
    columns = ["entry_id", "hash", "previous_hash"]
    return _moved(columns, [chain.place, chain.place + _APART], chain)


def _move_stretch(chain: Chain) -> Expected:
    columns = ["entry_id", "hash", "previous_hash"]
    return _moved(columns, range(chain.place, chain.place + _STRETCH), chain)


def _replace_whole(chain: Chain) -> Expected:
    """Link every entry anew, with a key of one's own, as nobody can tell from the database."""
    chain.execute(
        "delete from audit_links",
        "delete from audit_checkpoints",
        "delete from audit_entries where event_type = 'chain_started'",
        f"update audit_entries set data = '{{}}' where id = {chain.place}",
        "insert into audit_pending (entry_id) select id from audit_entries",
    )
    asyncio.run(_link(chain.url, chain.folder.with_name("forger")))
    return Expected("every place", 1, Damage.CUT_OR_RESTORED, "cut_or_restored")


async def _link(url: str, folder: Path) -> None:
    async with await AsyncConnection.connect(url, autocommit=True) as connection:
        linker = Linker(KeyFile(folder), partial(OutsideFiles, folder), CLOCK)
        await linker.begin(connection)
        while await linker.link(connection):
            pass


def _change_fill(chain: Chain) -> Expected:
    query = """
        select l.chain_position, e.data::jsonb ->> 'order_id'
        from audit_links l join audit_entries e on e.id = l.entry_id
        where e.event_type = 'order_adopted' and l.chain_position >= %s order by 1 limit 1
    """
    with psycopg.connect(chain.url) as connection:
        ((place, order_id),) = connection.execute(query, (chain.place,)).fetchall()
    chain.execute(f"update fills set price = price + 0.00000001 where order_id = '{order_id}'")
    return Expected(f"the fill of {place}", place, Damage.ROW_DIFFERS, None)


def _nothing(_chain: Chain) -> Expected:
    return Expected("no place", None, "nothing", "nothing")


def _event(said: dict[str, object]) -> AuditEvent:
    return AuditEvent(AuditEventType.BUDGET_CHANGED, CLOCK.now(), str(new_id()), None, said)


CASES = (
    Case("nothing", _nothing),
    Case("data flipped", partial(_flip, "data = replace(data, '.50', '.51')")),
    Case("time stamp flipped", partial(_flip, "at = at + interval '1 microsecond'")),
    Case("owner flipped", partial(_flip, "user_id = gen_random_uuid()")),
    Case("entry deleted", _delete_entry),
    Case("place deleted", _delete_link),
    Case("end cut off", _cut),
    Case("entry inserted without a place", _insert_unlinked),
    Case("forged entry inserted between two", _insert_linked),
    Case("two entries swapped", _swap_entries),
    Case("two places swapped", _swap_links),
    Case("stretch of places moved", _move_stretch),
    Case("whole chain replaced", _replace_whole),
    Case("fill changed under the chain", _change_fill),
)
