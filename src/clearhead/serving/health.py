"""Health: whether the process lives, and whether it wants requests; never behind the queue."""

import os
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import JSONResponse

FOLDER_VARIABLE = "CLEARHEAD_SERVING_FOLDER"
"""Names the folder that the processes of one service share while they run."""
STOPPING = "stopping"
"""File in that folder from the moment the service was asked to end."""

router = APIRouter()


def is_stopping() -> bool:
    """Return whether the service was asked to end: what was accepted is answered, nothing more is wanted."""
    folder = os.environ.get(FOLDER_VARIABLE)
    return bool(folder) and Path(folder or "", STOPPING).exists()


@router.get("/health")
async def health() -> dict[str, str]:
    """Say that the service answers."""
    return {"status": "ok"}


@router.get("/health/live")
async def live() -> dict[str, str]:
    """Say that the process lives; one that does not answer should be started again."""
    return {"status": "live"}


@router.get(
    "/health/ready", responses={503: {"description": "The service is ending; send requests elsewhere"}}
)
async def ready() -> JSONResponse:
    """Say whether to send requests here."""
    if is_stopping():
        return JSONResponse({"status": "stopping"}, status_code=503, headers={"retry-after": "5"})
    return JSONResponse({"status": "ready"})
