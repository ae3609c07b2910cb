"""Looking inside the model that answers: the maps of a translation as JSON, bounded in numbers."""

import json
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from clearhead.config import ModelConfig
from clearhead.extras import has_torch, missing
from clearhead.serving.failures import ServiceFailure, bad_request
from clearhead.serving.native_bodies import LookBody
from clearhead.text import sentences
from clearhead.translator import Translator

if TYPE_CHECKING:
    from clearhead.inspection.maps import AttentionMaps
    from clearhead.inspection.passage import PassageMaps

_MOST_SENTENCES = 16
"""Of a text that is looked at; `Translator.look` leaves out the others."""


def looked(translator: Translator, body: LookBody, most_cells: int) -> bytes:
    """Return the JSON of a look inside: `text`, `notes`, and `page` or `maps`.

    Raises ServiceFailure: 501 `needs_train_extra` where PyTorch is not installed, 400 `over_limit` for more than
    `most_cells` numbers of attention; ConfigError and TranslationError for what cannot be looked at or changed.
    """
    if not has_torch():
        raise ServiceFailure(
            501,
            "needs_train_extra",
            f"this service cannot look inside: {missing('that', 'torch')}",
        )
    from clearhead.inspection.intervention import Row
    from clearhead.inspection.patching import Patch

    _check(_expected(translator, body), most_cells)
    maps = translator.look(
        body.q,
        to=body.target,
        target=body.translation,
        inner=body.inner,
        measures=body.measures,
        search=body.search and body.translation is None,
        without=tuple(body.without),
        mask_source=tuple(body.mask_source),
        rows=tuple(map(Row.of, body.attend)),
        force=body.force,
        forbid=tuple(body.forbid),
        patch=tuple(map(Patch.of, body.patch)),
        patch_from=body.patch_from,
        what_if=body.what_if,
    )
    _check(sum(_cells(maps.sentences)), most_cells)
    shown = {"page": _page(maps)} if body.page else {"maps": maps.to_dict()}
    values = {"text": maps.text, "notes": list(maps.notes), **shown}
    return json.dumps(values, ensure_ascii=False, separators=(",", ":")).encode()


def _page(maps: "AttentionMaps | PassageMaps") -> dict[str, Any]:
    from clearhead.inspection.page import passage_values, sentence_values
    from clearhead.inspection.passage import PassageMaps

    return passage_values(maps) if isinstance(maps, PassageMaps) else sentence_values(maps)


def _cells(several: "Iterable[AttentionMaps]") -> Iterable[int]:
    for maps in several:
        yield maps.encoder.size + maps.decoder.size + maps.cross.size


def _expected(translator: Translator, body: LookBody) -> int:
    """Return about how many numbers there will be, before any is computed."""
    encode, shape = translator.tokenizer.encode, translator.info.model
    if body.translation is not None:
        return _cells_of(shape, 2 + len(encode(body.q)), 2 + len(encode(body.translation)))
    texts = [
        stretch.text for stretch in sentences.split(body.q, translator.sources or "en") if stretch.is_sentence
    ]
    lengths = [2 + len(encode(text)) for text in texts[:_MOST_SENTENCES]]
    return sum(_cells_of(shape, length, length) for length in lengths)


def _cells_of(shape: ModelConfig, source: int, target: int) -> int:
    encoder, decoder = (
        shape.num_encoder_layers * source**2,
        shape.num_decoder_layers * target * (target + source),
    )
    return shape.num_heads * (encoder + decoder)


def _check(cells: int, most: int) -> None:
    if cells > most:
        raise bad_request(
            f"the attention of this text has {cells:,} numbers, above the limit of {most:,}; give less text",
            "over_limit",
        )
