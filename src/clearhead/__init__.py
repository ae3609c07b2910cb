"""Train a Transformer translator, run it, and see what every attention head looks at.

Importing this imports nothing else, neither torch nor numpy; each name is loaded when it is first used.
"""

from importlib import import_module

TYPE_CHECKING = False  # `typing` would be looked for where `-m clearhead` was started
if TYPE_CHECKING:
    from clearhead.config import ModelConfig, RunConfig
    from clearhead.errors import ClearheadError
    from clearhead.model.transformer import Transformer
    from clearhead.terms import Terms
    from clearhead.text.tokenizer import Tokenizer
    from clearhead.translator import Translation, Translator

__version__ = "0.1.0"
__all__ = [
    "ClearheadError",
    "ModelConfig",
    "RunConfig",
    "Terms",
    "Tokenizer",
    "Transformer",
    "Translation",
    "Translator",
    "load",
]

_HOMES = {
    "ClearheadError": "clearhead.errors",
    "ModelConfig": "clearhead.config",
    "RunConfig": "clearhead.config",
    "Terms": "clearhead.terms",
    "Tokenizer": "clearhead.text.tokenizer",
    "Transformer": "clearhead.model.transformer",
    "Translation": "clearhead.translator",
    "Translator": "clearhead.translator",
}


def load(model: str | None = None, *, engine: str = "auto", device: str = "cpu") -> "Translator":
    """Return a translator: the default model, or that of a model directory or a run."""
    from clearhead.translator import Translator

    return Translator.load(model, engine=engine, device=device)


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
