"""What somebody writes in an afternoon: the same converted model, one request at a time, behind plain FastAPI.

SentencePiece, the tag of the target and the end of the sentence, `translate_batch` of one text, the text decoded. It
neither cuts texts into sentences, nor keeps numbers, tags and case apart, nor has limits or a queue.
"""

import json
import os

import ctranslate2
import sentencepiece
from fastapi import FastAPI
from pydantic import BaseModel

VARIABLE = "CLEARHEAD_BENCHMARK_PEER"
"""Names the settings, as JSON, in the environment of the peer."""


class Asked(BaseModel):
    """A request as LibreTranslate's clients send it."""

    q: str
    source: str
    target: str


def create() -> FastAPI:
    """Return the application."""
    settings = json.loads(os.environ[VARIABLE])
    pieces = sentencepiece.SentencePieceProcessor(model_file=settings["tokenizer"])
    translator = ctranslate2.Translator(
        settings["converted"],
        compute_type=settings["compute_type"],
        inter_threads=settings["replicas"],
        intra_threads=settings["threads"],
    )
    app = FastAPI()

    @app.get("/health/ready")
    def ready() -> dict[str, str]:
        return {"status": "ready"}

    @app.post("/translate")
    def translate(asked: Asked) -> dict[str, str]:
        tagged = [f"<2{asked.target}>", *pieces.encode(asked.q, out_type=str), "</s>"]
        (result,) = translator.translate_batch(
            [tagged],
            beam_size=settings["beam_size"],
            patience=settings["patience"],
            length_penalty=settings["alpha"],
            max_input_length=0,
            max_decoding_length=2 * len(tagged) + 20,
        )
        return {"translatedText": pieces.decode(result.hypotheses[0])}

    return app
