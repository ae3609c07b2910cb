"""The kinds of vocabulary: an interface, and finished classes that do not build on each other."""

import pytest

from clearhead.text.marian import MarianSegmenter, pack
from clearhead.text.segmenter import Segmenter
from clearhead.text.sentencepiece_model import read_model
from clearhead.text.subwords import SubwordSegmenter
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import CONTROLS, UNK
from clearhead.text.whole_words import WordSegmenter

TEXTS = ["the ball is blue", "a cat", "the cat is 3"]
MODELS = {kind: Tokenizer.train(TEXTS, kind=kind, vocab_size=300).to_bytes() for kind in ("char", "word")}
SEGMENTERS: dict[str, Segmenter] = {
    "char": SubwordSegmenter(read_model(MODELS["char"], "a file")),
    "word": WordSegmenter(read_model(MODELS["word"], "a file")),
    "marian": MarianSegmenter(pack(MODELS["char"], MODELS["word"], [*CONTROLS, "▁the", "t", "h"]), "a file"),
}


def test_finished_classes_stand_right_below_the_interface():
    assert {type(segmenter) for segmenter in SEGMENTERS.values()} == set(Segmenter.__subclasses__())
    assert not any(finished.__subclasses__() for finished in Segmenter.__subclasses__())
    with pytest.raises(TypeError, match="abstract"):
        Segmenter()  # type: ignore[abstract]


@pytest.mark.parametrize("kind", SEGMENTERS)
def test_one_line_is_cut_as_among_others(kind):
    lines = ["the ball", "", "a zebra \u2581"]
    segmenter = SEGMENTERS[kind]
    assert segmenter.segment(lines) == [segmenter.segment([line])[0] for line in lines]
    assert segmenter.segment_target(lines) == [segmenter.segment_target([line])[0] for line in lines]
    assert segmenter.kind == kind


def test_an_imported_vocabulary_cuts_each_side_with_its_own_model():
    imported = SEGMENTERS["marian"]
    pieces = imported.table.pieces
    assert [pieces[i] for i in imported.segment(["th"])[0] if i != UNK] == ["t", "h"]
    assert [pieces[i] for i in imported.segment_target(["the"])[0]] == ["▁the"]


def test_only_letters_of_subwords_tell_what_can_be_spelled():
    known = {kind: Tokenizer(model).knows_most_of("漢字") for kind, model in MODELS.items()}
    assert known == {"char": False, "word": True}
