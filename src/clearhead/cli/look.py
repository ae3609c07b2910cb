"""`clearhead look`."""

import dataclasses
import shlex
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, ClassVar

from tyro.conf import Positional, arg

from clearhead.cli.model import Engine, Model, translator_of
from clearhead.cli.options import Headings
from clearhead.cli.output import tell, writer
from clearhead.errors import ConfigError
from clearhead.model.places import Place

if TYPE_CHECKING:
    from clearhead.inspection.maps import AttentionMaps
    from clearhead.translator import Translator

_SHOWN = 20
"""Most tokens that a language model goes on with where it is looked at."""
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
        "Pictures": ("place", "layer", "head", "grid", "sentence"),
        "Running": ("engine",),
    }

    text: Annotated[Positional[str], arg(metavar="TEXT")]
    """A sentence, or several: the page then has a list of them to choose from. For a model that reads frames of numbers
    an .npy file, or ARCHIVE.npz:NAME."""
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
    place: Place = "cross"
    """Which of the three attentions to draw."""
    layer: int | None = None
    """Layer to draw, from 0; by default the mean of all."""
    head: int | None = None
    """Head to draw, from 0; by default the mean of all."""
    grid: bool = False
    """Draw every layer and head, small, side by side."""
    sentence: int = 1
    """Sentence to draw, of several; from 1."""
    engine: Engine = "auto"

    def run(self) -> None:
        """Write the file, and print the translation that it shows and how to open it."""
        kinds = (PAGE, *NUMBERS, *PICTURES)
        if self.out.suffix not in kinds:
            raise ConfigError(f"unsupported file type {self.out.suffix!r}; use {', '.join(kinds)}")
        from clearhead.model_directory import find, read_config

        if read_config(find(self.model, quiet=True)).plain_text:
            self._look_at_text()
            return
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
                self._draw(maps.sentences, translator)
            else:
                maps.save(self.out)
        except OSError as error:
            raise write_refused(self.out, error, "--out") from None
        for note in maps.notes:
            tell(f"note: {note}")
        with writer(None) as out:
            out.write(maps.text + "\n")
        tell(opening(self.out))

    def _look_at_text(self) -> None:
        """Write the masked self-attention of a language model over a text and how it goes on."""
        from clearhead.storage.files import write_refused
        from clearhead.translator.generation import Writer

        if self.out.suffix not in (".npz", *PICTURES):
            raise ConfigError(
                f"{self.out} would show a translation, and this is a language model of plain text; name a .svg, .png "
                "or .npz file"
            )
        if self.to or self.target or self.inner:
            raise ConfigError("a language model translates nothing; leave out --to, --target and --inner")
        maps = Writer.load(self.model).look(self.text, max_length=_SHOWN)
        try:
            if self.out.suffix in PICTURES:
                dataclasses.replace(self, place="decoder")._draw((maps,))
            else:
                maps.save(self.out)
        except OSError as error:
            raise write_refused(self.out, error, "--out") from None
        with writer(None) as out:
            out.write(maps.text + "\n")
        tell(opening(self.out))

    def _draw(self, sentences: "Sequence[AttentionMaps]", translator: "Translator | None" = None) -> None:
        from clearhead.inspection import picture

        if not 1 <= self.sentence <= len(sentences):
            raise ConfigError(f"--sentence is {self.sentence}; the text has sentences 1 to {len(sentences)}")
        if len(sentences) > 1:
            tell(f"note: sentence {self.sentence} of {len(sentences)} was drawn; --sentence chooses another")
        maps = sentences[self.sentence - 1]
        if translator and translator.reads_features and self.place == "cross" and not self.grid:
            from clearhead.corpora.frames import read_frames
            from clearhead.inspection.timeline import timeline

            drawn = timeline(maps, read_frames(self.text), translator.info.model, self.layer, self.head)
            picture.save(drawn, self.out)
            return
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
