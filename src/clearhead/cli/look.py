"""`clearhead look`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from clearhead.cli.model import Model, translator_of
from clearhead.cli.output import tell, writer
from clearhead.config.choices import EngineName
from clearhead.errors import ConfigError
from clearhead.model.places import Place

PAGE, NUMBERS, PICTURES = ".html", (".json", ".npz"), (".svg", ".png")


@dataclass(frozen=True, kw_only=True)
class Look:
    """Look inside a translation: all three attentions, every layer and head, as a page, numbers or a picture.

    Examples: clearhead look "The ball is blue." --to es --out look.html
    clearhead look "The ball is blue." --to es --target "El balón es azul." --inner --out look.npz
    """

    text: Annotated[Positional[str], arg(metavar="TEXT")]
    """A sentence."""
    out: Path
    """File to write: .html for a page that needs no network, .json or .npz for numbers, .svg or .png (with the
    extra `plot`) for a picture."""
    model: Model = None
    to: str | None = None
    """Target language, where the model has several."""
    target: str | None = None
    """A translation to look at instead of the model's own."""
    inner: bool = False
    """Numbers only: queries, keys, values, every other vector on the way, and measures beyond raw attention too."""
    place: Place = "cross"
    """Pictures only: which of the three attentions."""
    layer: int | None = None
    """Pictures only: one layer, from 0; the mean of all otherwise."""
    head: int | None = None
    """Pictures only: one head, from 0; the mean of all otherwise."""
    grid: bool = False
    """Pictures only: every layer and head, small, side by side."""
    engine: EngineName = "auto"

    def run(self) -> None:
        """Write the file, and print the translation that it shows."""
        kinds = (PAGE, *NUMBERS, *PICTURES)
        if self.out.suffix not in kinds:
            raise ConfigError(f"{self.out} is no name for {', '.join(kinds)}; end it with one of them")
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
