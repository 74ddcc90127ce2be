"""What this installation is and can do, for people who have not signed in yet."""

from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from pydantic import BaseModel

from kuber.api.container import ApiSettings
from kuber.api.deps import ContainerDep
from kuber.identity.types import DEMO_EMAIL

router = APIRouter(prefix="/system", tags=["system"])


class DemoLogin(BaseModel):
    """The demo account of a development installation."""

    email: str
    password: str


class LlmInfo(BaseModel):
    """The language model that crews call; without one the rule engines decide."""

    configured: bool
    model: str | None
    base_url_host: str | None


class MarketInfo(BaseModel):
    """Where prices come from when a symbol has no imported history."""

    provider: str
    simulated: bool
    note: str


class SystemInfo(BaseModel):
    """This installation, without anything secret."""

    version: str
    demo_login: DemoLogin | None
    llm: LlmInfo
    market: MarketInfo


@router.get("/info")
async def get_system_info(request: Request, container: ContainerDep) -> SystemInfo:
    """Return what this installation is; needs no log-in."""
    settings = container.settings
    return SystemInfo(
        version=request.app.version,
        demo_login=_demo_login(settings),
        llm=LlmInfo(
            configured=settings.llm_configured,
            model=settings.llm_model if settings.llm_configured else None,
            base_url_host=urlsplit(settings.llm_base_url).hostname,
        ),
        market=_market(settings),
    )


def _demo_login(settings: ApiSettings) -> DemoLogin | None:
    if settings.environment != "development" or settings.demo_password is None:
        return None
    return DemoLogin(email=DEMO_EMAIL, password=settings.demo_password.get_secret_value())


def _market(settings: ApiSettings) -> MarketInfo:
    if settings.alpaca_api_key is not None:
        return MarketInfo(
            provider="alpaca", simulated=False, note="Prices come from Alpaca and from imports."
        )
    return MarketInfo(
        provider="simulator",
        simulated=True,
        note="Imported and sample history is real. Symbols without history are simulated.",
    )
