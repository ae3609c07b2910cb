"""The flags that name a trained model and the way it runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

from tyro.conf import arg

from clearhead.config.choices import EngineName

if TYPE_CHECKING:
    from clearhead.translator import Translator

Engine = Annotated[
    EngineName,
    arg(help="ctranslate2: fast, on the CPU; pytorch: also samples and runs on GPUs; auto: whichever fits."),
]
Model = Annotated[
    Optional[Path],
    arg(
        help="Model directory, training run or checkpoint; without it the model that comes with Clearhead, "
        "which is also called `default`.",
        metavar="DIR",
    ),
]


def translator_of(model: Path | None, engine: str) -> "Translator":
    """Load the named model, or the default one."""
    from clearhead.translator import Translator

    return Translator.load(model, engine=engine)
