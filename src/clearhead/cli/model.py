"""The flags that name a trained model and the way it runs."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Optional

from tyro.conf import arg

if TYPE_CHECKING:
    from clearhead.translator import Translator

Model = Annotated[
    Optional[Path],
    arg(
        help="Model directory, a run of `clearhead train` or one of its checkpoints; the model that comes with "
        "Clearhead otherwise, which is also called default.",
        metavar="DIR",
    ),
]


def translator_of(model: Path | None, engine: str) -> "Translator":
    """Load the model that was named, or the default one."""
    from clearhead.translator import Translator

    return Translator.load(model, engine=engine)
