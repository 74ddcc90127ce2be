"""What a notice says, made of its data whenever it is shown or mailed."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from decimal import Decimal, InvalidOperation

from kuber.infra.db import JsonObject
from kuber.notifications.types import NoticeKind

_LONGEST_NAME = 80
_LONGEST_TEXT = 500


@dataclass(frozen=True, slots=True)
class Words:
    """`path` is the page of the browser app that tells more, None without one; `name` is what the
    user called the thing that is spoken of, as it stands in the title or the text."""

    title: str
    text: str
    path: str | None = None
    name: str | None = None


def words_of(kind: NoticeKind, data: JsonObject, count: int) -> Words:
    """Return what a notice says; `count` is how many like it it stands for."""
    said = _WORDS[kind](_Said(data), count)
    title = _line(said.title, 2 * _LONGEST_NAME)
    return replace(said, title=title, text=said.text[:_LONGEST_TEXT])


class _Said:
    """The data of a notice; what is missing reads as empty."""

    def __init__(self, data: JsonObject) -> None:
        self._data = data

    def __getitem__(self, name: str) -> str:
        value = self._data.get(name)
        return "" if value is None else str(value)

    def name(self, name: str, otherwise: str) -> str:
        return _line(self[name], _LONGEST_NAME) or otherwise

    def number(self, name: str) -> str:
        """Return a figure with separators between thousands, without zeros that say nothing."""
        try:
            value = Decimal(self[name])
        except InvalidOperation:
            return self[name]
        text = f"{value:,f}"
        return text.rstrip("0").rstrip(".") if "." in text else text

    def money(self, name: str) -> str:
        try:
            return f"${Decimal(self[name]):,.2f}"
        except InvalidOperation:
            return self[name]

    def day(self, name: str, days_later: int = 0) -> str:
        """Return a day in words, which holds whenever it is read; nothing where there is none."""
        try:
            day = date.fromisoformat(self[name]) + timedelta(days=days_later)
        except (ValueError, OverflowError):
            return ""
        return f"{day.day} {day:%B %Y}"

    def page(self, path: str, name: str) -> str | None:
        return f"{path}/{self[name]}" if self[name] else None

    def runs(self, count: int, status: str = "") -> str | None:
        """Return the page of the run, of several the list of their pipeline's."""
        if count == 1 or not self["pipeline_id"]:
            return self.page("/runs", "run_id")
        return f"/runs?pipeline={self['pipeline_id']}" + (f"&status={status}" if status else "")


def _order(said: _Said) -> str:
    return f"{said.number('quantity')} {said['symbol']}"


def _of(said: _Said) -> str:
    """Return what orders were for, of those that were told before they named their pipeline."""
    return "" if said["pipeline_name"] else f" for {said['symbol']}"


def _order_filled(said: _Said, count: int) -> Words:
    verb = "Bought" if said["side"] == "buy" else "Sold"
    title = f"{verb} {_order(said)} at {said.number('price')}"
    name = said.name("pipeline_name", "")
    mode = f"in {said['mode']} mode" if said["mode"] else ""
    how = ", ".join(part for part in (f"by {name}" if name else "", mode) if part)
    text = f"{how[0].upper()}{how[1:]}." if how else ""
    if count > 1:
        text = f"The last of {count} orders{_of(said)}. {text}".strip()
    return Words(title, text, said.runs(count), name or None)


def _order_rejected(said: _Said, count: int) -> Words:
    verb = "buy" if said["side"] == "buy" else "sell"
    title = f"Order to {verb} {_order(said)} rejected"
    text = said["reason"] or "The venue gave no reason."
    name = said.name("pipeline_name", "")
    if count > 1:
        text = f"The last of {count} orders{_of(said) or f' of {name}'}: {text}"
    elif name:
        text = f"{name}: {text}"
    return Words(title, text, said.runs(count), name or None)


def _run_failed(said: _Said, count: int) -> Words:
    name = said.name("pipeline_name", "A pipeline")
    text = said["message"] or "The run ended with an error."
    if count > 1:
        where = f", last on {said['symbol']}" if said["symbol"] else ""
        title = f"{name} failed {count:,} times{where}"
        text = f"The last of {count} runs that failed: {text}"
    else:
        title = f"{name} failed on {said['symbol']}" if said["symbol"] else f"{name} failed"
    return Words(title, text, said.runs(count, "failed"), name)


def _pipeline_switched_off(said: _Said, count: int) -> Words:
    name = said.name("pipeline_name", "A pipeline")
    return Words(
        f"{name} was switched off",
        f"{said['reason']} It does not start by itself until it is switched on again.".strip(),
        said.page("/pipelines", "pipeline_id"),
        name,
    )


def _budget_exhausted(said: _Said, count: int) -> Words:
    day, next_day = said.day("day"), said.day("day", days_later=1)
    begins = f"00:00 UTC on {next_day}" if next_day else "the next day, at 00:00 UTC"
    return Words(
        f"The budget of {day} is spent" if day else "The budget of the day is spent",
        f"{said.money('spent')} of {said.money('limit')}. Nothing starts by itself before {begins},"
        " unless you raise the budget.",
        "/account",
    )


def _webhook_refused(said: _Said, count: int) -> Words:
    name = said.name("source_name", "a webhook")
    return Words(
        f"A delivery to {name} was refused",
        said["detail"] or said["code"],
        said.page("/signals/webhooks", "source_id"),
        name,
    )


def _deposit(said: _Said, count: int) -> Words:
    name = said.name("account_name", "an account")
    last = f"The last of {count} deposits. " if count > 1 else ""
    return Words(
        f"{said.number('amount')} {said['currency']} deposited",
        f"{last}Paid into {name}.",
        None,
        name,
    )


def _position(said: _Said, count: int) -> Words:
    return Words(
        f"{said['symbol']}: {said['title']}",
        said["text"],
        said.page("/positions", "position_id"),
    )


_STATES = {
    "off": "goes on",
    "paused": "is paused",
    "reduce_only": "only closes positions",
    "halted": "is halted",
}
_SCOPES = {"platform": "Trading", "user": "Your trading", "pipeline": "A pipeline's trading"}


def _trading_switch(said: _Said, count: int) -> Words:
    what = _SCOPES.get(said["scope"], "Trading")
    closing = said["closing"]
    close = "" if closing in ("", "0") else f"Positions that are being closed: {closing}. "
    return Words(
        f"{what} {_STATES.get(said['state'], said['state'])}",
        f"{close}Why: {said['reason']}",
        "/switches",
    )


def _account_differs(said: _Said, count: int) -> Words:
    name = said.name("account_name", "An account")
    return Words(
        f"{name} does not agree with its ledger",
        f"{said['text']} It opens nothing until this is put right; what is open stays protected.",
        "/reconciliations",
        name,
    )


def _test(said: _Said, count: int) -> Words:
    return Words("This is a test", "Notices reach you here.", "/notifications")


_WORDS: Mapping[NoticeKind, Callable[[_Said, int], Words]] = {
    NoticeKind.ORDER_FILLED: _order_filled,
    NoticeKind.ORDER_REJECTED: _order_rejected,
    NoticeKind.RUN_FAILED: _run_failed,
    NoticeKind.PIPELINE_SWITCHED_OFF: _pipeline_switched_off,
    NoticeKind.BUDGET_EXHAUSTED: _budget_exhausted,
    NoticeKind.WEBHOOK_REFUSED: _webhook_refused,
    NoticeKind.DEPOSIT: _deposit,
    NoticeKind.POSITION_ALARM: _position,
    NoticeKind.POSITION_NEWS: _position,
    NoticeKind.TRADING_SWITCH: _trading_switch,
    NoticeKind.ACCOUNT_DIFFERS: _account_differs,
    NoticeKind.TEST: _test,
}


def _line(text: str, most: int) -> str:
    """Return the text on one line of at most `most` characters."""
    line = " ".join(text.split())
    return line if len(line) <= most else line[: most - 1].rstrip() + "…"
