"""Who asks, and whether that client may ask for so much now."""

from fastapi import Request

from clearhead.serving.clients import client_of


def admitted(request: Request, characters: int = 0) -> str:
    """Return the name of the client. Raises ServiceFailure for one without a key, or above its rate."""
    state = request.app.state
    client = client_of(request, state.settings, state.keys)
    state.rates.check(client, characters=characters)
    return client.name
