"""Sources that are no text, as a translator reads them: each is one sentence, whose frames are what the engine gets."""

from collections.abc import Iterable, Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

from clearhead.config import ModelConfig
from clearhead.corpora.frames import Frames, are_frames, checked, read_frames
from clearhead.errors import TranslationError
from clearhead.inspection.tokens import Tokens
from clearhead.storage import untrusted
from clearhead.surface.form import Form
from clearhead.surface.masking import Masked
from clearhead.text.sentences import Stretch
from clearhead.text.words import Span
from clearhead.translator.passage import Passage, Sentence

FeatureSource = str | Path | Frames
"""The reference of frames in a file, or the frames."""


def checked_sources(sources: Iterable[Any]) -> Iterator[FeatureSource]:
    """Yield sources; raise TranslationError, with its place, for what names no file and is no array."""
    for number, source in enumerate(sources, start=1):
        if not (isinstance(source, str | Path) or are_frames(source)):
            raise TranslationError(
                f"source {number} is {untrusted.shown(source)} ({type(source).__name__}); this model reads frames of "
                "numbers: give the name of an .npy file, or an array [length, features]"
            )
        yield source


def frames_of(source: FeatureSource, model: ModelConfig) -> Frames:
    """Return the frames of a source; raise DataError where they are damaged, or of another width than the model's."""
    if are_frames(source):
        return checked(source, "the array", model.source_features)
    return read_frames(str(source), model.source_features)


def frames_passage(source: FeatureSource, model: ModelConfig) -> Passage:
    """Return a source as a passage of one sentence."""
    frames = frames_of(source, model)
    name = f"{len(frames)} frames" if are_frames(source) else str(source)
    return Passage(name, [Stretch(name, True)], [Sentence(name, 1, Form("", Masked("")), frames)])


def frame_tokens(frames: Frames, model: ModelConfig) -> Tokens:
    """Return the encoder's positions of a source as tokens, each named by where its frames begin.

    In seconds where the model knows how far its frames are apart (`source_seconds`), else in frames.
    """
    positions = range(model.source_positions(len(frames)))
    starts = [place * model.frames_per_position for place in positions]
    seconds = model.source_seconds
    labels = [f"{start * seconds:.2f}" if seconds else str(start) for start in starts]
    ends = list(accumulate(len(label) + 1 for label in labels))
    spans = [Span(end - 1 - len(label), end - 1) for end, label in zip(ends, labels, strict=True)]
    return Tokens(" ".join(labels), tuple(positions), tuple(labels), tuple(spans))
