"""What is written for people becomes notices: once, grouped, as each of them likes."""

import asyncio
from datetime import timedelta

import psycopg
import pytest

from kuber.kernel.ids import UserId
from kuber.notifications import notifier as notifier_module
from kuber.notifications.notifier import ATTEMPTS, KEPT, Notifier
from kuber.notifications.preferences import choose
from kuber.notifications.schemas import KindChoice, NoticeOut
from kuber.notifications.statements import ONE_AFTER_THE_OTHER
from kuber.notifications.types import NOTICES_CHANNEL, NoticeKind
from tests.fixtures.waiting import LIMIT_S
from tests.integration.notifications.conftest import Post


async def read_all(post: Post, user: UserId, on_show: NoticeOut, *, by_time: bool = False) -> None:
    up_to, sequence = (on_show.at, None) if by_time else (None, on_show.sequence)
    async with post.database.transaction() as session:
        await post.service.mark_all_read(session, user, up_to, sequence=sequence)


async def unread(post: Post, user: UserId) -> list[NoticeOut]:
    return [one for one in await post.notices(user) if one.read_at is None]


async def test_what_was_written_with_a_rolled_back_cause_is_told_to_nobody(post: Post) -> None:
    ann = await post.user()

    async def fail() -> None:
        async with post.database.transaction() as session:
            await post.service.test_in_app(session, ann)
            raise RuntimeError("the cause did not happen")

    with pytest.raises(RuntimeError):
        await fail()
    assert await post.notifier.run_once() == 0
    assert await post.notices(ann) == []


async def test_notices_of_one_subject_are_one_until_it_is_read_or_an_hour_old(post: Post) -> None:
    ann = await post.user()
    for number in range(3):
        await post.tell(ann, number=number, message=f"No. {number}")
        await post.notifier.run_once()
        post.clock.advance(timedelta(minutes=10))
    (first,) = await post.notices(ann)
    assert (first.count, first.read_at) == (3, None)
    assert first.at - first.first_at == timedelta(minutes=20)
    assert first.text == "The last of 3 runs that failed: No. 2"
    async with post.database.transaction() as session:
        await post.service.mark_read(session, ann, first.id, read=True)
    await post.tell(ann)
    await post.notifier.run_once()
    assert [one.count for one in await post.notices(ann)] == [1, 3]
    post.clock.advance(timedelta(hours=1))
    await post.tell(ann)
    await post.notifier.run_once()
    assert [one.count for one in await post.notices(ann)] == [1, 1, 3]


async def test_alarms_are_never_grouped(post: Post) -> None:
    ann = await post.user()
    for _ in range(2):
        await post.tell(ann, NoticeKind.PIPELINE_SWITCHED_OFF)
    await post.notifier.run_once()
    assert [one.count for one in await post.notices(ann)] == [1, 1]


async def test_of_one_key_only_the_first_is_told(post: Post) -> None:
    ann, bob = await post.user(), await post.user("bob@example.com")
    for user in (ann, ann, bob):
        await post.tell(user, NoticeKind.BUDGET_EXHAUSTED, None, "budget today")
    await post.notifier.run_once()
    await post.tell(ann, NoticeKind.BUDGET_EXHAUSTED, None, "budget today")
    await post.notifier.run_once()
    assert len(await post.notices(ann)) == 1
    assert len(await post.notices(bob)) == 1


async def test_what_a_user_switched_off_is_not_shown_and_an_alarm_always_is(post: Post) -> None:
    ann, bob = await post.user(), await post.user("bob@example.com")
    choices = [KindChoice(kind=NoticeKind.RUN_FAILED, in_app=False, mail=False)]
    async with post.database.transaction() as session:
        await choose(session, ann, choices)
    await post.pool_execute(
        "insert into notice_preferences values (%s, 'pipeline_switched_off', false, false)", ann
    )
    for user in (ann, bob):
        await post.tell(user)
        await post.tell(user, NoticeKind.PIPELINE_SWITCHED_OFF)
    await post.notifier.run_once()
    assert [one.kind for one in await post.notices(ann)] == [NoticeKind.PIPELINE_SWITCHED_OFF]
    assert len(await post.notices(bob)) == 2


async def test_a_row_that_cannot_be_told_is_set_aside_and_holds_up_nothing(post: Post) -> None:
    ann = await post.user()
    await post.pool_execute(
        "insert into notice_outbox (user_id, kind, at, data)"
        " values (%s, 'unheard_of', now(), '{}')",
        ann,
    )
    await post.tell(ann)
    for _ in range(ATTEMPTS):
        assert await post.notices(ann) == []
        await post.notifier.run_once()
    assert len(await post.notices(ann)) == 1
    ((kind, attempts, refusal),) = await post.rows(
        "select kind, attempts, refusal from notice_outbox where refused_at is not null"
    )
    assert (kind, attempts, refusal) == ("unheard_of", ATTEMPTS, "unknown kind unheard_of")


@pytest.mark.parametrize(
    ("at", "data"), [("now", "[]"), ("infinity", "{}"), ("0044-01-01 BC", "{}")]
)
async def test_a_row_whose_time_or_data_is_none_is_set_aside(
    post: Post, at: str, data: str
) -> None:
    ann = await post.user()
    await post.pool_execute(
        "insert into notice_outbox (user_id, kind, at, data)"
        " values (%s, 'run_failed', %s::timestamptz, %s)",
        *(ann, at, data),
    )
    await post.tell(ann)
    for _ in range(ATTEMPTS):
        await post.notifier.run_once()
    assert len(await post.notices(ann)) == 1
    assert await post.rows("select refusal from notice_outbox") == [
        ("its time or its data is none",)
    ]


async def test_rows_of_an_account_that_was_deleted_meanwhile_are_dropped(post: Post) -> None:
    ann, bob = await post.user(), await post.user("bob@example.com")
    await post.tell(ann)
    await post.tell(bob)
    await post.pool_execute("delete from users where id = %s", ann)
    await post.notifier.run_once()
    assert len(await post.notices(bob)) == 1
    assert await post.rows("select 1 from notice_outbox") == []


async def test_notifiers_side_by_side_tell_everything_once(post: Post) -> None:
    users = [await post.user(f"u{number}@example.com") for number in range(5)]
    for number in range(100):
        await post.tell(users[number % 5], NoticeKind.ORDER_FILLED, None, number=number)
    others = [Notifier(post.pool, post.clock, mails=False) for _ in range(3)]

    async def work(one: Notifier) -> None:
        while await one.run_once():
            pass

    await asyncio.gather(*(work(one) for one in others))
    assert [len(await post.notices(user)) for user in users] == [20] * 5


async def test_a_notifier_that_dies_in_between_loses_and_doubles_nothing(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await post.user()
    await post.tell(ann, NoticeKind.ORDER_FILLED, None)

    async def die(*_: object) -> None:
        raise psycopg.OperationalError("the connection broke")

    with monkeypatch.context() as patched:
        patched.setattr(notifier_module, "_announce", die)  # the last step before the commit
        with pytest.raises(psycopg.OperationalError):
            await post.notifier.run_once()
    assert await post.notices(ann) == []
    await post.notifier.run_once()
    assert len(await post.notices(ann)) == 1


@pytest.mark.parametrize("by_time", [False, True], ids=["by sequence", "by time"])
async def test_what_could_not_be_seen_stays_unread_whatever_its_time(
    post: Post, by_time: bool
) -> None:
    ann = await post.user()
    await post.tell(ann, subject="p")
    await post.notifier.run_once()
    (seen,) = await post.notices(ann)
    post.clock.instant -= timedelta(minutes=5)
    await post.tell(ann, NoticeKind.PIPELINE_SWITCHED_OFF, None)
    await post.notifier.run_once()
    await read_all(post, ann, seen, by_time=by_time)
    assert [one.kind for one in await unread(post, ann)] == [NoticeKind.PIPELINE_SWITCHED_OFF]
    alarm = (await post.notices(ann))[-1]
    assert alarm.at < seen.at
    await read_all(post, ann, alarm)
    assert await unread(post, ann) == []


async def test_one_more_like_it_stays_unread_when_it_could_not_be_seen(post: Post) -> None:
    ann = await post.user()
    await post.tell(ann)
    await post.notifier.run_once()
    (seen,) = await post.notices(ann)
    await post.tell(ann)
    await post.notifier.run_once()
    await read_all(post, ann, seen)
    assert [one.count for one in await unread(post, ann)] == [2]


async def test_of_one_user_no_notice_is_made_beside_another(post: Post) -> None:
    """Otherwise one with a lesser number could come after one with a greater."""
    ann, ben = await post.user(), await post.user("ben@example.com")
    await post.tell(ann)
    async with post.pool.connection() as other, other.transaction():
        await other.execute(ONE_AFTER_THE_OTHER, ([ann],))
        making = asyncio.create_task(post.notifier.run_once())
        waits = "select 1 from pg_locks where locktype = 'advisory' and not granted"
        while not await post.rows(waits):
            assert not making.done()
        await post.tell(ben)
        assert await Notifier(post.pool, post.clock, mails=False).run_once() == 1
        assert (await post.notices(ann), len(await post.notices(ben))) == ([], 1)
    assert await making == 1
    assert len(await post.notices(ann)) == 1


async def test_the_users_with_something_new_are_told_of_at_the_commit(post: Post) -> None:
    ann, bob = await post.user(), await post.user("bob@example.com")
    async with await psycopg.AsyncConnection.connect(post.database.url, autocommit=True) as ears:
        await ears.execute(f"listen {NOTICES_CHANNEL}".encode())
        for user in (ann, ann, bob):
            await post.tell(user)
        await post.notifier.run_once()
        heard = [notice.payload async for notice in ears.notifies(timeout=LIMIT_S, stop_after=1)]
    assert sorted(heard[0].split()) == sorted([str(ann), str(bob)])


async def test_what_is_too_much_or_too_old_leaves_and_alarms_only_by_their_age(
    post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "KEPT_PER_USER", 2)
    ann = await post.user()
    await post.tell(ann, NoticeKind.PIPELINE_SWITCHED_OFF)
    for number in range(4):
        await post.tell(ann, NoticeKind.ORDER_FILLED, None, symbol=f"S{number}", quantity="1")
        post.clock.advance(timedelta(seconds=1))
    await post.notifier.run_once()
    post.clock.advance(timedelta(minutes=1))
    async with await psycopg.AsyncConnection.connect(post.database.url, autocommit=True) as ears:
        await ears.execute(f"listen {NOTICES_CHANNEL}".encode())
        await post.notifier.tidy()
        heard = [notice.payload async for notice in ears.notifies(timeout=LIMIT_S, stop_after=1)]
    assert heard == [str(ann)], "the count of unread ones has changed"
    titles = [one.title for one in await post.notices(ann)]
    assert [title.split()[2] for title in titles[:2]] == ["S3", "S2"]
    assert titles[2:] == ["A pipeline was switched off"]
    post.clock.advance(KEPT)
    await post.notifier.tidy()
    assert await post.notices(ann) == []
