"""`clearhead serve`."""

from dataclasses import asdict, dataclass, replace
from importlib import import_module
from pathlib import Path
from tempfile import TemporaryDirectory, TemporaryFile
from typing import ClassVar

from clearhead.cli.options import Headings
from clearhead.cli.output import tell
from clearhead.errors import ConfigError
from clearhead.extras import missing
from clearhead.serving.settings import ServingSettings

_NEEDED = {
    "fastapi": "fastapi",
    "pydantic": "pydantic",
    "granian": "granian",
    "python-multipart": "python_multipart",
    "prometheus-client": "prometheus_client",
    "py3langid": "py3langid",
}
"""Packages, and the module of each."""


@dataclass(frozen=True, kw_only=True)
class Serve(ServingSettings):
    """Translate in the browser, and for programs over HTTP.

    The page is at the address that is printed, what programs can ask for at /docs below it. Programs that were
    written for LibreTranslate work with this address in place of its own. Ctrl-C ends it, once what was accepted
    is translated.

    Examples:
        clearhead serve
        clearhead serve --models default runs/fr-en --port 8000
        clearhead serve --host 0.0.0.0 --require-key --keys-file keys.sqlite --requests-per-minute 60
    """

    headings: ClassVar[Headings] = {
        "Limits of a request": (
            "max_body_bytes",
            "max_file_bytes",
            "max_file_chars",
            "max_chars",
            "max_list",
            "max_alternatives",
            "max_beam",
            "max_cells",
            "deadline_seconds",
        ),
        "Queue and memory": (
            "queue_tokens",
            "batch_tokens",
            "batch_wait_ms",
            "cache_entries",
            "model_bytes",
            "drain_seconds",
        ),
        "Clients": (
            "require_key",
            "keys_file",
            "requests_per_minute",
            "chars_per_minute",
            "trusted_proxies",
            "cors_origins",
        ),
        "Files": ("suggestions_file", "files_minutes", "files_folder"),
    }

    def run(self) -> None:
        """Serve until a signal ends it."""
        check_installed()
        from clearhead.serving.models import Models
        from clearhead.serving.server import serve

        settings = ServingSettings(**asdict(self))
        check_files(settings)
        Models(settings.models, settings)  # what is not there is said before anything is started
        first = settings.default_model or settings.models[0]
        tell(f"loading {first}; the first time it is converted, which takes a minute or so")
        with TemporaryDirectory(prefix="clearhead-") as folder:  # which all processes share
            serve(
                replace(settings, files_folder=settings.files_folder or folder),
                ready=lambda address: tell(
                    f"translating at {address}, for programs see {address}docs; Ctrl-C ends it"
                ),
            )


def check_files(settings: ServingSettings) -> None:
    """Open what a service keeps, and make its folder. Raises ConfigError or DataError where that cannot be done."""
    from clearhead.serving.keys import Keys
    from clearhead.serving.suggestions import Suggestions

    if settings.keys_file:
        Keys(settings.keys_file).listed()
    if settings.suggestions_file:
        Suggestions(Path(settings.suggestions_file))
    if settings.files_folder:
        _check_folder(Path(settings.files_folder))


def _check_folder(folder: Path) -> None:
    """Make a folder that only its owner reads, and write into it."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise ConfigError(
            f"cannot keep translated documents in {folder}: {error.strerror}; give another --files-folder"
        ) from None


def check_installed() -> None:
    """Raise ConfigError, which names what to install, where a package that serving needs is missing."""
    absent = [package for package, module in _NEEDED.items() if not _is_there(module)]
    if absent:
        raise ConfigError(missing("`clearhead serve`", *absent))


def _is_there(module: str) -> bool:
    try:
        import_module(module)
    except ImportError:
        return False
    return True
