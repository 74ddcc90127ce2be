"""`/api/v1/signal-types`: what pipelines may subscribe to."""

from fastapi import APIRouter

from kuber.api.deps import CurrentUser
from kuber.signals.catalog import SIGNAL_KINDS
from kuber.signals.gateway.schemas import SignalTypeList, SignalTypeOut

router = APIRouter(prefix="/signal-types", tags=["signals"])


@router.get("", operation_id="list_signal_types")
async def list_signal_types(user: CurrentUser) -> SignalTypeList:
    """Return every signal type with its name and meaning."""
    return SignalTypeList(
        items=[
            SignalTypeOut(
                signal_type=kind.signal_type, name=kind.name, description=kind.description
            )
            for kind in SIGNAL_KINDS
        ]
    )
