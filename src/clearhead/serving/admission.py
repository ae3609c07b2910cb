"""Who asks, and whether that client may ask for so much now."""

from fastapi import Request

from clearhead.serving.clients import client_of


async def admitted(request: Request, characters: int = 0, key: str = "") -> str:
    """Return the name of the client; `key` is one that came in the body.

    Raises ServiceFailure 403 for a key that is missing or unknown, 429 above the client's rate.
    """
    state = request.app.state
    client = client_of(request, state.settings, state.keys, key)
    state.rates.check(client.name, characters=characters)
    return client.name
