"""What the API shows of an import."""

from datetime import UTC, datetime
from uuid import UUID

from kuber.kernel.ids import UserId
from kuber.market.importing.records import new_import
from kuber.market.importing.said import Label, Said
from kuber.market.importing.schemas import Correction, ImportView
from kuber.market.importing.uploads import StoredUpload
from kuber.market.types import Timeframe

SOME_ID = UUID("00000000-0000-7000-8000-000000000001")


def view_of(said: Said) -> ImportView:
    upload = StoredUpload("AAPL.csv", "ab" * 32, 10)
    now = datetime(2026, 11, 30, tzinfo=UTC)
    return ImportView.of(new_import(SOME_ID, UserId(SOME_ID), upload, "checking", now, said=said))


def test_what_the_user_said_can_be_sent_back_as_a_correction() -> None:
    said = Said(Timeframe.D1, "Europe/London", "VOD.L", "XLON", Label.CLOSE)
    shown = view_of(said).said
    assert shown == Correction(
        timeframe=Timeframe.D1,
        timezone="Europe/London",
        symbol="VOD.L",
        market="XLON",
        label=Label.CLOSE,
    )


def test_what_was_left_to_the_file_is_null() -> None:
    assert view_of(Said()).said == Correction()
