"""LibreTranslate's own service with the same converted model behind it, run by a Python that has LibreTranslate.

Its model is replaced by `translate_batch` of one text, as the peer of `peer.py` has it, since its own models differ and
are fetched from elsewhere. Interface, checks and server are its own; this file imports nothing of Clearhead.

    PYTHON -P benchmarks/serving/libretranslate_peer.py --host 127.0.0.1 --port PORT
"""

import json
import os

import ctranslate2
import sentencepiece
from argostranslate import translate

SETTINGS = json.loads(os.environ["CLEARHEAD_BENCHMARK_PEER"])
PIECES = sentencepiece.SentencePieceProcessor(model_file=SETTINGS["tokenizer"])
TRANSLATOR = ctranslate2.Translator(
    SETTINGS["converted"],
    compute_type=SETTINGS["compute_type"],
    inter_threads=SETTINGS["replicas"],
    intra_threads=SETTINGS["threads"],
)


class Direction(translate.ITranslation):
    """Translates from one language into another."""

    def __init__(self, from_lang: translate.Language, to_lang: translate.Language) -> None:
        self.from_lang, self.to_lang = from_lang, to_lang

    def hypotheses(self, input_text: str, num_hypotheses: int = 4) -> list[translate.Hypothesis]:
        """Return the best translations of a text."""
        tagged = [f"<2{self.to_lang.code}>", *PIECES.encode(input_text, out_type=str), "</s>"]
        (result,) = TRANSLATOR.translate_batch(
            [tagged],
            beam_size=SETTINGS["beam_size"],
            patience=SETTINGS["patience"],
            length_penalty=SETTINGS["alpha"],
            num_hypotheses=num_hypotheses,
            max_input_length=0,
            max_decoding_length=2 * len(tagged) + 20,
            return_scores=True,
        )
        found = zip(result.hypotheses, result.scores, strict=True)
        return [translate.Hypothesis(PIECES.decode(pieces), score) for pieces, score in found]


def languages() -> list[translate.Language]:
    """Return the languages of the model, each with its directions."""
    known = [
        translate.Language(code, name)
        for code, name in (("en", "English"), ("fr", "French"), ("de", "German"))
    ]
    for language in known:
        language.translations_from = [Direction(language, other) for other in known if other is not language]
        language.translations_to = [Direction(other, language) for other in known if other is not language]
    return known


if __name__ == "__main__":
    translate.get_installed_languages = languages
    from libretranslate.main import main

    main()
