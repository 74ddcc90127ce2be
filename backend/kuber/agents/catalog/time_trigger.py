"""Time trigger: the run goes ahead in a daily window, or when a cron expression fires."""

from datetime import UTC, datetime, time, timedelta
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import ConfigDict, Field, field_validator, model_validator
from pydantic.config import JsonDict

from kuber.agents.base import (
    AgentConfig,
    AgentFailure,
    AgentMetadata,
    BaseAgent,
    Category,
    SettingFault,
    TriggerNotMet,
)
from kuber.agents.effects import Reads, recorded
from kuber.agents.schedule import SEARCH_DAYS, Cron, Schedule, Window
from kuber.agents.state import PipelineState, TriggerCondition
from kuber.agents.toolkit import instrument_of
from kuber.kernel.weekdays import Weekday
from kuber.market.calendars import TradingCalendar, calendar_for

_CLOCK = r"^([01]\d|2[0-3]):[0-5]\d$"
_WAKES_WITHIN = timedelta(minutes=1)
"""How late a run may be at its moment and still be in time, whatever grace was chosen."""
_MAX_STEPS = 500
"""Alternations between schedule and calendar before a common moment is given up on."""


_WEEKDAYS = tuple(Weekday)
_WINDOW: JsonDict = {"x-show-when": {"field": "schedule", "in": ["window"]}}
_CRON: JsonDict = {"x-show-when": {"field": "schedule", "in": ["cron"]}}


class TimeTriggerConfig(AgentConfig):
    """When the pipeline may run."""

    model_config = ConfigDict(json_schema_extra={"x-summary": "{schedule}, {time_zone}"})

    schedule: Literal["window", "cron"] = Field(
        "window",
        title="Schedule",
        description="A daily time window, or the moments of a cron expression.",
        json_schema_extra={"x-enum-labels": {"window": "Daily window", "cron": "Cron expression"}},
    )
    start: str = Field(
        "09:35",
        title="From",
        description="Start of the window, 24-hour clock.",
        pattern=_CLOCK,
        json_schema_extra=_WINDOW,
    )
    end: str = Field(
        "15:55",
        title="Until",
        description="Last minute of the window. Before the start means the next day.",
        pattern=_CLOCK,
        json_schema_extra=_WINDOW,
    )
    days: tuple[Weekday, ...] = Field(
        _WEEKDAYS[:5],
        title="Days",
        description="Days on which the window opens.",
        min_length=1,
        json_schema_extra={"x-widget": "chips", **_WINDOW},
    )
    cron: str = Field(
        "*/30 9-15 * * mon-fri",
        title="Cron expression",
        description="Five fields: minute, hour, day, month, weekday.",
        max_length=120,
        json_schema_extra={"x-widget": "code", **_CRON},
    )
    grace_minutes: int = Field(
        5,
        title="Grace",
        description="How late after a moment of the cron expression a run may still start.",
        ge=0,
        le=60,
        json_schema_extra={"x-unit": "minutes", **_CRON},
    )
    time_zone: str = Field(
        "America/New_York",
        title="Time zone",
        description="Name of the time zone, such as America/New_York or Europe/Berlin.",
    )
    market_hours_only: bool = Field(
        True,
        title="Only while the market is open",
        description="Follows the symbol's own calendar, holidays and early closes included.",
    )

    @field_validator("time_zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise SettingFault(
                "time_zone",
                f"{value!r} is not a known time zone",
                "Use a name such as America/New_York.",
            ) from error
        return value

    @model_validator(mode="after")
    def _readable(self) -> "TimeTriggerConfig":
        try:
            self.rule()
        except ValueError as error:
            raise SettingFault("cron", str(error), "Example: */30 9-15 * * mon-fri.") from error
        return self

    @property
    def grace(self) -> timedelta:
        return timedelta(minutes=self.grace_minutes)

    def rule(self) -> Schedule:
        """Return the schedule; raises ValueError for a cron expression that cannot be read."""
        zone = ZoneInfo(self.time_zone)
        if self.schedule == "cron":
            return Cron.parse(self.cron, zone, self.grace)
        days = frozenset(_WEEKDAYS.index(day) for day in self.days)
        return Window(time.fromisoformat(self.start), time.fromisoformat(self.end), days, zone)

    def words(self) -> str:
        """Return the schedule as a person would say it."""
        if self.schedule == "cron":
            return f"cron {self.cron} ({self.time_zone})"
        return f"{self.start} to {self.end} {self._days_in_words()} ({self.time_zone})"

    def _days_in_words(self) -> str:
        if set(self.days) == set(_WEEKDAYS):
            return "every day"
        return "on " + ", ".join(day.value.capitalize() for day in self.days)


class TimeTrigger(BaseAgent[TimeTriggerConfig]):
    """Lets a run go ahead at certain times; before that the run waits, free of charge."""

    metadata = AgentMetadata(
        agent_type="time_trigger",
        name="Time trigger",
        description="Lets the pipeline run at certain times, aware of market holidays.",
        category=Category.TRIGGER,
        icon="schedule",
        outputs=("trigger",),
        effects=recorded(Reads.CLOCK, Reads.DATA),
    )
    Config = TimeTriggerConfig

    async def process(self, state: PipelineState) -> PipelineState:
        context = self.context
        now = context.clock.now() if context.real_time else context.as_of
        rule = self.config.rule()
        calendar = None
        if self.config.market_hours_only:
            calendar = calendar_for((await instrument_of(context, state.symbol)).calendar)
        if not self._met(now, rule) or (calendar is not None and not calendar.is_open(now)):
            raise self._unmet(now, rule, calendar)
        market = " while the market is open" if calendar is not None else ""
        detail = f"The time is right: {self.config.words()}{market}."
        state.trigger = TriggerCondition(kind="time", met=True, detail=detail)
        self.say(state, detail)
        return state

    def _met(self, now: datetime, rule: Schedule) -> bool:
        """Return whether it is time, or was when the run was to wake up, a moment ago."""
        due = self.context.woken_for
        late = due is not None and due <= now <= due + max(_WAKES_WITHIN, self.config.grace)
        return rule.met(now) or (late and due is not None and rule.met(due))

    def _unmet(
        self, now: datetime, rule: Schedule, calendar: TradingCalendar | None
    ) -> TriggerNotMet | AgentFailure:
        market = " while the market is open" if calendar is not None else ""
        reason = f"Not yet time: runs {self.config.words()}{market}."
        if not self.context.real_time:
            at = now.astimezone(UTC).strftime("%Y-%m-%d %H:%M UTC")
            return TriggerNotMet(
                f"At {at}, the moment chosen for this run, it is not time:"
                f" it runs {self.config.words()}{market}."
            )
        moment = next_moment(now, rule, calendar)
        if moment is None:
            return AgentFailure(
                "never_time",
                f"Its time never comes: {self.config.words()}{market} has no moment within eight"
                " years.",
                remedy="Widen the window, choose other days, or let it run while the market is"
                " closed, too.",
            )
        local = moment.astimezone(ZoneInfo(self.config.time_zone))
        return TriggerNotMet(f"{reason} Next at {local:%Y-%m-%d %H:%M} there.", moment)


def next_moment(now: datetime, rule: Schedule, calendar: TradingCalendar | None) -> datetime | None:
    """Return the first time from `now` on that suits rule and calendar.

    None where there is none within eight years: 29 February comes as seldom as that where the first
    one lies on a weekend.
    """
    moment, last = rule.next(now), now + timedelta(days=SEARCH_DAYS)
    for _ in range(_MAX_STEPS):
        if moment is None or moment > last:
            return None
        if calendar is None:
            return moment
        opening = calendar.next_open(moment)
        if opening <= moment:
            return moment
        moment = rule.next(opening)
    return None
