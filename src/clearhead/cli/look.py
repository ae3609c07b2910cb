"""`clearhead look`."""

import dataclasses
import math
import shlex
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from tyro.conf import Positional, arg

from clearhead.cli.model import Device, Engine, Model, translator_of
from clearhead.cli.options import Headings
from clearhead.cli.output import tell, writer
from clearhead.cli.translate import NAMES, Names
from clearhead.errors import ConfigError
from clearhead.extras import require_torch
from clearhead.model.places import Place

if TYPE_CHECKING:
    from clearhead.inspection.maps import AttentionMaps
    from clearhead.translator import Translator

_SHOWN = 20
"""Most tokens that a language model goes on with where it is looked at."""
_PARTS, _NUMBERS, _ROWS, _PATCHES = (
    dataclasses.replace(NAMES, metavar=name) for name in ("PART", "NUMBER", "HEAD:QUERY=KEY", "PART[:TOKENS]")
)
PAGE, NUMBERS, PICTURES = ".html", (".json", ".npz"), (".svg", ".png")


@dataclass(frozen=True, kw_only=True)
class Look:
    """Look inside a translation: a page, numbers or a picture.

    Shows all three attentions of the Transformer, every layer and head.

    Examples:
        clearhead look "The ball is blue." --to es --out look.html
        clearhead look "The ball is blue." --to es --out look.svg --grid
        clearhead look "The ball is blue." --to es --inner --out look.npz
        clearhead look "The ball is blue." --to es --out look.html --without encoder.0 decoder.1.cross.3
    """

    headings: ClassVar[Headings] = {
        "Numbers": ("inner",),
        "Pictures": ("place", "layer", "head", "grid", "sentence"),
        "What if": ("without", "mask_source", "attend", "force", "forbid", "patch", "patch_from", "what_if"),
        "Running": ("engine", "device"),
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
    without: Annotated[Names, _PARTS] = Names()  # noqa: RUF009  (it cannot be changed)
    """Take away parts of the model: encoder.3 (a layer), decoder.1.cross (a sub-layer), encoder.3.self.5 (a head)."""
    mask_source: Annotated[Names, _NUMBERS] = Names()  # noqa: RUF009
    """Hide words of the source from all attention, by their numbers; 1 is the first, punctuation marks count."""
    attend: Annotated[Names, _ROWS] = Names()  # noqa: RUF009
    """Let a head look where you say: decoder.1.cross.3:6=8 makes token 6 look at token 8 (from 0, as on the page)."""
    force: str = ""
    """Begin the translation with this text; to edit a word, give all up to it and the new one."""
    forbid: Annotated[Names, NAMES] = Names()  # noqa: RUF009
    """Words that the translation may not have."""
    patch: Annotated[Names, _PATCHES] = Names()  # noqa: RUF009
    """Put in what a part brings for the sentence of --patch-from: encoder.3, decoder.1.cross or encoder.3.self.5; at
    some tokens only: encoder.3:2,4 (from 0, as on the page)."""
    patch_from: Annotated[str | None, arg(metavar="TEXT")] = None
    """The other sentence for --patch; in the encoder it must have as many tokens, unless they are named."""
    what_if: bool = False
    """Also translate without each layer, and without each head that looks at the source; takes seconds a sentence."""
    engine: Engine = "auto"
    device: Device = "cpu"

    def run(self) -> None:
        """Write the file, and print the translation that it shows and how to open it."""
        require_torch("clearhead look")
        kinds = (PAGE, *NUMBERS, *PICTURES)
        if self.out.suffix not in kinds:
            raise ConfigError(f"unsupported file type {self.out.suffix!r}; use {', '.join(kinds)}")
        from clearhead.model_directory import find, read_config

        if read_config(find(self.model, quiet=True)).plain_text:
            self._look_at_text()
            return
        from clearhead.storage.files import write_refused

        if self.what_if and self.out.suffix in PICTURES:
            raise ConfigError(f"a picture has no room for --what-if; write a page or numbers, not {self.out}")
        paged = self.out.suffix == PAGE
        # What is changed runs in our own code only; nothing else need be loaded for it.
        own = self._changed or self.what_if
        translator = translator_of(self.model, "pytorch" if own else self.engine, self.device)
        maps = translator.look(
            self.text,
            to=self.to,
            target=self.target,
            inner=self.inner or paged,
            measures=self.inner or paged,
            search=(paged or self.inner) and self.target is None,
            what_if=self.what_if,
            **self._changes(),
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
        for line in _told(maps.sentences) if self._changed else ():
            tell(line)
        for line in _by_word(maps.sentences) if self.patch else ():
            tell(line)
        with writer(None) as out:
            out.write(maps.text + "\n")
        tell(opening(self.out))

    @property
    def _changed(self) -> bool:
        return bool(
            self.without
            or self.mask_source
            or self.attend
            or self.force
            or self.forbid
            or self.patch
            or self.patch_from is not None
        )

    def _changes(self) -> dict[str, Any]:
        """Return what is changed as `Translator.look` has it."""
        if not self._changed:
            return {}
        from clearhead.inspection.intervention import Row
        from clearhead.inspection.patching import Patch

        if bool(self.patch) != (self.patch_from is not None):
            raise ConfigError(
                "--patch and --patch-from belong together: a part, and the sentence it is taken from"
            )
        if not all(number.isdecimal() for number in self.mask_source):
            raise ConfigError(
                f"--mask-source needs the numbers of words, from 1, got {' '.join(self.mask_source)}"
            )
        return {
            "without": self.without,
            "mask_source": tuple(map(int, self.mask_source)),
            "rows": tuple(map(Row.of, self.attend)),
            "force": self.force,
            "forbid": self.forbid,
            "patch": tuple(map(Patch.of, self.patch)),
            "patch_from": self.patch_from,
        }

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
        if self._changed or self.what_if:
            raise ConfigError("only a translator can be changed, and this is a language model of plain text")
        maps = Writer.load(self.model, device=self.device).look(self.text, max_length=_SHOWN)
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


def _told(sentences: "Sequence[AttentionMaps]") -> Iterator[str]:
    """Yield what a change does to the plain translation of a sentence."""
    what_if = sentences[0].what_if
    if what_if is None:
        return
    (changed,) = what_if.changes
    yield f"plain translation: {what_if.text}"
    drops = [after - before for before, after in zip(what_if.log_probs, changed.log_probs, strict=True)]
    most = min(range(len(drops)), key=drops.__getitem__)
    line = f"its log-probability: {what_if.log_prob:.2f} before, {changed.log_prob:.2f} after the change"
    yield line + (f", most at “{what_if.words[most]}” ({drops[most]:+.2f})" if drops[most] < -0.005 else "")


def _by_word(sentences: "Sequence[AttentionMaps]") -> Iterator[str]:
    """Yield a table: each word of the plain translation, its probability before and after, and the change in nats."""
    what_if = sentences[0].what_if
    if what_if is None:
        return
    (changed,) = what_if.changes
    width = max(6, *(len(word) for word in what_if.words))
    yield f"  {'word':{width}}  before   after    nats"
    for word, before, after in zip(what_if.words, what_if.log_probs, changed.log_probs, strict=True):
        change = round(after - before, 2) + 0.0  # never -0.00
        yield f"  {word:{width}}  {math.exp(before):6.1%}  {math.exp(after):6.1%}  {change:+6.2f}"


def opening(file: Path) -> str:
    """Return a line that says what was written, and how to open it here."""
    if file.suffix in NUMBERS:
        return f"wrote {file}"
    command = {"darwin": "open", "win32": "start"}.get(sys.platform, "xdg-open")
    where = "; it opens in any browser, without a network" if file.suffix == PAGE else ""
    return f"wrote {file}{where}: {command} {shlex.quote(str(file))}"
