"""Every limit of the service, each with a finite default."""

import ipaddress
import re
from dataclasses import dataclass, fields
from typing import Literal, get_args

from clearhead.config.checks import check, check_integer

LogFormat = Literal["text", "json", "none"]

_LEAST = {
    "port": 0,
    "requests_per_minute": 0,
    "chars_per_minute": 0,
    "cache_entries": 0,
    "max_alternatives": 0,
}
"""Of whole numbers; 1 for the others."""
_ORIGIN = re.compile(r"\*|https?://[^/\s?#@]+")
_MOST = {"port": 65_535, "workers": 256, "max_beam": 100, "max_alternatives": 99}


@dataclass(frozen=True, kw_only=True)
class ServingSettings:
    """How a service runs, and what it accepts. Raises ConfigError for a value out of its range."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 is every network that this machine is in."""
    port: int = 5000
    """Port to listen on."""
    workers: int = 1
    """Processes that share the port, each with its own models."""
    models: tuple[str, ...] = ("default",)
    """Models to serve: names, model directories or training runs; `default` is the one that comes with Clearhead."""
    default_model: str = ""
    """Model for requests that name none; without it the first that has the languages."""
    device: str = "cpu"
    """Where the models run: cpu, cuda or cuda:N; auto: a GPU if there is one."""
    max_body_bytes: int = 1_000_000
    """Most bytes of a request, files apart."""
    max_file_bytes: int = 10_000_000
    """Most bytes of a document."""
    max_file_chars: int = 200_000
    """Most characters of the texts of a document."""
    max_chars: int = 5_000
    """Most characters of all texts of a request together."""
    max_list: int = 100
    """Most texts of a request."""
    max_alternatives: int = 5
    """Most alternatives that a request may ask for."""
    max_beam: int = 8
    """Largest beam that a request may ask for."""
    max_cells: int = 4_000_000
    """Most numbers in the attention maps of an answer."""
    queue_tokens: int = 20_000
    """Most tokens that wait; more are refused at once, with the time after which to try again."""
    batch_tokens: int = 2_048
    """Most tokens that are translated together."""
    batch_wait_ms: float = 3.0
    """Milliseconds that a request waits for others to share its batch."""
    deadline_seconds: float = 30.0
    """Seconds after which a translation is given up."""
    cache_entries: int = 10_000
    """Translations that are remembered; 0: none."""
    requests_per_minute: int = 0
    """Most requests a minute from each key or address; 0: no limit."""
    chars_per_minute: int = 0
    """Most characters a minute from each key or address; 0: no limit."""
    require_key: bool = False
    """Answer only requests with a key of `clearhead keys`."""
    keys_file: str = ""
    """Database of the keys."""
    suggestions_file: str = ""
    """Database of the corrections that people suggest; without it suggestions are refused."""
    files_minutes: int = 60
    """Minutes that a translated document can be downloaded."""
    files_folder: str = ""
    """Folder for translated documents until then; without it a temporary one, which goes when the service ends."""
    trusted_proxies: tuple[str, ...] = ()
    """Addresses or networks of proxies whose word on a client's address is taken."""
    cors_origins: tuple[str, ...] = ()
    """Origins of web pages that may use the service from a browser, such as https://example.org; `*`: all."""
    model_bytes: int = 2_000_000_000
    """Most bytes of models in memory; the least recently used leave first."""
    drain_seconds: float = 30.0
    """Seconds that accepted requests may take after the service was asked to end."""
    page: bool = True
    """Show the page at /."""
    log: LogFormat = "text"
    """Access log on standard error, always without texts: text, json or none."""

    def __post_init__(self) -> None:
        for field in fields(self):
            value = getattr(self, field.name)
            if field.type is int:
                check_integer(field.name, value, _LEAST.get(field.name, 1), _MOST.get(field.name, 2**53))
            elif field.type is float:
                number = isinstance(value, int | float) and not isinstance(value, bool)
                check(number and 0 <= value <= 86_400, field.name, value, "a number from 0 to 86400")
            elif field.type is bool:
                check(isinstance(value, bool), field.name, value, "true or false")
        check(self.deadline_seconds > 0, "deadline_seconds", self.deadline_seconds, "above 0")
        check(bool(self.host.strip()), "host", self.host, "an address")
        check(self.log in get_args(LogFormat), "log", self.log, "one of " + ", ".join(get_args(LogFormat)))
        check(bool(self.models) and all(self.models), "models", self.models, "at least one name")
        check(len(set(self.models)) == len(self.models), "models", self.models, "names that differ")
        known = not self.default_model or self.default_model in self.models
        check(known, "default_model", self.default_model, "one of the models: " + ", ".join(self.models))
        check(
            not self.require_key or bool(self.keys_file),
            "keys_file",
            self.keys_file,
            "a file, with require_key",
        )
        for address in self.trusted_proxies:
            check(
                _is_network(address), "trusted_proxies", address, "an address or network such as 10.0.0.0/8"
            )
        for origin in self.cors_origins:
            check(
                bool(_ORIGIN.fullmatch(origin)),
                "cors_origins",
                origin,
                "* or the origin of a page, such as https://example.org, without a path",
            )


def _is_network(address: str) -> bool:
    try:
        ipaddress.ip_network(address, strict=False)
    except ValueError:
        return False
    return True
