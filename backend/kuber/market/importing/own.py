"""What a user has already, beside the file that is read."""

from collections.abc import Collection
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncSession

from kuber.kernel.ids import UserId
from kuber.market.actions.applying import SeriesJudgement, judge_stored
from kuber.market.actions.judging import judge
from kuber.market.actions.repository import splits_of
from kuber.market.actions.types import ActionKind, ToldSplit
from kuber.market.importing.facts import FileFacts
from kuber.market.importing.said import Said
from kuber.market.terms.repository import markets_of


async def with_own(session: AsyncSession, user_id: UserId, said: Said) -> Said:
    """Return what is said beside a file, with the markets and splits that the user has."""
    return replace(
        said,
        markets=await markets_of(session, user_id),
        splits=await splits_of(session, user_id),
    )


async def judged_before_import(
    session: AsyncSession, user_id: UserId, facts: FileFacts, said: Said
) -> list[SeriesJudgement]:
    """Return what would become of splits: for the bars of the file, or else for those that the
    user has stored of the symbols of the file."""
    if facts.timeframe is not None:
        return [
            SeriesJudgement(one.symbol, facts.timeframe, judge(one.seen, said.prices))
            for one in facts.symbols
            if one.seen and facts.whole
        ]
    symbols = symbols_with_splits(facts)
    told = await splits_of(session, user_id, symbols)
    for symbol in symbols:
        new = {
            one.ex_date: ToldSplit(one.ex_date, one.ratio)
            for one in facts.actions
            if one.symbol == symbol and one.ratio is not None
        }
        before = {one.ex_date: one for one in told.get(symbol, ())}
        told[symbol] = tuple((before | new).values())
    return await judge_stored(session, user_id, told, said.prices)


def symbols_with_splits(facts: FileFacts) -> Collection[str]:
    """Return the symbols of whose splits a file tells."""
    return {one.symbol for one in facts.actions if one.kind is ActionKind.SPLIT}
