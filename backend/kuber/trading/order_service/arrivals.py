"""What has come for a round: intents and requests, and what became of them."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from kuber.trading.order_service.admitting import Admitted
from kuber.trading.order_service.asking import hand_over
from kuber.trading.order_service.reading import Request, WantedEntry
from kuber.trading.order_service.round import Round


@dataclass(slots=True)
class Arrived:
    """Intents and requests of one round."""

    wanted: list[WantedEntry] = field(default_factory=list)
    asked: list[Request] = field(default_factory=list)
    more: bool = False
    """Whether there may be more than one round takes."""
    returning: Mapping[str, datetime] = field(default_factory=dict)
    """A position that is worked again, with the instant at which it was set aside."""
    admitted: list[Admitted] = field(default_factory=list)
    outcomes: dict[UUID, str | None] = field(default_factory=dict)

    @property
    def symbols(self) -> set[str]:
        """What instruments it is about."""
        asked = {one.symbol for one in self.asked if one.symbol}
        return {one.order.symbol for one in self.wanted} | asked

    def hand_over(self, rounds: Mapping[str, Round]) -> None:
        """Tell management what is asked for. What is about something that is not worked now goes on
        waiting."""
        self.outcomes = {
            one.id: hand_over(one, rounds) for one in self.asked if _worked(one, rounds)
        }

    def admitted_in(self, rounds: Mapping[str, Round]) -> list[Admitted]:
        """Return the entries that were admitted where the round went well."""
        return [one for one in self.admitted if one.order.intent.symbol in rounds]

    def outcomes_in(self, rounds: Mapping[str, Round]) -> dict[UUID, str | None]:
        """Return what became of the requests where the round went well."""
        done = set(self._done_in(rounds))
        return {id_: outcome for id_, outcome in self.outcomes.items() if id_ in done}

    def _done_in(self, rounds: Mapping[str, Round]) -> Iterator[UUID]:
        return (one.id for one in self.asked if one.symbol is None or one.symbol in rounds)


def _worked(one: Request, rounds: Mapping[str, Round]) -> bool:
    if one.symbol is None:
        return True
    there = rounds.get(one.symbol)
    return there is not None and str(one.position_id) not in there.hosted.aside
