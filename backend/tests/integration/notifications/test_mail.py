"""Mail: tried again, never in the way of notices."""

import asyncio
from datetime import timedelta

import pytest

from kuber.notifications import mail
from kuber.notifications import mailer as mailer_module
from kuber.notifications.channels import Channels
from kuber.notifications.errors import ChannelNotReady
from kuber.notifications.mail import SmtpSender
from kuber.notifications.mailer import Mailer
from kuber.notifications.notifier import Notifier
from kuber.notifications.preferences import choose
from kuber.notifications.schemas import KindChoice
from kuber.notifications.types import NoticeKind
from kuber.workers.notifier import NotifierService
from tests.fakes.smtp_server import text_of
from tests.fixtures.waiting import until_async
from tests.integration.notifications.conftest import ADDRESS, CODES, Office, Post


async def test_an_address_that_is_refused_for_good_is_not_tried_again(
    post: Post, office: Office
) -> None:
    ann = await post.user()
    await post.confirm(ann)
    office.server.recipient = "550 5.1.1 no such mailbox"
    await post.tell(ann)
    await post.notifier.run_once()
    await office.mailer.run_once()
    (delivery,) = await office.deliveries(ann)
    assert (delivery.state, delivery.attempts, delivery.next_attempt_at) == ("failed", 1, None)
    assert "no such mailbox" in str(delivery.error)


@pytest.mark.parametrize("trouble", ["greylisted", "refused content", "nobody there"])
async def test_what_may_pass_is_tried_again_later_until_it_is_too_old(
    post: Post, office: Office, trouble: str
) -> None:
    ann = await post.user()
    await post.confirm(ann)
    if trouble == "greylisted":
        office.server.recipient = "451 4.7.1 come back later"
    elif trouble == "refused content":
        office.server.content = "452 4.3.1 no room"
    else:
        sender = SmtpSender("smtp://127.0.0.1:1", "kuber@example.com")
        office.mailer = Mailer(post.pool, post.clock, sender, CODES, "http://x")
    await post.tell(ann)
    await post.notifier.run_once()
    await office.mailer.run_once()
    (delivery,) = await office.deliveries(ann)
    assert (delivery.state, delivery.attempts) == ("waiting", 1)
    assert delivery.error
    assert delivery.next_attempt_at == post.clock.now() + timedelta(minutes=1)
    assert await office.mailer.run_once() == 0
    tried = 1
    while (delivery := (await office.deliveries(ann))[0]).state == "waiting":
        assert delivery.next_attempt_at is not None
        post.clock.advance(delivery.next_attempt_at - post.clock.now())
        tried += await office.mailer.run_once()
    assert (delivery.state, delivery.attempts) == ("expired", tried)
    assert 5 < tried < 12
    assert office.server.mails == []


async def test_a_mail_server_that_hangs_holds_up_no_notice(
    post: Post, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mail, "SEND_WITHIN_S", 1.0)
    ann = await post.user()
    await post.confirm(ann)
    office.server.hangs = True
    service = NotifierService(post.notifier, office.mailer)

    def office_called() -> bool:
        return office.server.calls > 0

    async def two_notices() -> bool:
        return len(await post.notices(ann)) == 2

    async def first_given_up() -> bool:
        return (await office.deliveries(ann))[-1].error is not None

    running = asyncio.create_task(service.run())
    try:
        await post.tell(ann)
        await until_async(office_called, "the first call of the mail server")
        await post.tell(ann, subject="q")
        await until_async(two_notices, "the second notice")
        assert office.server.mails == []
        await until_async(first_given_up, "the end of the first attempt")
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    first = (await office.deliveries(ann))[-1]
    assert (first.state, first.error) == ("waiting", "The mail server did not answer within 1 s.")


async def test_two_mailers_send_a_mail_once_and_one_that_died_is_made_up_for(
    post: Post, office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    ann = await post.user()
    await post.confirm(ann)
    for number in range(6):
        await post.tell(ann, subject=f"p{number}")
    await post.notifier.run_once()
    while sum(await asyncio.gather(office.mailer.run_once(), office.mailer.run_once())):
        pass
    assert len(office.server.mails) == 6
    await post.tell(ann, subject="q")
    await post.notifier.run_once()

    async def die(*_: object) -> None:
        raise RuntimeError("killed after the claim")

    with monkeypatch.context() as patched:
        patched.setattr(Mailer, "_letter", die)
        with pytest.raises(RuntimeError):
            await office.mailer.run_once()
    assert await office.mailer.run_once() == 0
    post.clock.advance(timedelta(minutes=3))
    await office.mailer.run_once()
    assert len(office.server.mails) == 7


async def test_one_whose_mail_server_hangs_holds_up_no_other(post: Post, office: Office) -> None:
    ann, bob = await post.user(), await post.user("bob@example.com")
    await post.confirm(ann)
    await post.confirm(bob, "bob@example.org")
    hanging = asyncio.Event()
    begun = 0

    class Hanging:
        async def send(self, letter: mail.Letter) -> None:
            nonlocal begun
            if letter.address == ADDRESS:
                begun += 1
                await hanging.wait()

    mailer = Mailer(post.pool, post.clock, Hanging(), CODES, "http://x")
    for number in range(mailer_module.AT_ONCE):
        await post.tell(ann, subject=f"p{number}")
    await post.notifier.run_once()
    slots = [asyncio.create_task(mailer.run_once(1)) for _ in range(mailer_module.AT_ONCE)]
    await until_async(lambda: begun == mailer_module.PER_USER, "mails that hang")
    await post.tell(bob)
    await post.notifier.run_once()
    assert await mailer.run_once(1) == 1
    assert [one.state for one in await office.deliveries(bob)] == ["sent"]
    hanging.set()
    await asyncio.gather(*slots)


async def test_a_notice_that_grows_is_mailed_once_an_hour(post: Post, office: Office) -> None:
    ann = await post.user()
    await post.confirm(ann)
    for _ in range(7):
        await post.tell(ann)
        await post.notifier.run_once()
        await office.mailer.run_once()
        post.clock.advance(timedelta(minutes=10))
    assert len(office.server.mails) == 2
    assert "The last of 7 runs" in text_of(office.server.mails[1])


async def test_without_a_mail_server_no_delivery_is_written(post: Post) -> None:
    ann = await post.user()
    await post.confirm(ann)
    await post.tell(ann)
    await Notifier(post.pool, post.clock, mails=False).run_once()
    assert await post.rows("select 1 from notice_deliveries") == []
    channels = Channels(post.clock, CODES, mails=False)
    async with post.database.transaction() as session:
        assert (await channels.mail(session, ann, ADDRESS)).state == "not_configured"
        with pytest.raises(ChannelNotReady):
            await channels.send_code(session, ann, ADDRESS)


async def test_mail_stops_when_the_user_says_so(post: Post, office: Office) -> None:
    ann = await post.user()
    await post.confirm(ann)
    await post.tell(ann)
    await post.notifier.run_once()
    async with post.database.transaction() as session:
        await office.channels.stop(session, ann)
    await office.mailer.run_once()
    assert office.server.mails == []
    (delivery,) = await office.deliveries(ann)
    assert (delivery.state, delivery.error) == ("failed", "The address was taken back.")


@pytest.mark.parametrize("why", ["read", "switched off"])
async def test_what_nobody_wants_mailed_any_more_is_not(
    post: Post, office: Office, why: str
) -> None:
    ann = await post.user()
    await post.confirm(ann)
    office.server.recipient = "450 come back later"
    await post.tell(ann)
    await post.notifier.run_once()
    await office.mailer.run_once()
    office.server.recipient = "250 OK"
    async with post.database.transaction() as session:
        if why == "read":
            await post.service.mark_all_read(session, ann, None)
        else:
            await choose(session, ann, [KindChoice(kind=NoticeKind.RUN_FAILED, mail=False)])
    post.clock.advance(timedelta(minutes=1))
    await office.mailer.run_once()
    assert office.server.mails == []
    (delivery,) = await office.deliveries(ann)
    assert delivery.state == "expired"
    assert ("read" if why == "read" else "switched off") in str(delivery.error)
