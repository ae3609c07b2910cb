"""Who asks: a key, or the address that the nearest proxy we trust has seen."""

import ipaddress
from collections.abc import Sequence
from dataclasses import dataclass

from starlette.requests import HTTPConnection

from clearhead.serving.failures import ServiceFailure
from clearhead.serving.keys import Key, Keys
from clearhead.serving.settings import ServingSettings

_SCHEMES = ("bearer", "deepl-auth-key")
_V6_NETWORK = 64
"""Bits of an IPv6 address that name one customer (RFC 6177): the rest is theirs to choose, per request if they like."""
_MAX_FORWARDED = 2_000


@dataclass(frozen=True, kw_only=True)
class Client:
    """Who asks: the name under which its requests are counted, and its key, if it has one."""

    name: str
    key: Key | None = None


def client_of(
    request: HTTPConnection, settings: ServingSettings, keys: Keys | None, api_key: str | None = None
) -> Client:
    """Return who asks; `api_key` is a key in the body, which goes before one in a header.

    Raises ServiceFailure 403 where a key is needed and missing, or is not known. Without a file of keys
    a key is ignored: many clients always send one.
    """
    if keys is not None:
        given = api_key or key_in_headers(request) or request.query_params.get("api_key") or ""
        if given:
            key = keys.known(given)
            if key is None:
                raise ServiceFailure(403, "unknown_key", "this API key is not valid; ask for a new one")
            return Client(name=f"key:{key.id}", key=key)
        if settings.require_key:
            raise ServiceFailure(
                403, "key_required", "an API key is needed: as api_key, or as Authorization: Bearer KEY"
            )
    return Client(name=f"address:{_network(address_of(request, settings.trusted_proxies))}")


def key_in_headers(request: HTTPConnection) -> str:
    """Return the key in `Authorization` or `X-API-Key`; an empty text where there is none."""
    scheme, _, value = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() in _SCHEMES and value.strip():
        return value.strip()
    return request.headers.get("x-api-key", "").strip()


def address_of(request: HTTPConnection, trusted_proxies: Sequence[str]) -> str:
    """Return the address of the client: the right-most in `X-Forwarded-For` that is no proxy of ours.

    Whoever connects writes the left part of that header as they like; each proxy adds, at the right, whom it has
    seen. So it is read from the right, and only as long as the one who added the word is trusted.
    """
    address = request.client.host if request.client else "unknown"
    networks = [ipaddress.ip_network(network, strict=False) for network in trusted_proxies]
    if not networks:
        return address
    forwarded = ",".join(request.headers.getlist("x-forwarded-for"))[-_MAX_FORWARDED:].split(",")
    while forwarded and _is_within(address, networks):
        before = _plain(forwarded.pop())
        if before is None:
            break
        address = before
    return address


def scheme_of(request: HTTPConnection, trusted_proxies: Sequence[str]) -> str:
    """Return http or https, as the client wrote it: what a proxy that we trust says, or else how it came to us."""
    address = request.client.host if request.client else "unknown"
    networks = [ipaddress.ip_network(network, strict=False) for network in trusted_proxies]
    said = request.headers.get("x-forwarded-proto", "").strip().lower()
    return said if said in ("http", "https") and _is_within(address, networks) else request.url.scheme


def _is_within(address: str, networks: Sequence[ipaddress.IPv4Network | ipaddress.IPv6Network]) -> bool:
    parsed = _parsed(address)
    return parsed is not None and any(parsed in network for network in networks)


def _plain(word: str) -> str | None:
    """Return an address without its port and brackets; None for what is no address."""
    word = word.strip()
    if word.startswith("["):
        word = word[1:].partition("]")[0]
    elif word.count(":") == 1:
        word = word.partition(":")[0]
    parsed = _parsed(word)
    return str(parsed) if parsed else None


def _parsed(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        parsed = ipaddress.ip_address(address.partition("%")[0])
    except ValueError:
        return None
    mapped = parsed.ipv4_mapped if isinstance(parsed, ipaddress.IPv6Address) else None
    return mapped or parsed


def _network(address: str) -> str:
    """Return what is counted as one client: an IPv4 address, or a network of IPv6."""
    parsed = _parsed(address)
    if isinstance(parsed, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((parsed, _V6_NETWORK), strict=False))
    return str(parsed) if parsed else address
