"""`clearhead generate`."""

import dataclasses
import json
from collections.abc import Iterable
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Annotated, Any, ClassVar

from tyro.conf import Positional

from clearhead.cli.model import Device, Model
from clearhead.cli.options import Headings
from clearhead.cli.output import OutputFormat, writer
from clearhead.cli.translate import TEXTS, Texts
from clearhead.extras import require_torch

if TYPE_CHECKING:
    from clearhead.translator.generation import Continuation, Writer


@dataclass(frozen=True, kw_only=True)
class Generate:
    """Continue text with a language model.

    Each prompt gives one text, or as many as --nbest asks for; an empty line begins from nothing.

    Examples:
        clearhead generate --model runs/lm "The man"
        clearhead generate --model runs/lm --temperature 0.8 --top-p 0.9 --nbest 5 "The man"
        clearhead generate --model runs/lm --temperature 1 < prompts.txt
    """

    headings: ClassVar[Headings] = {
        "Search": ("beam", "alpha", "nbest", "max_length", "min_length", "no_repeat_ngram"),
        "Sampling": ("temperature", "top_k", "top_p", "seed"),
    }

    text: Annotated[Positional[Texts], TEXTS] = Texts()  # noqa: RUF009  (it cannot be changed)
    """Beginning of a text; without it, each line of standard input is one."""
    model: Model = None
    device: Device = "cpu"
    beam: int = 1
    """Beam size; 1 is greedy search."""
    alpha: float = 0.0
    """Exponent of the length penalty; 0: none."""
    nbest: int = 1
    """Number of texts per prompt: the best of the beam, or as many samples."""
    max_length: int = 100
    """Most tokens after the prompt."""
    min_length: int = 0
    """Smallest number of tokens in a text."""
    no_repeat_ngram: int = 0
    """Never repeat any N tokens in a row within a text; 0: no such rule."""
    temperature: float = 0.0
    """Above 0, sample at random instead of searching; 1 samples from the model's own probabilities."""
    top_k: int = 0
    """Sample from the N most probable tokens only; 0: from all."""
    top_p: float = 1.0
    """Sample from the fewest tokens whose probabilities add up to X; 1: from all."""
    seed: int = 1
    """Seed of the sampling."""
    format: OutputFormat = "text"
    """text: the text, as it is written; json: one object per prompt; tsv: line number, rank, score, text."""

    def run(self) -> None:
        """Write each text as it comes about."""
        require_torch("clearhead generate")
        from clearhead.config.checks import check_integer
        from clearhead.corpora.lines import read_lines
        from clearhead.translator.generation import Writer

        check_integer("max_length", self.max_length, 1, 9_000)
        options = self._options()
        model = Writer.load(self.model, device=self.device)
        prompts: Iterable[str] = self.text or read_lines("-")
        with writer(None) as out:
            for number, prompt in enumerate(prompts, start=1):
                self._write(model, number, prompt, options, out)

    def _write(self, model: "Writer", number: int, prompt: str, options: Any, out: IO[str]) -> None:
        one = self.nbest == 1 and (self.temperature > 0 or self.beam == 1)  # of several none is certain
        streamed = one and self.format == "text"
        writing = model.stream(prompt, options, max_length=self.max_length, number=number)
        while True:
            try:
                more = next(writing)
            except StopIteration as stop:
                texts: list[Continuation] = stop.value
                break
            if streamed:
                out.write(_on_one_line(more))
                out.flush()  # somebody reads along
        out.write("\n" if streamed else _FORMATS[self.format](number, texts))
        out.flush()

    def _options(self) -> Any:
        from clearhead.config import DecodingConfig
        from clearhead.engines.protocol import SearchOptions

        width = self.beam if self.temperature else max(self.beam, self.nbest)
        return SearchOptions(
            decoding=DecodingConfig(beam_size=width, alpha=self.alpha),
            num_hypotheses=self.nbest,
            temperature=self.temperature,
            top_k=self.top_k,
            top_p=self.top_p,
            seed=self.seed,
            min_length=self.min_length,
            no_repeat_ngram=self.no_repeat_ngram,
        )


def _on_one_line(text: str) -> str:
    """Return text without line breaks, which end a text here."""
    return " ".join(text.split("\n"))


def _lines(number: int, texts: "list[Continuation]") -> str:
    return "".join(f"{_on_one_line(each.text)}\n" for each in texts)


def _object(number: int, texts: "list[Continuation]") -> str:
    rows = [dataclasses.asdict(each) for each in texts]
    found = [{name: value for name, value in row.items() if name != "prompt"} for row in rows]
    return json.dumps({"prompt": texts[0].prompt, "texts": found}, ensure_ascii=False) + "\n"


def _rows(number: int, texts: "list[Continuation]") -> str:
    return "".join(
        f"{number}\t{rank}\t{each.score:.6f}\t{_on_one_line(each.text).replace(chr(9), ' ')}\n"
        for rank, each in enumerate(texts, start=1)
    )


_FORMATS = {"text": _lines, "json": _object, "tsv": _rows}
