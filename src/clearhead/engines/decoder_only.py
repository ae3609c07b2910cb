"""A decoder-only model as CTranslate2's Generator runs it: written, run and proved equal to our own code.

It is what an export writes. Inside Clearhead such a model runs in our own code, whose search has all that is asked.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import ctranslate2

from clearhead import model_directory
from clearhead.config import ModelConfig
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.engines import parity
from clearhead.engines.conversion import fill_layer, fill_norm, layer_options
from clearhead.engines.ctranslate2 import POSITIONS
from clearhead.engines.parity import Proof
from clearhead.engines.protocol import Ids, SearchOptions
from clearhead.engines.teacher_forced import sinusoids
from clearhead.engines.weights import read_weights
from clearhead.storage.tensors import Arrays
from clearhead.text.vocabulary import BOS, EOS, UNK


def write(path: Path, folder: Path) -> None:
    """Write a model directory in the form of CTranslate2's Generator, in fp32, into an empty folder."""
    from ctranslate2.specs import TransformerDecoderModelSpec

    info = model_directory.read_info(path)
    shape = info.model
    options = layer_options(shape)
    spec = TransformerDecoderModelSpec.from_config(shape.num_decoder_layers, shape.num_heads, **options)
    _fill(spec.decoder, shape, read_weights(path, info))
    pieces = list(model_directory.read_tokenizer(path).vocabulary)
    spec.register_vocabulary(pieces)
    spec.config.bos_token, spec.config.eos_token, spec.config.unk_token = (
        pieces[BOS],
        pieces[EOS],
        pieces[UNK],
    )
    spec.validate()
    spec.optimize()
    spec.save(str(folder))


def _fill(decoder: Any, shape: ModelConfig, weights: Arrays) -> None:
    """Put every weight in its place; our names on the right, CTranslate2's on the left."""
    decoder.embeddings.weight = weights["src_embedding.weight"]
    if shape.positions != "rotary":
        decoder.position_encodings.encodings = sinusoids(POSITIONS, shape.d_model)
    if shape.norm == "pre":
        fill_norm(decoder.layer_norm, weights, "norm")
    for number, layer in enumerate(decoder.layer):
        fill_layer(layer, shape, weights, f"layers.{number}")
    output = "src_embedding" if shape.tied_embeddings else "output_embedding"
    decoder.projection.weight = weights[f"{output}.weight"]
    if shape.output_bias:
        decoder.projection.bias = weights["output_bias"]


def prove(path: Path, folder: Path) -> Proof:
    """Compare what `write` wrote with our own code; raise EngineError where they differ."""
    return parity.compare(path, Generator(path, folder), "in CTranslate2", parity.random_sources(path))


class Generator:
    """CTranslate2's Generator, asked as a proof asks: the source and BOS are its prompt."""

    def __init__(self, path: Path, folder: Path) -> None:
        tokenizer = model_directory.read_tokenizer(path)
        self._pieces = list(tokenizer.vocabulary)
        self._ids = {piece: number for number, piece in enumerate(self._pieces)}
        self._forbidden = [[self._pieces[each]] for each in sorted(tokenizer.forbidden_ids)]
        self._generator = ctranslate2.Generator(
            str(folder), device="cpu", compute_type="float32", inter_threads=1, intra_threads=1
        )

    def translate(
        self, srcs: Sequence[Ids], options: SearchOptions
    ) -> Iterator[tuple[int, list[Hypothesis]]]:
        """Yield (index of the source, what greedy search writes after it)."""
        for number, src in enumerate(srcs):
            (result,) = self._generator.generate_batch(
                [self._prompt(src)],
                max_length=options.decoding.max_length(len(src)),
                sampling_topk=1,
                include_prompt_in_result=False,
                suppress_sequences=self._forbidden,
                end_token=self._pieces[EOS],
                return_scores=True,
            )
            tokens = tuple(self._ids[piece] for piece in result.sequences[0])
            log_prob = result.scores[0]
            yield (
                number,
                [
                    Hypothesis(
                        tokens=tokens,
                        score=log_prob,
                        log_prob=log_prob,
                        token_log_probs=(),
                        truncated=False,
                        repetition=False,
                    )
                ],
            )

    def score(self, srcs: Sequence[Ids], tgts: Sequence[Ids]) -> list[list[float]]:
        """Return the log-probability of every target token and of the EOS after the last."""
        rows = [
            [*self._prompt(src), *(self._pieces[each] for each in (*tgt, EOS))]
            for src, tgt in zip(srcs, tgts, strict=True)
        ]
        found = self._generator.score_batch(rows, max_batch_size=1)
        return [list(each.log_probs[-(len(tgt) + 1) :]) for each, tgt in zip(found, tgts, strict=True)]

    def _prompt(self, src: Ids) -> list[str]:
        return [self._pieces[each] for each in (*src[:-1], BOS)]
