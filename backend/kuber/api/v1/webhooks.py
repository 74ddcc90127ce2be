"""`/api/v1/webhooks`: where systems outside deliver signals. No log-in; the source signs."""

from collections.abc import Mapping
from uuid import UUID

from fastapi import APIRouter, Request, Response
from starlette.requests import ClientDisconnect

from kuber.api.concealment import concealed_secret
from kuber.api.deps import ContainerDep
from kuber.api.idempotency import REPLAYED_HEADER
from kuber.api.v1.common import CorrelationId
from kuber.signals.gateway.schemas import SignalAccepted
from kuber.signals.gateway.types import Incoming, SourceId

router = APIRouter(prefix="/webhooks", tags=["webhooks"])

_BODY = {
    "requestBody": {
        "required": True,
        "description": "A signal. The signature is checked over these bytes before they are read.",
        "content": {"application/json": {"schema": {"type": "object"}}},
    }
}


@router.post(
    "/{source_id}",
    status_code=202,
    operation_id="receive_webhook",
    response_model=SignalAccepted,
    openapi_extra=_BODY,
)
async def receive_webhook(
    source_id: UUID, request: Request, container: ContainerDep, correlation_id: CorrelationId
) -> Response:
    """Take a signed delivery. Headers by kind: X-Timestamp, X-Nonce, X-Signature; or webhook-id,
    webhook-timestamp, webhook-signature."""
    return await _receive(source_id, request, container, correlation_id, None)


@router.post(
    "/{source_id}/{secret}",
    status_code=202,
    operation_id="receive_alert",
    response_model=SignalAccepted,
    openapi_extra=_BODY,
)
async def receive_alert(
    source_id: UUID,
    secret: str,
    request: Request,
    container: ContainerDep,
    correlation_id: CorrelationId,
) -> Response:
    """Take an alert of TradingView, which cannot sign: the secret is in the address."""
    given = concealed_secret(request.scope)
    return await _receive(source_id, request, container, correlation_id, given)


async def _receive(
    source_id: UUID,
    request: Request,
    container: ContainerDep,
    correlation_id: str,
    path_secret: str | None,
) -> Response:
    incoming = Incoming(
        headers=_headers(request),
        body=request.stream(),
        client_ip=request.client.host if request.client else "",
        correlation_id=correlation_id,
        path_secret=path_secret,
    )
    try:
        receipt = await container.webhooks.receive(SourceId(source_id), incoming)
    except ClientDisconnect:
        return Response(status_code=400)  # nobody is there to read it
    return Response(
        SignalAccepted(signal_id=receipt.signal_id).model_dump_json(),
        202,
        {REPLAYED_HEADER: "true"} if receipt.repeated else None,
        "application/json",
    )


def _headers(request: Request) -> Mapping[str, str]:
    """Return the headers by lower-case name; one that came twice fits no form and is refused."""
    found: dict[str, str] = {}
    for name, value in request.headers.items():
        found[name] = f"{found[name]}, {value}" if name in found else value
    return found
