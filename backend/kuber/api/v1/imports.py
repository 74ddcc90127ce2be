"""`/api/v1/market/imports`: files of bars: preview, import, undo."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Path, Query, Response, UploadFile

from kuber.api.deps import ContainerDep, CurrentUser, Db
from kuber.api.idempotency import IDEMPOTENT, IdempotentRoute
from kuber.api.v1.common import Cursor
from kuber.kernel.errors import Problem
from kuber.market.actions.types import Prices
from kuber.market.errors import ImportRefused
from kuber.market.importing.said import DateOrder, Label, Said
from kuber.market.importing.schemas import (
    Correction,
    ImportAccepted,
    ImportList,
    ImportOut,
    ImportView,
)
from kuber.market.symbols import MAX_WRITTEN
from kuber.market.types import Timeframe

router = APIRouter(prefix="/market/imports", tags=["market"], route_class=IdempotentRoute)

_DONE, _ACCEPTED = 201, 202

TimeframeField = Annotated[Timeframe | None, Form(description="What the file shall say if empty.")]
ZoneField = Annotated[str | None, Form(max_length=60, description="Of times without an offset.")]
SymbolField = Annotated[
    str | None, Form(max_length=MAX_WRITTEN, description="Of a file without a column for it.")
]
MarketField = Annotated[str | None, Form(max_length=20, description="XNYS, 24/5, 24/7, ...")]
LabelField = Annotated[Label | None, Form(description="Which end of a bar its time names.")]

PricesField = Annotated[
    Prices | None, Form(description="Of prices that do not show it: as traded, or adjusted.")
]

OrderField = Annotated[
    DateOrder | None, Form(description="Of dates that may begin with the day or the month.")
]


@router.post(
    "",
    status_code=_DONE,
    operation_id="import_bars",
    dependencies=[IDEMPOTENT],
    responses={
        _ACCEPTED: {"model": ImportAccepted, "description": "It goes on in the background."}
    },
    response_model=ImportOut,
)
async def import_bars(
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    file: UploadFile | None = None,
    timeframe: TimeframeField = None,
    timezone: ZoneField = None,
    symbol: SymbolField = None,
    market: MarketField = None,
    label: LabelField = None,
    prices: PricesField = None,
    date_order: OrderField = None,
    preview_id: Annotated[UUID | None, Form()] = None,
    sha256: Annotated[str | None, Form(max_length=64)] = None,
) -> ImportOut | Response:
    """Import bars, splits or dividends, all or none: from a file that is sent, or was previewed.

    Files over 10 MB go on in the background (202): ask for them by their id.
    """
    if preview_id is not None:
        found = await container.imports.start(session, user.user_id, preview_id, sha256 or "")
    elif file is not None:
        said = Said(
            timeframe,
            timezone or None,
            symbol or None,
            market or None,
            label,
            prices,
            date_order=date_order,
        )
        found = await container.imports.import_file(
            session, user.user_id, file.filename or "upload", file.file, said
        )
    else:
        raise _nothing_sent()
    if found.status != "done":
        accepted = ImportAccepted(id=found.id, status=found.status)
        return Response(accepted.model_dump_json(), _ACCEPTED, media_type="application/json")
    return ImportOut.of(found)


@router.post(
    "/preview", status_code=_DONE, operation_id="preview_import", dependencies=[IDEMPOTENT]
)
async def preview_import(
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    file: UploadFile,
    timeframe: TimeframeField = None,
    timezone: ZoneField = None,
    symbol: SymbolField = None,
    market: MarketField = None,
    label: LabelField = None,
    prices: PricesField = None,
    date_order: OrderField = None,
) -> ImportView:
    """Take in a file and tell what it seems to hold; nothing is imported yet.

    What is wrong with it stands in `problems`. A large file is `checking` for a while.
    """
    said = Said(
        timeframe,
        timezone or None,
        symbol or None,
        market or None,
        label,
        prices,
        date_order=date_order,
    )
    return ImportView.of(
        await container.imports.preview(
            session, user.user_id, file.filename or "upload", file.file, said
        )
    )


@router.get("", operation_id="list_imports")
async def list_imports(
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
    cursor: Cursor = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> ImportList:
    """Return the caller's imports and previews, newest first."""
    rows, more = await container.imports.page(session, user.user_id, limit, cursor)
    return ImportList(items=[ImportView.of(row) for row in rows], next_cursor=more)


@router.get("/{id}", operation_id="get_import")
async def get_import(
    id: UUID,  # noqa: A002  as the contract names it
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
) -> ImportView:
    """Return an import or a preview as it stands."""
    return ImportView.of(await container.imports.find(session, user.user_id, id))


@router.put("/{id}", operation_id="correct_import")
async def correct_import(
    id: UUID,  # noqa: A002
    correction: Correction,
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
) -> ImportView:
    """Preview the same file again with other things said beside it."""
    said = Said(
        correction.timeframe,
        correction.timezone or None,
        correction.symbol or None,
        correction.market or None,
        correction.label,
        correction.prices,
        date_order=correction.date_order,
    )
    return ImportView.of(await container.imports.correct(session, user.user_id, id, said))


@router.delete("/{id}", status_code=204, operation_id="delete_imported_bars")
async def delete_imported_bars(
    id: Annotated[  # noqa: A002
        str, Path(min_length=1, max_length=36, description="A symbol, or the id of an import.")
    ],
    container: ContainerDep,
    session: Db,
    user: CurrentUser,
) -> None:
    """Undo an import by its id, or delete all imported bars of a symbol.

    An undo brings back what the import had replaced; a preview is thrown away.
    """
    try:
        import_id = UUID(id)
    except ValueError:
        await container.imports.delete_symbol(session, user.user_id, id)
    else:
        await container.imports.remove(session, user.user_id, import_id)


def _nothing_sent() -> ImportRefused:
    message = "There is no file, and no preview of one."
    remedy = "Send a file, or the preview_id and sha256 of a preview."
    return ImportRefused(message, [Problem(message, remedy, field="file", code="missing_file")])
