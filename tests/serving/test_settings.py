"""Settings of the service: finite defaults, and a line for each value that is out of its range."""

from dataclasses import fields

import pytest

from clearhead.errors import ConfigError
from clearhead.serving.failures import ServiceFailure, payload, request_id_of
from clearhead.serving.settings import ServingSettings


def test_defaults_are_finite_and_local():
    settings = ServingSettings()
    assert settings.host == "127.0.0.1"
    limits = [
        name for name in (field.name for field in fields(settings)) if name.startswith(("max_", "queue"))
    ]
    assert len(limits) == 9
    assert all(0 < getattr(settings, name) < 2**40 for name in limits)
    assert settings.cors_origins == ()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("port", 70_000),
        ("port", -1),
        ("workers", 0),
        ("max_chars", 0),
        ("max_chars", "5"),
        ("max_beam", True),
        ("deadline_seconds", 0.0),
        ("deadline_seconds", float("nan")),
        ("batch_wait_ms", float("inf")),
        ("page", "yes"),
        ("log", "xml"),
        ("models", ()),
        ("models", ("a", "a")),
        ("host", " "),
        ("default_model", "other"),
        ("trusted_proxies", ("10.0.0.300",)),
        ("cors_origins", ("example.org",)),
        ("cors_origins", ("https://example.org/",)),
    ],
)
def test_a_value_out_of_its_range_is_refused_by_name(name, value):
    with pytest.raises(ConfigError, match=f"^{name} must be .*, got "):
        ServingSettings(**{name: value})


def test_keys_that_are_required_are_somewhere():
    with pytest.raises(ConfigError, match="keys_file must be a file, with require_key"):
        ServingSettings(require_key=True)


def test_a_failure_says_when_to_try_again_in_whole_seconds():
    assert ServiceFailure(503, "busy", "x", retry_after=0.2).headers == {"retry-after": "1"}
    assert ServiceFailure(429, "busy", "x", retry_after=2.1).headers == {"retry-after": "3"}
    assert ServiceFailure(400, "bad", "x").headers == {}


def test_a_request_keeps_its_id():
    scope: dict = {}
    assert request_id_of(scope) == request_id_of(scope) != request_id_of({})
    assert payload("x", "y", "z") == {"error": "x", "code": "y", "request_id": "z"}
