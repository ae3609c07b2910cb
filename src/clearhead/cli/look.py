"""`clearhead look`."""

import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

from tyro.conf import Positional, arg

from clearhead.cli.model import EngineChoice, Model, translator_of
from clearhead.cli.output import tell, writer
from clearhead.errors import ConfigError

if TYPE_CHECKING:
    from clearhead.inspection.maps import AttentionMaps

PAGE, NUMBERS, PICTURES = ".html", (".json", ".npz"), (".svg", ".png")


@dataclass(frozen=True, kw_only=True)
class Look:
    """Look inside a translation: all three attentions, every layer and head, as a page, numbers or a picture.

    Examples: clearhead look "The ball is blue." --to es --out look.html
    clearhead look "The ball is blue." --to es --target "El balón es azul." --inner --out look.npz
    """

    text: Annotated[Positional[str], arg(metavar="TEXT")]
    """A sentence, or several: the page then has a list of them to choose from."""
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
    place: Literal["encoder", "decoder", "cross"] = "cross"
    """Pictures only: which of the three attentions."""
    layer: int | None = None
    """Pictures only: one layer, from 0; the mean of all otherwise."""
    head: int | None = None
    """Pictures only: one head, from 0; the mean of all otherwise."""
    grid: bool = False
    """Pictures only: every layer and head, small, side by side."""
    sentence: int = 1
    """Pictures only: which sentence of several, from 1."""
    engine: EngineChoice = "auto"

    def run(self) -> None:
        """Write the file, and print the translation that it shows and how to open it."""
        kinds = (PAGE, *NUMBERS, *PICTURES)
        if self.out.suffix not in kinds:
            raise ConfigError(f"the name {self.out} must end in one of {', '.join(kinds)}")
        from clearhead.storage.files import write_refused

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
            if self.out.suffix in PICTURES:
                self._draw(maps.sentences)
            else:
                maps.save(self.out)
        except OSError as error:
            raise write_refused(self.out, error, "--out") from None
        for note in maps.notes:
            tell(f"note: {note}")
        with writer(None) as out:
            out.write(maps.text + "\n")
        tell(opening(self.out))

    def _draw(self, sentences: "Sequence[AttentionMaps]") -> None:
        from clearhead.inspection import picture

        if not 1 <= self.sentence <= len(sentences):
            raise ConfigError(f"--sentence is {self.sentence}; the text has sentences 1 to {len(sentences)}")
        if len(sentences) > 1:
            tell(f"note: sentence {self.sentence} of {len(sentences)} was drawn; --sentence chooses another")
        maps = sentences[self.sentence - 1]
        drawn = (
            picture.grid(maps, self.place)
            if self.grid
            else picture.svg(maps, self.place, self.layer, self.head)
        )
        picture.save(drawn, self.out)


def opening(file: Path) -> str:
    """Return a line that says what was written, and how to open it here."""
    if file.suffix in NUMBERS:
        return f"wrote {file}"
    command = {"darwin": "open", "win32": "start"}.get(sys.platform, "xdg-open")
    where = "; it opens in any browser, without a network" if file.suffix == PAGE else ""
    return f"wrote {file}{where}: {command} {shlex.quote(str(file))}"
