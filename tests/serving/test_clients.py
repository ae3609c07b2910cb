"""Clients: an address that nobody can make up, and a key from wherever clients put it."""

import pytest
from starlette.requests import Request

from clearhead.serving.clients import address_of, client_of, scheme_of
from clearhead.serving.failures import ServiceFailure
from clearhead.serving.keys import Keys
from clearhead.serving.settings import ServingSettings


def request(peer="127.0.0.1", query="", **headers):
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "client": (peer, 1), "headers": pairs, "query_string": query.encode()})


@pytest.mark.parametrize(
    ("peer", "forwarded", "trusted", "address"),
    [
        ("9.9.9.9", "1.1.1.1", (), "9.9.9.9"),
        ("9.9.9.9", "1.1.1.1", ("10.0.0.0/8",), "9.9.9.9"),
        ("10.0.0.1", "1.1.1.1", ("10.0.0.0/8",), "1.1.1.1"),
        ("10.0.0.1", "6.6.6.6, 1.1.1.1", ("10.0.0.0/8",), "1.1.1.1"),
        ("10.0.0.1", "6.6.6.6, 1.1.1.1, 10.2.3.4", ("10.0.0.0/8",), "1.1.1.1"),
        ("10.0.0.1", "6.6.6.6, rubbish, 10.2.3.4", ("10.0.0.0/8",), "10.2.3.4"),
        ("10.0.0.1", "1.1.1.1:5511", ("10.0.0.1",), "1.1.1.1"),
        ("::1", "[2001:db8::7]:80", ("::1",), "2001:db8::7"),
        ("::ffff:10.0.0.1", "1.1.1.1", ("10.0.0.0/8",), "1.1.1.1"),
        ("10.0.0.1", "", ("10.0.0.0/8",), "10.0.0.1"),
        ("10.0.0.1", "6.6.6.6," * 5000 + "1.1.1.1", ("10.0.0.0/8",), "1.1.1.1"),
    ],
)
def test_the_right_most_address_that_is_no_proxy(peer, forwarded, trusted, address):
    assert address_of(request(peer, x_forwarded_for=forwarded), trusted) == address


@pytest.mark.parametrize(
    ("peer", "said", "scheme"),
    [
        ("10.0.0.1", "https", "https"),
        ("10.0.0.1", "javascript", "http"),
        ("10.0.0.1", "", "http"),
        ("9.9.9.9", "https", "http"),
    ],
)
def test_the_scheme_is_that_of_a_proxy_that_is_trusted(peer, said, scheme):
    asked = request(peer, host="a", x_forwarded_proto=said)
    asked.scope.update(scheme="http", path="/", server=("127.0.0.1", 5000))
    assert scheme_of(asked, ("10.0.0.0/8",)) == scheme


def test_addresses_of_one_customer_are_one_client():
    settings = ServingSettings()
    names = {client_of(request(f"2001:db8:1:2::{last}"), settings, None).name for last in ("1", "ffff")}
    assert names == {"address:2001:db8:1:2::/64"}
    assert client_of(request("2001:db8:1:3::1"), settings, None).name not in names


def test_a_key_from_wherever_clients_put_it(tmp_path):
    keys = Keys(tmp_path / "keys.sqlite")
    key = keys.add("the wiki")
    settings = ServingSettings(require_key=True, keys_file=str(keys.path))
    clients = [
        client_of(request(authorization=f"Bearer {key}"), settings, keys),
        client_of(request(authorization=f"DeepL-Auth-Key {key}"), settings, keys),
        client_of(request(x_api_key=key), settings, keys),
        client_of(request(query=f"api_key={key}"), settings, keys),
        client_of(request(), settings, keys, key),
    ]
    assert {client.name for client in clients} == {f"key:{keys.listed()[0].id}"}
    for wrong, code in ((request(), "key_required"), (request(x_api_key="no"), "unknown_key")):
        with pytest.raises(ServiceFailure) as failure:
            client_of(wrong, settings, keys)
        assert (failure.value.status, failure.value.code) == (403, code)
    assert client_of(request(x_api_key="no"), ServingSettings(), None).key is None
