"""Translating with a model that is in memory only, such as one that is still learning."""

from collections.abc import Sequence

from clearhead.engines.protocol import SpecialIds
from clearhead.engines.pytorch import PyTorchEngine
from clearhead.model.sequence_model import SequenceModel
from clearhead.model_directory import ModelInfo
from clearhead.text.tokenizer import Tokenizer
from clearhead.translator.translator import Translator


def translated(
    model: SequenceModel, tokenizer: Tokenizer, info: ModelInfo, texts: Sequence[str], to: str | None
) -> list[str]:
    """Translate each text as one sentence, with the search of `info.decoding`, as a finished model does."""
    translator = Translator(PyTorchEngine(model, SpecialIds.of(tokenizer)), tokenizer, info)
    return [translation.text for translation in translator.stream(texts, to=to, split="never")]
