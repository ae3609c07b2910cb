"""Who asks, and whether that client may ask for so much now."""

from fastapi import Request


async def admitted(request: Request, characters: int = 0) -> str:
    """Return the name of the client, by the rule of the app.

    Raises ServiceFailure for a key that is missing or unknown, or above the client's rate.
    """
    client: str = await request.app.state.admit(request, "", characters)
    return client
