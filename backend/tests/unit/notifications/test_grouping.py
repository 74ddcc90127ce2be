"""Rows of one round that are told as one."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

from kuber.notifications.notifier import OutboxItem, together
from kuber.notifications.types import NoticeKind

ANN, BOB = uuid4(), uuid4()
START = datetime(2026, 11, 29, 12, tzinfo=UTC)


def item(
    number: int,
    user: UUID = ANN,
    kind: NoticeKind = NoticeKind.RUN_FAILED,
    subject: str | None = "p",
) -> OutboxItem:
    at = START + timedelta(minutes=number)
    return OutboxItem((number,), user, kind, at, at, {"number": number}, subject, None)


def test_rows_of_one_subject_become_one_with_the_data_of_the_newest() -> None:
    (one,) = together([item(1), item(2), item(3)])
    assert one.ids == (1, 2, 3)
    assert one.data == {"number": 3}
    assert (one.first_at, one.last_at) == (item(1).first_at, item(3).last_at)


def test_users_kinds_and_subjects_are_kept_apart_in_the_order_of_their_first() -> None:
    rows = [
        item(1),
        item(2, user=BOB),
        item(3, kind=NoticeKind.ORDER_REJECTED),
        item(4, subject="q"),
        item(5),
    ]
    assert [one.ids for one in together(rows)] == [(1, 5), (2,), (3,), (4,)]


def test_alarms_and_rows_without_a_subject_stay_alone() -> None:
    alarms = [item(number, kind=NoticeKind.PIPELINE_SWITCHED_OFF) for number in (1, 2)]
    fills = [item(number, kind=NoticeKind.ORDER_FILLED, subject=None) for number in (3, 4)]
    assert [one.ids for one in together([*alarms, *fills])] == [(1,), (2,), (3,), (4,)]
