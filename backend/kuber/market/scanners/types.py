"""Scanners: what kinds there are, and the rules of a screener."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, NewType
from uuid import UUID

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationInfo,
    ValidatorFunctionWrapHandler,
    WithJsonSchema,
    field_validator,
)

from kuber.market.instruments import SECTORS

ScannerId = NewType("ScannerId", UUID)

MAX_TICKERS = 1000
MAX_RULES = 20


class ScannerKind(StrEnum):
    """Where the tickers come from."""

    MANUAL = "manual"
    FILTER = "filter"
    API = "api"


class ScreenField(StrEnum):
    """What a rule may look at: numbers of the newest daily bar, and the sector."""

    PRICE = "price"
    CHANGE_PERCENT = "change_percent"
    VOLUME = "volume"
    AVERAGE_VOLUME_20 = "average_volume_20"
    RSI_14 = "rsi_14"
    SMA_50 = "sma_50"
    SMA_200 = "sma_200"
    ABOVE_SMA_50_PERCENT = "above_sma_50_percent"
    ABOVE_SMA_200_PERCENT = "above_sma_200_percent"
    ATR_PERCENT = "atr_percent"
    SECTOR = "sector"


class Op(StrEnum):
    """How a rule compares. `between` includes both ends."""

    ABOVE = ">"
    AT_LEAST = ">="
    BELOW = "<"
    AT_MOST = "<="
    BETWEEN = "between"
    IN = "in"


_NUMERIC = (Op.ABOVE, Op.AT_LEAST, Op.BELOW, Op.AT_MOST, Op.BETWEEN)


@dataclass(frozen=True, slots=True)
class FieldTraits:
    """How a field is shown, and what it can be compared with."""

    label: str
    unit: str
    ops: tuple[Op, ...] = _NUMERIC
    values: tuple[str, ...] | None = None


FIELDS: Mapping[ScreenField, FieldTraits] = {
    ScreenField.PRICE: FieldTraits("Price", "currency"),
    ScreenField.CHANGE_PERCENT: FieldTraits("Change on the day", "%"),
    ScreenField.VOLUME: FieldTraits("Volume", "units"),
    ScreenField.AVERAGE_VOLUME_20: FieldTraits("Average volume, 20 days", "units"),
    ScreenField.RSI_14: FieldTraits("RSI 14", "0-100"),
    ScreenField.SMA_50: FieldTraits("50-day average price", "currency"),
    ScreenField.SMA_200: FieldTraits("200-day average price", "currency"),
    ScreenField.ABOVE_SMA_50_PERCENT: FieldTraits("Price above its 50-day average", "%"),
    ScreenField.ABOVE_SMA_200_PERCENT: FieldTraits("Price above its 200-day average", "%"),
    ScreenField.ATR_PERCENT: FieldTraits("Average true range, share of price", "%"),
    ScreenField.SECTOR: FieldTraits("Sector", "", (Op.IN,), SECTORS),
}

RuleValue = float | tuple[float, float] | tuple[str, ...]
_VALUE_SCHEMA = {
    "anyOf": [
        {"type": "number"},
        {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        {"type": "array", "items": {"type": "string"}, "minItems": 1},
    ]
}


class ScannerRule(BaseModel):
    """One comparison: a number, two numbers for `between`, or a list of words for `in`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    field: ScreenField
    op: Op
    value: Annotated[RuleValue, WithJsonSchema(_VALUE_SCHEMA)]

    @field_validator("op")
    @classmethod
    def _op_of_field(cls, op: Op, info: ValidationInfo) -> Op:
        field = info.data.get("field")
        if field is not None and op not in FIELDS[field].ops:
            fitting = ", ".join(FIELDS[field].ops)
            raise ValueError(f"{field} cannot be compared with {op}: use {fitting}")
        return op

    @field_validator("value", mode="wrap")
    @classmethod
    def _value_of_op(
        cls, value: object, _any_shape: ValidatorFunctionWrapHandler, info: ValidationInfo
    ) -> RuleValue:
        field, op = info.data.get("field"), info.data.get("op")
        if field is None or op is None:  # reported on their own
            return 0.0
        if op is Op.IN:
            return _words(value, FIELDS[field].values or ())
        if op is Op.BETWEEN:
            return _range(value)
        return _number(value)


class ScannerFilter(BaseModel):
    """A screener: what passes every rule, the most traded first, at most `limit` of them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    all: Annotated[tuple[ScannerRule, ...], Field(min_length=1, max_length=MAX_RULES)]
    limit: Annotated[int, Field(ge=1, le=MAX_TICKERS)] | None = None


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError("give a number")
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise ValueError("give a finite number")
    return number


def _range(value: object) -> tuple[float, float]:
    if not isinstance(value, list | tuple) or len(value) != 2:
        raise ValueError("give two numbers, the smaller one first")
    lower, upper = _number(value[0]), _number(value[1])
    if lower > upper:
        raise ValueError("the first number must be the smaller one")
    return lower, upper


def _words(value: object, known: tuple[str, ...]) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not value or len(value) > len(known):
        raise ValueError(f"give a list of 1 to {len(known)} out of: {', '.join(known)}")
    by_case = {word.casefold(): word for word in known}
    words = [by_case.get(one.strip().casefold()) if isinstance(one, str) else None for one in value]
    chosen = tuple(word for word in dict.fromkeys(words) if word is not None)
    if None in words:
        raise ValueError(f"only these are known: {', '.join(known)}")
    return chosen
