"""The person who is signed in."""

from fastapi import APIRouter

from kuber.api.deps import CurrentUser
from kuber.identity.schemas import UserOut

router = APIRouter(prefix="/users", tags=["users"])


@router.get("/me")
async def get_me(user: CurrentUser) -> UserOut:
    """Return the account that is signed in."""
    return UserOut(id=user.user_id, email=user.email, role=user.role, tier=user.tier)
