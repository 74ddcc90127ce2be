"""Which kinds a user wants to be told of, and where."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.errors import Problem
from kuber.kernel.ids import UserId
from kuber.notifications.errors import AlwaysInApp
from kuber.notifications.models import NoticePreferenceRow
from kuber.notifications.schemas import KindChoice, KindPreference, PreferenceList
from kuber.notifications.types import CHOOSABLE, RULES, NoticeKind


async def preferences(session: AsyncSession, user_id: UserId) -> PreferenceList:
    """Return what holds for each kind."""
    query = select(NoticePreferenceRow).where(NoticePreferenceRow.user_id == user_id)
    chosen = {row.kind: row for row in await session.scalars(query)}
    return PreferenceList(items=[_shown(kind, chosen.get(kind.value)) for kind in CHOOSABLE])


async def choose(session: AsyncSession, user_id: UserId, choices: Sequence[KindChoice]) -> None:
    """Keep the user's choices, all or none; raises AlwaysInApp."""
    problems = [
        problem for place, choice in enumerate(choices) for problem in _problems(place, choice)
    ]
    if problems:
        raise AlwaysInApp(problems[0].message, problems)
    before = {item.kind: item for item in (await preferences(session, user_id)).items}
    # In one order, so that no two wait for each other.
    for choice in sorted(choices, key=lambda one: one.kind):
        now = before[choice.kind]
        values = {
            "in_app": now.in_app if choice.in_app is None else choice.in_app,
            "mail": now.mail if choice.mail is None else choice.mail,
        }
        await session.execute(
            insert(NoticePreferenceRow)
            .values(user_id=user_id, kind=choice.kind.value, **values)
            .on_conflict_do_update(
                index_elements=[NoticePreferenceRow.user_id, NoticePreferenceRow.kind],
                set_={
                    name: value
                    for name, value in values.items()
                    if getattr(choice, name) is not None
                }
                or {"kind": choice.kind.value},
            )
        )
    session.expire_all()


def _problems(place: int, choice: KindChoice) -> list[Problem]:
    field = f"items.{place}"
    if choice.kind not in CHOOSABLE:
        remedy = "Leave it out: it comes only when you ask for it."
        return [Problem("A test cannot be chosen.", remedy, field=f"{field}.kind")]
    if choice.in_app is False and RULES[choice.kind].alarm:
        message = f'"{RULES[choice.kind].title}" is an alarm: it is always told in the app.'
        remedy = "Leave in_app out, or set it to true."
        return [Problem(message, remedy, field=f"{field}.in_app")]
    return []


def _shown(kind: NoticeKind, chosen: NoticePreferenceRow | None) -> KindPreference:
    rules = RULES[kind]
    return KindPreference(
        kind=kind,
        title=rules.title,
        explanation=rules.explanation,
        in_app=rules.alarm or chosen is None or chosen.in_app,
        mail=rules.mail if chosen is None else chosen.mail,
        always_in_app=rules.alarm,
    )
