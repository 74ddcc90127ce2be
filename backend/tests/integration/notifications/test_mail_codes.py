"""Mail is off until its user has shown that the address is theirs."""

from datetime import timedelta

import pytest

from kuber.notifications.channels import CODE_ATTEMPTS, CODE_VALID
from kuber.notifications.errors import ChannelNotReady, TooManyMails
from tests.fakes.smtp_server import text_of
from tests.integration.notifications.conftest import ADDRESS, CODES, Office, Post, code_in


async def test_nothing_is_mailed_before_the_code_from_the_address_was_entered(
    post: Post, office: Office
) -> None:
    ann = await post.user()
    await post.tell(ann)
    await post.notifier.run_once()
    assert await office.mailer.run_once() == 0
    assert await office.state(ann) == "unconfirmed"
    await office.ask_for_code(ann)
    assert await office.state(ann) == "awaiting_code"
    await office.mailer.run_once()
    (letter,) = office.server.mails
    assert letter["To"] == ADDRESS
    code = code_in(text_of(letter))
    assert not await office.confirm(ann, "000000" if code != "000000" else "000001")
    assert await office.confirm(ann, f" {code[:3]} {code[3:]} ")
    assert await office.state(ann) == "on"
    assert not await office.confirm(ann, code)
    await post.tell(ann, subject="q", pipeline_name="Cross", message="No bars.", run_id="r1")
    await post.notifier.run_once()
    await office.mailer.run_once()
    assert office.server.mails[1]["Subject"] == "Cross failed"
    said = text_of(office.server.mails[1])
    assert "No bars." in said
    assert "https://kuber.example.com/runs/r1" in said
    assert [one.state for one in await office.deliveries(ann)] == ["sent", "sent"]


async def test_a_code_is_void_after_some_tries_after_its_time_and_for_another_address(
    post: Post, office: Office
) -> None:
    ann = await post.user()

    async def fresh_code() -> str:
        await office.ask_for_code(ann)
        await office.mailer.run_once()
        return code_in(text_of(office.server.mails[-1]))

    code = await fresh_code()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    for _ in range(CODE_ATTEMPTS):
        assert not await office.confirm(ann, wrong)
    assert await office.state(ann) == "unconfirmed"
    assert await office.detail(ann) == "Five tries used. Have a new code sent."
    assert not await office.confirm(ann, code)
    code = await fresh_code()
    async with post.database.transaction() as session:
        assert not await office.channels.confirm(session, ann, "other@example.com", code)
    post.clock.advance(CODE_VALID)
    assert not await office.confirm(ann, code)
    assert await office.detail(ann) == "Confirm that the address is yours first."
    assert await office.state(ann) == "unconfirmed"
    assert await office.confirm(ann, await fresh_code())


async def test_only_the_newest_code_counts_and_no_code_is_stored(
    post: Post, office: Office
) -> None:
    ann = await post.user()
    for _ in range(2):
        await office.ask_for_code(ann)
        await office.mailer.run_once()
    first, second = (code_in(text_of(one)) for one in office.server.mails)
    ((row,),) = await post.rows("select row_to_json(m)::text from mail_addresses m")
    assert first not in str(row)
    assert second not in str(row)
    assert first == second or not await office.confirm(ann, first)
    assert await office.confirm(ann, second)


async def test_a_user_can_ask_for_five_mails_an_hour(post: Post, office: Office) -> None:
    ann = await post.user()
    for _ in range(5):
        await office.ask_for_code(ann)
    with pytest.raises(TooManyMails):
        await office.ask_for_code(ann)
    post.clock.advance(timedelta(hours=1))
    await office.ask_for_code(ann)


async def test_a_test_needs_a_confirmed_address(post: Post, office: Office) -> None:
    ann = await post.user()
    async with post.database.transaction() as session:
        with pytest.raises(ChannelNotReady):
            await office.channels.test_mail(session, ann, ADDRESS)
    await post.confirm(ann)
    async with post.database.transaction() as session:
        await office.channels.test_mail(session, ann, ADDRESS)
    await office.mailer.run_once()
    assert office.server.mails[0]["Subject"] == "This is a test"


async def test_a_code_stays_the_same_over_the_tries_of_its_mail(post: Post, office: Office) -> None:
    ann = await post.user()
    office.server.content = "451 taken, or not"
    await office.ask_for_code(ann)
    await office.mailer.run_once()
    office.server.content = "250 OK"
    post.clock.advance(timedelta(minutes=1))
    await office.mailer.run_once()
    (delivery,) = await office.deliveries(ann)
    assert code_in(text_of(office.server.mails[0])) == CODES.of(delivery.id)
    assert await office.confirm(ann, CODES.of(delivery.id))
