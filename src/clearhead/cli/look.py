"""`clearhead look`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from tyro.conf import Positional, arg

from clearhead.cli.model import Engine, Model, translator_of
from clearhead.cli.options import Headings
from clearhead.cli.output import tell, writer
from clearhead.errors import ConfigError

PAGE, NUMBERS, PICTURES = ".html", (".json", ".npz"), (".svg", ".png")


@dataclass(frozen=True, kw_only=True)
class Look:
    """Look inside a translation: a page, numbers or a picture.

    Shows all three attentions of the Transformer, every layer and head.

    Examples:
        clearhead look "The ball is blue." --to es --out look.html
        clearhead look "The ball is blue." --to es --out look.svg --grid
        clearhead look "The ball is blue." --to es --inner --out look.npz
    """

    headings: ClassVar[Headings] = {
        "Numbers": ("inner",),
        "Pictures": ("place", "layer", "head", "grid"),
        "Running": ("engine",),
    }

    text: Annotated[Positional[str], arg(metavar="TEXT")]
    """The sentence to translate and look at."""
    out: Annotated[Path, arg(metavar="FILE")]
    """File to write: .html for a page, .json or .npz for numbers, .svg or .png for a picture (.png needs the extra
    `plot`)."""
    model: Model = None
    to: str | None = None
    """Language to translate into, for a model with several."""
    target: Annotated[str | None, arg(metavar="TEXT")] = None
    """A translation to look at instead of the model's own."""
    inner: bool = False
    """Also write queries, keys, values, all other vectors, and measures beyond raw attention."""
    place: Literal["encoder", "decoder", "cross"] = "cross"
    """Which of the three attentions to draw."""
    layer: int | None = None
    """Layer to draw, from 0; by default the mean of all."""
    head: int | None = None
    """Head to draw, from 0; by default the mean of all."""
    grid: bool = False
    """Draw every layer and head, small, side by side."""
    engine: Engine = "auto"

    def run(self) -> None:
        """Write the file, and print the translation that it shows."""
        kinds = (PAGE, *NUMBERS, *PICTURES)
        if self.out.suffix not in kinds:
            raise ConfigError(f"unsupported file type {self.out.suffix!r}; use {', '.join(kinds)}")
        from clearhead.storage.files import write_file, write_refused

        paged = self.out.suffix == PAGE
        translator = translator_of(self.model, self.engine)
        maps = translator.look(
            self.text,
            to=self.to,
            target=self.target,
            inner=self.inner or paged,
            measures=self.inner or paged,
            search=(paged or self.inner) and self.target is None,
        )
        try:
            if paged:
                from clearhead.inspection.page import page

                write_file(self.out, page(maps).encode())
            elif self.out.suffix in NUMBERS:
                maps.save(self.out)
            else:
                from clearhead.inspection import picture

                drawn = (
                    picture.grid(maps, self.place)
                    if self.grid
                    else picture.svg(maps, self.place, self.layer, self.head)
                )
                picture.save(drawn, self.out)
        except OSError as error:
            raise write_refused(self.out, error, "--out") from None
        for note in maps.about["notes"]:
            tell(f"note: {note}")
        with writer(None) as out:
            out.write(maps.target.text + "\n")
