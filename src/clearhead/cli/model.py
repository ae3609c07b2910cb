"""The flags that name a trained model and the way it runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

from tyro.conf import arg

from clearhead.config.choices import EngineName

if TYPE_CHECKING:
    from clearhead.translator import Translator

Engine = Annotated[
    EngineName,
    arg(help="ctranslate2: fast on the CPU; pytorch: also samples, fast on a GPU; auto: whichever fits."),
]
Device = Annotated[
    str, arg(help="Where the model runs: cpu, cuda or cuda:N; auto: a GPU if there is one.", metavar="NAME")
]
Model = Annotated[
    Optional[Path],
    arg(
        help="Model directory, training run or checkpoint; without it the model that comes with Clearhead, "
        "which is also called `default`.",
        metavar="DIR",
    ),
]


def translator_of(model: Path | None, engine: str, device: str = "cpu") -> "Translator":
    """Load the named model, or the default one, onto a device."""
    from clearhead.translator import Translator

    return Translator.load(model, engine=engine, device=device)
