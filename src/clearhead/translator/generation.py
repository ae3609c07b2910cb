"""Going on with a text: a language model, its tokenizer and our own search, one prompt at a time."""

from collections.abc import Generator, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Self

from clearhead import model_directory
from clearhead.decoding.hypothesis import Hypothesis, SearchStep
from clearhead.engines.choice import own_code
from clearhead.engines.protocol import SearchOptions
from clearhead.errors import TranslationError
from clearhead.text.normalize import normalize
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import BOS, EOS

if TYPE_CHECKING:
    from clearhead.engines.pytorch import PyTorchEngine
    from clearhead.inspection.maps import AttentionMaps

NEW_TOKENS = 100
"""Most tokens after the prompt, where nobody says otherwise."""


@dataclass(frozen=True, kw_only=True)
class Continuation:
    """One text that goes on from a prompt."""

    prompt: str
    text: str
    """The prompt included."""
    score: float
    """Length-normalised log-probability of all of it."""
    log_prob: float
    """Of all of it and its end, the prompt included (natural logarithm)."""
    num_tokens: int
    """The end counted."""
    ended: bool
    """False where it was only cut at its greatest length."""


class Writer:
    """Goes on with texts, as a language model of plain text would have them go on.

    >>> writer = Writer.load("runs/lm")
    >>> writer.write("The man")[0].text
    'The man is in the garden.'
    """

    def __init__(
        self, engine: "PyTorchEngine", tokenizer: Tokenizer, info: model_directory.ModelInfo, name: str = ""
    ) -> None:
        self.engine, self.tokenizer, self.info, self.name = engine, tokenizer, info, name

    @classmethod
    def load(cls, path: Path | str | None, *, device: str = "cpu") -> Self:
        """Read a model directory or a run's best model; raise TranslationError for a translator."""
        found = model_directory.find(path)
        with model_directory.unchanged(found):
            info = model_directory.read_info(found)
            if not info.plain_text:
                raise TranslationError(
                    f"{path or 'the default model'} translates, and does not go on with a text; use clearhead "
                    'translate, or train a language model: kind = "lm" under [model], and a source without a target'
                )
            if device != "cpu":
                from clearhead.engines.devices import device_named

                device = device_named(device)
            tokenizer, engine = model_directory.read_tokenizer(found), own_code(found, device)()
        return cls(engine, tokenizer, info, str(path))

    def write(
        self,
        prompt: str = "",
        options: SearchOptions | None = None,
        *,
        max_length: int = NEW_TOKENS,
        number: int = 0,
    ) -> list[Continuation]:
        """Return texts that begin with the prompt, best first; samples in the order of their probability.

        At most `max_length` tokens follow the prompt. `number` tells prompts apart: the same one under another number
        is drawn otherwise.
        """
        writing = self.stream(prompt, options, max_length=max_length, number=number)
        while True:
            try:
                next(writing)
            except StopIteration as stop:
                written: list[Continuation] = stop.value
                return written

    def stream(
        self,
        prompt: str = "",
        options: SearchOptions | None = None,
        *,
        max_length: int = NEW_TOKENS,
        number: int = 0,
    ) -> Generator[str, None, list[Continuation]]:
        """Yield what is certain of the text as it is written, the prompt first; return what `write` returns.

        Where several texts are kept at a time nothing is certain before the end, so that nothing is yielded.
        """
        options = options or SearchOptions(decoding=replace(self.info.decoding, beam_size=1))
        forced = self.tokenizer.encode_target(normalize(prompt))
        decoding = replace(
            options.decoding, max_length_factor=0.0, max_length_offset=len(forced) + max_length
        )
        searching = self.engine.trace([EOS], replace(options, decoding=decoding), forced, number)
        alone = options.num_hypotheses == 1 and (options.temperature > 0 or decoding.beam_size == 1)
        hypotheses, shown = yield from self._shown(searching, alone)
        texts = [self._continuation(prompt, each) for each in hypotheses]
        if alone and texts[0].text.startswith(shown):
            yield texts[0].text[len(shown) :]
        return texts

    def score(self, texts: Sequence[str]) -> list[list[float]]:
        """Return the log-probability of every token of each text, and of its end."""
        ids = [self.tokenizer.encode_target(normalize(text)) for text in texts]
        return self.engine.score([[EOS]] * len(ids), ids)

    def look(self, text: str, *, max_length: int = NEW_TOKENS) -> "AttentionMaps":
        """Return the masked self-attention over a text and what the model goes on with, greedily.

        With `max_length` 0 it is that of the text alone. The maps have no encoder and no attention to a source.
        """
        from clearhead.decoding.search import finish
        from clearhead.inspection.about import About
        from clearhead.inspection.record import record
        from clearhead.inspection.tokens import Tokens

        ids = self.tokenizer.encode_target(normalize(text))
        if max_length:
            decoding = replace(
                self.info.decoding,
                beam_size=1,
                max_length_factor=0.0,
                max_length_offset=len(ids) + max_length,
            )
            searching = self.engine.trace([EOS], SearchOptions(decoding=decoding), ids)
            ids = list(finish(searching)[0][0].tokens)
        ids = [*ids, EOS]
        pieces, spans = self.tokenizer.pieces(ids), self.tokenizer.spans(ids)
        return record(
            self.engine.model,
            Tokens("", (EOS,), tuple(self.tokenizer.pieces([EOS])), (None,)),
            Tokens(self.tokenizer.decode(ids), tuple(ids), tuple(pieces), tuple(spans)),
            start=BOS,
            piece=lambda id_: self.tokenizer.pieces([id_])[0],
            about=About(model=self.name, engine=f"{self.engine.name} {self.engine.precision}"),
        )

    def _shown(
        self, searching: Iterator[SearchStep], alone: bool
    ) -> Generator[str, None, tuple[list[Hypothesis], str]]:
        """Yield what each step of a search of one hypothesis adds; return what was found, and all that was yielded."""
        shown = ""
        while True:
            try:
                step = next(searching)
            except StopIteration as stop:
                return stop.value[0], shown
            for each in step.sentences[0].candidates if alone else ():
                text = self._certain(each.tokens) if each.fate == "kept" else shown
                if text.startswith(shown) and text != shown:
                    yield text[len(shown) :]
                    shown = text

    def _certain(self, ids: Sequence[int]) -> str:
        """Return the text of ids without a character whose bytes are not all there yet."""
        return self.tokenizer.decode(list(ids)).rstrip("\ufffd")

    def _continuation(self, prompt: str, found: Hypothesis) -> Continuation:
        return Continuation(
            prompt=prompt,
            text=self.tokenizer.decode(list(found.tokens)),
            score=found.score,
            log_prob=found.log_prob,
            num_tokens=len(found.tokens) + 1,
            ended=not found.truncated,
        )
