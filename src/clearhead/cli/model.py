"""The flags that name a trained model and the way it runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import arg

from clearhead.errors import ConfigError

if TYPE_CHECKING:
    from clearhead.translator import Translator

SplitChoice = Literal["auto", "never"]
EngineChoice = Literal["auto", "pytorch", "ctranslate2"]
Model = Annotated[Path | None, arg(help="Model directory, or a run of `clearhead train`.", metavar="DIR")]


def named(model: Path | None) -> Path:
    """Return the model that was named; raise ConfigError where none was."""
    if model is None:
        raise ConfigError("no model given; say --model DIR, or make one with `clearhead demo --out DIR`")
    return model


def translator_of(model: Path | None, engine: str) -> "Translator":
    """Load the model that was named."""
    path = named(model)
    from clearhead.translator import Translator

    return Translator.load(path, engine=engine)
