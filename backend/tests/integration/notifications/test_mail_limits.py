"""How many mails a user gets in an hour, and which go first."""

import asyncio
from datetime import timedelta

import pytest

from kuber.kernel.ids import UserId
from kuber.notifications import mailer as mailer_module
from kuber.notifications import notifier as notifier_module
from kuber.notifications import statements
from kuber.notifications.mail import Letter
from kuber.notifications.mailer import Mailer
from kuber.notifications.types import NoticeKind
from tests.fixtures.waiting import until_async
from tests.integration.notifications.conftest import ADDRESS, CODES, Office, Post

ALARM = NoticeKind.PIPELINE_SWITCHED_OFF


class HeldSender:
    """Sends once it is let."""

    def __init__(self) -> None:
        self.let = asyncio.Event()
        self.asked = asyncio.Event()

    async def send(self, letter: Letter) -> None:
        self.asked.set()
        await self.let.wait()


@pytest.fixture
def limit(monkeypatch: pytest.MonkeyPatch) -> int:
    """Two notices and two alarms an hour."""
    monkeypatch.setattr(mailer_module, "MAILS_PER_HOUR", 2)
    return 2


async def told(
    post: Post, user: UserId, *subjects: str, kind: NoticeKind = NoticeKind.RUN_FAILED
) -> None:
    """Tell the user of each subject, and have the mails written."""
    for subject in subjects:
        await post.tell(user, kind, subject, pipeline_name=subject)
        await post.notifier.run_once()


async def work_off(mailer: Mailer) -> int:
    """Have mails sent until none may be sent; return how many were tried."""
    tried = 0
    while now := await mailer.run_once():
        tried += now
    return tried


def subjects(office: Office) -> list[str]:
    return [str(letter["Subject"]).split()[0] for letter in office.server.mails]


async def reader(post: Post, email: str = ADDRESS) -> UserId:
    """Return a user with a confirmed address."""
    user = await post.user(email)
    await post.confirm(user, email)
    return user


async def test_alarms_and_what_was_asked_for_go_before_ordinary_mails(
    post: Post, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailer_module, "AT_ONCE", 1)
    ann, bob = await reader(post), await reader(post, "bob@example.com")
    await told(post, ann, "p0", "p1", "p2")
    post.clock.advance(timedelta(minutes=1))
    await told(post, bob, "alarm", kind=ALARM)
    await told(post, ann, "alarm", kind=ALARM)
    async with post.database.transaction() as session:
        await office.channels.test_mail(session, ann, ADDRESS)
    assert await work_off(office.mailer) == 6
    assert subjects(office) == ["alarm", "alarm", "This", "p0", "p1", "p2"]


async def test_an_alarm_does_not_wait_for_the_limit_of_ordinary_mails(
    post: Post, office: Office, limit: int
) -> None:
    ann = await reader(post)
    await told(post, ann, *(f"p{number}" for number in range(10)))
    assert await work_off(office.mailer) == limit
    await told(post, ann, "alarm", kind=ALARM)
    assert await work_off(office.mailer) == 1
    assert sorted(subjects(office)) == ["alarm", "p0", "p1"]


async def test_a_flood_of_alarms_has_a_limit_of_its_own_and_holds_up_nothing_else(
    post: Post, office: Office, limit: int
) -> None:
    ann, bob = await reader(post), await reader(post, "bob@example.com")
    await told(post, ann, *(f"a{number}" for number in range(10)), kind=ALARM)
    await told(post, ann, "p0", "p1", "p2")
    await told(post, bob, "bob", kind=ALARM)
    async with post.database.transaction() as session:
        await office.channels.test_mail(session, ann, ADDRESS)
    assert await work_off(office.mailer) == 2 * limit + 2
    assert sorted(subjects(office)) == ["This", "a0", "a1", "bob", "p0", "p1"]
    post.clock.advance(timedelta(hours=1))
    assert await work_off(office.mailer) == limit + 1
    assert sorted(subjects(office)[-3:]) == ["a2", "a3", "p2"]


async def test_what_was_asked_for_takes_nothing_from_the_notices(
    post: Post, office: Office, limit: int
) -> None:
    ann = await reader(post)
    for _ in range(limit + 1):
        async with post.database.transaction() as session:
            await office.channels.test_mail(session, ann, ADDRESS)
    assert await work_off(office.mailer) == limit + 1
    await told(post, ann, "p0", "p1")
    assert await work_off(office.mailer) == limit


async def test_what_waits_for_the_limit_says_so_and_was_not_tried(
    post: Post, office: Office, limit: int
) -> None:
    ann = await reader(post)
    await told(post, ann, "p0", "p1", "p2", "p3")
    assert await work_off(office.mailer) == limit
    waiting = (await office.deliveries(ann))[0]
    assert (waiting.state, waiting.attempts) == ("waiting", 0)
    assert waiting.error == "2 mails went out within an hour: this one waits."
    assert waiting.next_attempt_at == post.clock.now() + timedelta(minutes=10)
    for _ in range(5):
        post.clock.advance(timedelta(minutes=10))
        assert await office.mailer.run_once() == 0
    post.clock.advance(timedelta(minutes=10))
    assert await work_off(office.mailer) == limit
    assert (await office.deliveries(ann))[0] == waiting.model_copy(
        update={
            "state": "sent",
            "attempts": 1,
            "error": None,
            "next_attempt_at": None,
            "finished_at": post.clock.now(),
        }
    )


async def test_mails_that_are_read_side_by_side_count_each_other(
    post: Post, office: Office, limit: int
) -> None:
    ann = await reader(post)
    await told(post, ann, *(f"p{number}" for number in range(6)))
    assert await office.mailer.run_once() == limit
    assert len(office.server.mails) == limit


async def test_mails_that_others_are_sending_count(
    post: Post, office: Office, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mailer_module, "AT_ONCE", 1)
    held = HeldSender()
    other = Mailer(post.pool, post.clock, held, CODES, "http://x")
    ann = await reader(post)
    await told(post, ann, "p0")
    sending = asyncio.create_task(other.run_once())
    await held.asked.wait()
    await told(post, ann, "p1", "p2")
    assert await work_off(office.mailer) == limit - 1
    held.let.set()
    assert await sending == 1
    assert await work_off(office.mailer) == 0


async def test_one_mailer_claims_after_the_other(post: Post, office: Office, limit: int) -> None:
    ann = await reader(post)
    await told(post, ann, "p0", "p1", "p2", "p3")
    later = [one.id for one in await office.deliveries(ann)][:limit]
    waiting = """
        select count(*) from pg_locks
        where locktype = 'advisory' and not granted
          and database = (select oid from pg_database where datname = current_database())
    """

    async with post.pool.connection() as other, other.transaction():
        await other.execute(statements.ONE_CLAIMS)
        await other.execute(
            "update notice_deliveries set attempts = 1, next_attempt_at = %s where id = any(%s)",
            (post.clock.now() + timedelta(minutes=3), later),
        )
        claiming = asyncio.create_task(office.mailer.run_once())

        async def waits_or_has_claimed() -> bool:
            return claiming.done() or await post.rows(waiting) != [(0,)]

        await until_async(waits_or_has_claimed, "the other mailer to wait for its turn")
    assert await claiming == 0


async def test_the_claims_of_a_mailer_that_died_count_until_they_may_be_made_again(
    post: Post, office: Office, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await reader(post)
    await told(post, ann, "p0", "p1", "p2")

    async def die(*_: object) -> None:
        raise RuntimeError("killed after the claim")

    with monkeypatch.context() as patched:
        patched.setattr(Mailer, "_letter", die)
        with pytest.raises(RuntimeError):
            await office.mailer.run_once()
    assert await office.mailer.run_once() == 0
    post.clock.advance(timedelta(minutes=3))
    assert await office.mailer.run_once() == limit
    assert sorted(subjects(office)) == ["p0", "p1"]


async def test_a_mail_that_failed_leaves_its_place_to_others(
    post: Post, office: Office, limit: int
) -> None:
    ann = await reader(post)
    office.server.recipient = "451 come back later"
    await told(post, ann, "p0", "p1")
    assert await office.mailer.run_once() == limit
    office.server.recipient = "250 OK"
    await told(post, ann, "p2", "p3")
    assert await office.mailer.run_once() == limit
    assert sorted(subjects(office)) == ["p2", "p3"]
    post.clock.advance(timedelta(minutes=1))
    assert await office.mailer.run_once() == 0


async def test_a_mail_counts_although_its_notice_is_one_too_many(
    post: Post, office: Office, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "KEPT_PER_USER", 2)
    ann = await reader(post)
    await told(post, ann, "p0", "p1")
    assert await work_off(office.mailer) == limit
    post.clock.advance(timedelta(minutes=2))
    await told(post, ann, "p2", "p3")
    await post.notifier.tidy()
    assert await work_off(office.mailer) == 0
    post.clock.advance(timedelta(hours=1))
    await told(post, ann, "p4")
    await post.notifier.tidy()
    assert await post.rows("select count(*) from notices") == [(2,)]


async def test_a_mail_that_is_being_sent_counts_although_its_notice_is_one_too_many(
    post: Post, office: Office, limit: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(notifier_module, "KEPT_PER_USER", 2)
    ann = await reader(post)
    held = HeldSender()
    other = Mailer(post.pool, post.clock, held, CODES, "http://x")
    await told(post, ann, "p0", "p1")
    sending = asyncio.create_task(other.run_once())
    await held.asked.wait()
    post.clock.advance(timedelta(minutes=2))
    await told(post, ann, "p2", "p3")
    await post.notifier.tidy()
    assert await work_off(office.mailer) == 0
    held.let.set()
    assert await sending == limit
    assert await work_off(office.mailer) == 0


@pytest.mark.parametrize("late", [timedelta(hours=12), timedelta(days=4)])
async def test_what_is_told_when_it_is_no_news_any_more_is_not_mailed(
    post: Post, office: Office, late: timedelta
) -> None:
    ann = await reader(post)
    await post.tell(ann, NoticeKind.BUDGET_EXHAUSTED, None)
    post.clock.advance(late)
    await post.notifier.run_once()
    assert len(await post.notices(ann)) == 1
    assert await office.deliveries(ann) == []


async def test_a_mail_expires_by_when_it_happened_and_not_by_when_it_was_told(
    post: Post, office: Office
) -> None:
    ann = await reader(post)
    office.server.recipient = "451 come back later"
    await post.tell(ann, NoticeKind.BUDGET_EXHAUSTED, None)
    post.clock.advance(timedelta(hours=11))
    await post.notifier.run_once()
    await office.mailer.run_once()
    post.clock.advance(timedelta(hours=1))
    assert await office.mailer.run_once() == 0
    assert (await office.deliveries(ann))[0].state == "expired"


async def test_a_mail_that_is_being_sent_does_not_expire(post: Post, office: Office) -> None:
    ann = await reader(post)
    held = HeldSender()
    other = Mailer(post.pool, post.clock, held, CODES, "http://x")
    await post.tell(ann, NoticeKind.BUDGET_EXHAUSTED, None)
    post.clock.advance(timedelta(hours=12, minutes=-1))
    await post.notifier.run_once()
    sending = asyncio.create_task(other.run_once())
    await held.asked.wait()
    post.clock.advance(timedelta(minutes=2))
    assert await office.mailer.run_once() == 0
    held.let.set()
    assert await sending == 1
    assert (await office.deliveries(ann))[0].state == "sent"
