"""`clearhead translate`."""

import dataclasses
import os
import stat
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Optional

import tyro.conf
from tyro.conf import Positional
from tyro.constructors import PrimitiveConstructorSpec

from clearhead.cli.model import Engine, Model, translator_of
from clearhead.cli.options import Headings
from clearhead.cli.output import FORMATS, OutputFormat, tell, writer
from clearhead.cli.wording import as_typed
from clearhead.config.choices import Split
from clearhead.errors import ConfigError, DataError

if TYPE_CHECKING:
    from clearhead.translator import Translator


# Types here are such as tyro can check a default of without typeguard, which is an eighth of a cold start:
# `Optional[str]` is, `str | None` and `tuple[str, ...]` are not.


class Texts(tuple[str, ...]):
    """The texts to translate, from the command line."""


_TEXTS = PrimitiveConstructorSpec(
    nargs="*",
    metavar="TEXT ...",
    instance_from_str=Texts,
    is_instance=lambda given: isinstance(given, Texts),
    str_from_instance=list,
)


@dataclass(frozen=True, kw_only=True)
class Translate:
    """Translate text, a file or standard input.

    Each line in gives one line out, in the same order.

    Examples:
        clearhead translate "Je suis étudiant."
        clearhead translate --to es "The ball is blue."
        clearhead translate --model runs/fr-en --input in.fr --output out.en
    """

    headings: ClassVar[Headings] = {
        "Search": ("beam", "alpha", "nbest", "split", "prefix", "min_length", "no_repeat_ngram"),
        "Sampling": ("temperature", "top_k", "top_p", "seed"),
        "Checks": ("align", "detect"),
        "Running": ("engine",),
    }

    text: Annotated[Positional[Texts], _TEXTS] = Texts()  # noqa: RUF009  (it cannot be changed)
    """Text to translate, or .npy files for a model that reads frames of numbers; without it, --input or standard input
    is translated as its lines arrive."""
    model: Model = None
    to: Optional[str] = None
    """Language to translate into, for a model with several."""
    from_: Annotated[Optional[str], tyro.conf.arg(name="from")] = None
    """Language of the text, if you know it: it guides sentence splitting and how numbers are read."""
    input: Optional[str] = None
    """File to translate, one text per line (also .gz, .xz, .bz2, .zst); for a model that reads frames of numbers an
    .npz archive, or a list of .npy files."""
    output: Optional[Path] = None
    """File to write instead of standard output; named FILE.partial until it is complete."""
    beam: Optional[int] = None
    """Beam size; 1 is greedy search. By default the model's own."""
    alpha: Optional[float] = None
    """Exponent of the length penalty; 0: none. By default the model's own."""
    nbest: int = 1
    """Number of translations per text; above 1 it needs --format tsv or json."""
    split: Split = "auto"
    """auto: split each line into sentences and join their translations; never: treat a line as one sentence."""
    format: OutputFormat = "text"
    """text: the translation; json: one object per line; tsv: line number, rank, score, text."""
    engine: Engine = "auto"
    detect: Literal["no", "report", "refuse"] = "no"
    """report: note the language of each line; refuse: also leave lines empty whose language the model has not seen."""
    align: bool = False
    """Add word alignments, omissions and the confidence in each word; needs --format json."""
    prefix: str = ""
    """Text that every translation must start with."""
    min_length: int = 0
    """Smallest number of tokens in a translation."""
    no_repeat_ngram: int = 0
    """Never repeat any N tokens in a row within a sentence; 0: no such rule."""
    temperature: float = 0.0
    """Above 0, sample translations at random instead of searching; 1 samples from the model's own probabilities."""
    top_k: int = 0
    """Sample from the N most probable tokens only; 0: from all."""
    top_p: float = 1.0
    """Sample from the fewest tokens whose probabilities add up to X; 1: from all."""
    seed: int = 1
    """Seed of the sampling."""

    def run(self) -> None:
        """Translate what has arrived, and answer it before waiting for more."""
        if self.text and self.input:
            raise ConfigError("text and --input were both given; give one of them")
        if self.nbest > 1 and self.format == "text":
            raise ConfigError("--nbest above 1 needs --format tsv or json")
        if self.align and self.format != "json":
            raise ConfigError("--align needs --format json")
        from clearhead.data.corpus import holds_both
        from clearhead.data.lines import read_lines

        if self.input and holds_both(self.input) not in (
            None,
            ".tsv",
        ):  # cells of a table are translated each
            raise ConfigError(
                f"{self.input} holds both sides of a text, so its lines are not sentences; give the source alone, one "
                f"sentence per line, or measure with it: clearhead evaluate --source {self.input}"
            )
        translator = translator_of(self.model, self.engine)
        framed = translator.reads_features
        if framed and self.detect != "no":
            raise ConfigError(
                "--detect tells languages of text, and this model reads frames of numbers; leave it out"
            )
        read = None if self.text or (framed and self.input) else read_lines(self.input or "-")
        lines: Iterable[str] = self.text if read is None else read
        if framed and self.input:
            from clearhead.data.frames import references

            lines = references(self.input)
        refused: dict[int, tuple[str, str]] = {}
        if self.detect == "refuse" and not translator.sources:
            raise ConfigError(
                "this model does not record which languages it has seen; --detect report notes each line's language"
            )
        if self.detect != "no":
            lines = self._detected(lines, translator.sources, refused)
        options = self._options(translator)
        with writer(self.output) as out, self._watched() as reached:
            stream = translator.stream(
                lines,
                to=self.to,
                source=self.from_,
                split=self.split,
                prefix=self.prefix,
                align=self.align,
                word_confidence=self.format == "json",
                waits=None if read is None else read.waits,
                reached=reached,
                options=options,
            )
            for number, translation in enumerate(stream, start=1):
                if number in refused:
                    line, why = refused.pop(number)
                    translation = dataclasses.replace(translation, source=line, notes=(why,))
                out.write(FORMATS[self.format](number, translation))
                out.flush()  # somebody may wait for this line before writing the next
                for note in translation.notes:
                    tell(f"line {number}: {as_typed(note, Translate)}")

    def _watched(self) -> AbstractContextManager[Callable[[int], None] | None]:
        """Show progress where that stands in nobody's way."""
        if not self._into_file():
            return nullcontext()
        from clearhead.terminal.watched import watched

        return watched("translating", self._total(), "lines")

    def _into_file(self) -> bool:
        """Say whether the results go into a file."""
        if self.output:
            return True
        try:
            return stat.S_ISREG(os.fstat(sys.stdout.fileno()).st_mode)
        except OSError:  # it is nothing that the system knows
            return False

    def _total(self) -> int | None:
        """Return how many lines there are; None for a stream, and for a file that cannot be read to its end."""
        from clearhead.data.frames import is_frames
        from clearhead.data.lines import is_stream, read_lines

        if self.text:
            return len(self.text)
        if self.input is None or is_stream(self.input):
            return None
        if is_frames(self.input):
            return None
        try:
            return sum(1 for _ in read_lines(self.input))
        except DataError:  # told when its line comes, after the translations of those before it
            return None

    def _detected(
        self, lines: Iterable[str], expected: tuple[str, ...], refused: dict[int, tuple[str, str]]
    ) -> Iterator[str]:
        """Pass lines on, telling their languages; those that are refused become blank, and are kept aside."""
        from clearhead.text.language import detect

        for number, line in enumerate(lines, start=1):
            if not line.strip():
                yield line
                continue
            found = detect(line, expected)
            what = "too short to detect its language"
            if found.language is not None:
                what = f"{found.language} ({100 * found.probability:.0f} %)"
            if found.foreign:
                other = "in another language" if found.language is None else what
                what = f"the text seems to be {other}; this model has seen {', '.join(expected)}"
            if found.foreign and self.detect == "refuse":
                what += "; left empty (--detect report translates it anyway)"
                refused[number] = (line, what)
            else:
                tell(f"line {number}: {what}")
            yield "" if number in refused else line

    def _options(self, translator: "Translator") -> Any:
        from clearhead.engines.protocol import search_options

        return search_options(
            translator.info.decoding,
            beam_size=self.beam,
            alpha=self.alpha,
            num_hypotheses=self.nbest,
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            seed=self.seed,
            min_length=self.min_length,
            no_repeat_ngram=self.no_repeat_ngram,
            scores=self.format != "text" or translator.info.confidence is not None,
        )
