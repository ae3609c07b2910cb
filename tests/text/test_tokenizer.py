"""Every text survives encoding, text is never control, and training is reproducible."""

import pickle
from itertools import product
from pathlib import Path

import pytest
import sentencepiece
from hypothesis import example, given
from hypothesis import strategies as st

from clearhead.errors import TextError, TranslationError
from clearhead.text.normalize import normalize
from clearhead.text.sentencepiece_model import characters
from clearhead.text.symbols import ALL_SYMBOLS
from clearhead.text.symbols import KINDS as SYMBOL_KINDS
from clearhead.text.symbols import SYMBOLS as CARRIED
from clearhead.text.tokenizer import Tokenizer, characters_per_token
from clearhead.text.vocabulary import BOS, EOS, KINDS, PAD, UNK
from clearhead.text.words import word_of, words

SUBJECTS = ["the ball", "a dog", "le chat", "la maison", "my friend", "une école", "the weather"]
VERBS = ["is", "was", "est", "était", "seems", "became", "n'est pas"]
ENDS = ["blue.", "grande !", "very old", "là-bas", "42 years", "here, now", "наш дом"]
# Literal control strings are in the corpus too: a vocabulary must not learn them.
CORPUS = [" ".join(words) for words in product(SUBJECTS, VERBS, ENDS)] + ["</s> <2fr> <0x41> <pad>"] * 20
LANGUAGES = ("fr", "en", "pt-BR")
TOKENIZERS = {kind: Tokenizer.train(CORPUS, kind=kind, vocab_size=400, languages=LANGUAGES) for kind in KINDS}

CONTROL_STRINGS = ["</s>", "<s>", "<pad>", "<unk>", "<2fr>", "<2en>", "<0x41>", "<0xF0>", "<0x0A>", "\u2047"]
RESERVED = ["<", "0x41>", "\u2581", "\u2581\u2581", "\u2585", "\ue581", "\ue5810", "\ue5811"]
SPACES = [" ", "  ", "\n", "\x00", "\u00a0"]
WORDS = ["the ball", "est", "blue.", "школа", "日本語", "שָׁלוֹם", "مرحبا", "e\u0301", "\u0301" * 40]
SYMBOLS = ["😀", "👩\u200d👩\u200d👧", "🏴\U000e0067\U000e007f", "\ufffd", "\uffff", "\U0010ffff"]
FRAGMENTS = st.sampled_from(CONTROL_STRINGS + RESERVED + SPACES + WORDS + SYMBOLS)
TEXTS = st.lists(FRAGMENTS | st.text(max_size=6), max_size=12).map("".join)

every_kind = pytest.mark.parametrize("kind", KINDS)


@every_kind
@given(text=TEXTS)
@example(text="")
@example(text=" \u00a0\n")
@example(text="\u2581")
@example(text="".join(CONTROL_STRINGS))
@example(text=" ".join(CONTROL_STRINGS))
def test_every_text_survives_and_is_never_control(kind: str, text: str) -> None:
    tokenizer = TOKENIZERS[kind]
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == normalize(text)
    assert not set(ids) & (tokenizer.forbidden_ids | {EOS})
    assert bool(ids) == bool(normalize(text))
    assert tokenizer.encode_batch([text, "", text]) == [ids, [], ids]


@every_kind
@given(data=st.data())
def test_any_ids_decode(kind: str, data: st.DataObject) -> None:
    tokenizer = TOKENIZERS[kind]
    ids = data.draw(st.lists(st.integers(0, tokenizer.vocab_size - 1)))
    text = tokenizer.decode(ids)
    assert normalize(text) == text
    assert tokenizer.decode(tokenizer.encode(text)) == text
    assert len(tokenizer.pieces(ids)) == len(ids)
    kept = [i for i in ids if i not in tokenizer.forbidden_ids and i != EOS]
    assert tokenizer.decode(kept) == text


@every_kind
def test_ids_have_one_order(kind: str) -> None:
    tokenizer = TOKENIZERS[kind]
    assert (PAD, BOS, EOS, UNK) == (0, 1, 2, 3)
    assert tokenizer.kind == kind
    assert tokenizer.vocabulary[:7] == ("<pad>", "<s>", "</s>", "<unk>", "<2fr>", "<2en>", "<2pt-BR>")
    assert len(set(tokenizer.vocabulary)) == tokenizer.vocab_size <= 400
    assert tokenizer.languages == LANGUAGES
    assert tokenizer.forbidden_ids == {0, 1, 3, 4, 5, 6}
    assert tokenizer.decode(range(7)) == ""
    assert [tokenizer.vocabulary[i] for i in tokenizer.text_pieces.values()] == list(tokenizer.text_pieces)
    assert tokenizer.vocab_size == 7 + 256 + len(tokenizer.text_pieces)


@every_kind
def test_known_words_take_no_bytes_and_unknown_ones_do(kind: str) -> None:
    tokenizer = TOKENIZERS[kind]
    assert set(tokenizer.encode("the ball is blue.")) <= set(tokenizer.text_pieces.values())
    assert tokenizer.pieces(tokenizer.encode("ж"))[-2:] == ["<0xD0>", "<0xB6>"]
    assert "".join(tokenizer.pieces(tokenizer.encode("the <ball>"))).replace("▁", " ") == " the <ball>"


def test_an_unseen_word_costs_one_token_for_its_space() -> None:
    tokenizer = TOKENIZERS["word"]
    assert tokenizer.pieces(tokenizer.encode("the ox is")) == ["▁the", "▁", "o", "x", "▁is"]


@pytest.mark.parametrize("kind", ["unigram", "bpe", "char"])
@given(text=st.lists(st.sampled_from([*SUBJECTS, *ENDS, "😀", "</s>", "Zürich"])).map(" ".join))
def test_the_file_serves_the_bare_library_too(kind: str, text: str) -> None:
    tokenizer = TOKENIZERS[kind]
    bare = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.to_bytes())
    assert bare.encode(text) == tokenizer.encode(text)
    assert bare.decode(tokenizer.encode(text)) == text
    assert bare.decode(bare.encode(f" {text}  ½ ")) == f" {text}  ½ "  # the file normalises nothing


@every_kind
def test_stray_bytes_become_replacement_characters_and_lines_stay_one(kind: str) -> None:
    tokenizer = TOKENIZERS[kind]
    byte = {
        name: tokenizer.vocabulary.index(f"<0x{name}>") for name in ("F0", "9F", "41", "0A", "00", "C3", "A9")
    }
    ids = [byte[name] for name in ("41", "F0", "9F", "41", "C3", "A9", "C3", "0A", "00", "41")]
    assert tokenizer.decode(ids) == "A\ufffdAé\ufffd A"


@every_kind
def test_target_tags_come_first(kind: str) -> None:
    tokenizer = TOKENIZERS[kind]
    ids = tokenizer.encode("a dog", to="en")
    assert ids == [tokenizer.tag("en"), *tokenizer.encode("a dog")]
    assert tokenizer.encode_batch(["a dog", ""], to="en") == [ids, [tokenizer.tag("en")]]
    assert tokenizer.decode(ids) == "a dog"
    with pytest.raises(TranslationError, match="'de'; choose one of fr, en, pt-BR"):
        tokenizer.encode("a dog", to="de")


def test_without_languages_a_target_is_refused() -> None:
    tokenizer = Tokenizer.train(["a b"], kind="word", vocab_size=300)
    assert tokenizer.languages == ()
    with pytest.raises(TranslationError, match="trained without languages"):
        tokenizer.tag("fr")


@every_kind
def test_training_and_files_are_reproducible(kind: str, tmp_path: Path) -> None:
    tokenizer = TOKENIZERS[kind]
    again = Tokenizer.train(iter(CORPUS), kind=kind, vocab_size=400, languages=LANGUAGES)
    assert again.to_bytes() == tokenizer.to_bytes()
    tokenizer.save(tmp_path / "tokenizer.model")
    assert (tmp_path / "tokenizer.model").read_bytes() == tokenizer.to_bytes()
    text = "the ball est 😀 \u2581 <2fr>"
    for copy in (
        Tokenizer.load(str(tmp_path / "tokenizer.model")),
        Tokenizer.from_bytes(tokenizer.to_bytes()),
        pickle.loads(pickle.dumps(tokenizer)),
    ):
        assert (copy.kind, copy.vocabulary, copy.languages) == (kind, tokenizer.vocabulary, LANGUAGES)
        assert copy.encode(text) == tokenizer.encode(text)


@every_kind
@pytest.mark.parametrize(
    "corpus",
    [
        ["a"],
        ["</s>"],
        ["<2fr>"],
        ["a \u2585 b"],  # the trainer by itself leaves out every line with U+2585,
        ["x" * 70_000],  # and every line of more than 4,192 bytes
        ["ab cd " * 5000],
        ["\u2581"],
        ["😀"],
        ["", "b", " "],
    ],
    ids=["letter", "control", "tag", "reserved", "long word", "long line", "mark", "emoji", "blanks"],
)
def test_small_and_strange_corpora_train(kind: str, corpus: list[str]) -> None:
    tokenizer = Tokenizer.train(corpus, kind=kind, vocab_size=8000, languages=["fr"])
    text = " ".join(corpus)[:3000]
    assert tokenizer.decode(tokenizer.encode(text)) == normalize(text)
    assert not set(tokenizer.encode(text)) & (tokenizer.forbidden_ids | {EOS})
    if text[0].isalpha():  # no line was left out
        assert any(text[0] in piece for piece in tokenizer.text_pieces)


@every_kind
def test_a_corpus_without_text_is_refused(kind: str) -> None:
    for corpus in ([], ["", " \n", "\u200b"]):
        with pytest.raises(TextError, match="empty; give at least one line"):
            Tokenizer.train(corpus, kind=kind)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"kind": "wordpiece"},
            "unknown tokenizer kind 'wordpiece'; choose one of unigram, bpe, word, char",
        ),
        ({"vocab_size": 200}, "vocab_size=200 is too small; .* at least 261"),
        ({"vocab_size": 265}, "vocab_size=265 is too small for the characters .* at least 2[6-9][0-9]"),
        ({"character_coverage": 0.0}, "character_coverage=0.0"),
        ({"languages": ["fr", "e n"]}, "'e n' is not a language code"),
        ({"languages": ["fr", "fr"]}, "named twice"),
        ({"languages": "fr"}, "is one string"),
    ],
)
def test_impossible_training_says_what_is_allowed(options: dict, message: str) -> None:
    with pytest.raises(TextError, match=message):
        Tokenizer.train(CORPUS, **options)


def test_the_least_size_named_by_the_error_is_enough() -> None:
    with pytest.raises(TextError) as caught:
        Tokenizer.train(CORPUS, vocab_size=265)
    least = int(str(caught.value).split("at least ")[1].split(",")[0])
    assert Tokenizer.train(CORPUS, vocab_size=least).vocab_size == least


def test_missing_damaged_and_foreign_files_are_refused(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(TextError, match=r"cannot read the tokenizer .*none\.model"):
        Tokenizer.load(tmp_path / "none.model")
    with pytest.raises(TextError, match="cannot read the tokenizer"):
        Tokenizer.load(tmp_path)
    model = TOKENIZERS["bpe"].to_bytes()
    path = tmp_path / "tokenizer.model"
    for damaged in (b"", b"not a model", model[: len(model) // 2], model[:-20], b"\xff" + model):
        path.write_bytes(damaged)
        with pytest.raises(TextError, match=r"tokenizer\.model is damaged or not a tokenizer"):
            Tokenizer.load(path)
    assert capfd.readouterr() == ("", "")
    ours = {"pad_id": 0, "bos_id": 1, "eos_id": 2, "unk_id": 3, "byte_fallback": True, "vocab_size": 400}
    folding = {**ours, "normalization_rule_name": "nmt_nfkc"}
    plain = {"vocab_size": 60, "normalization_rule_name": "identity"}
    for options in (folding, plain):
        sentencepiece.SentencePieceTrainer.train(
            sentence_iterator=iter(CORPUS),
            model_prefix=str(tmp_path / "foreign"),
            hard_vocab_limit=False,
            minloglevel=2,
            **options,
        )
        with pytest.raises(TextError, match="of another program"):
            Tokenizer.load(tmp_path / "foreign.model")


@every_kind
def test_ids_out_of_range_and_surrogates_are_refused(kind: str) -> None:
    tokenizer = TOKENIZERS[kind]
    for wrong in (-1, tokenizer.vocab_size):
        for use in (tokenizer.decode, tokenizer.pieces):
            with pytest.raises(TextError, match=f"token id {wrong} is not in this vocabulary"):
                use([5, wrong])
    with pytest.raises(TextError, match="lone surrogate"):
        tokenizer.encode("a\ud800")


def test_characters_per_token_counts_normalised_characters() -> None:
    word = TOKENIZERS["word"]
    assert characters_per_token(word, ["the  ball", " is "]) == (8 + 2) / 3
    assert characters_per_token(TOKENIZERS["unigram"], CORPUS) > characters_per_token(
        TOKENIZERS["char"], CORPUS
    )
    with pytest.raises(TextError, match="no characters to count"):
        characters_per_token(word, ["", " "])


@every_kind
@given(text=TEXTS)
@example(text="une \u00e9cole  \u2581x \ufb01n e\u0301 \U0001f600")
def test_spans_tile_the_words_of_a_text(kind: str, text: str) -> None:
    """Every character that is no space belongs to an id, in order, and every id of the text to a word."""
    tokenizer = TOKENIZERS[kind]
    ids = [*tokenizer.encode(text, to="fr"), EOS]
    text = tokenizer.decode(ids)
    first, *spans, last = tokenizer.spans(ids)
    assert (first, last) == (None, None)
    assert spans == sorted(spans)
    covered = {place for start, end in spans for place in range(start, end)}
    assert covered >= {place for place, character in enumerate(text) if character != " "}
    assert None not in word_of(spans, words(text, "space"))


@every_kind
def test_a_span_holds_what_its_id_spells(kind: str) -> None:
    tokenizer = TOKENIZERS[kind]
    text = "la maison is very old, 42 years"
    ids = tokenizer.encode(text)
    for i, (start, end) in zip(ids, tokenizer.spans(ids), strict=True):
        assert text[start:end] == tokenizer.decode([i])
    long = "the ball \u65e5 " * 3
    shared = [s for s in tokenizer.spans(tokenizer.encode(long)) if long[s.start : s.end] == "\u65e5"]
    assert len(shared) == 9  # three bytes a character, each with the whole of it


@every_kind
@given(data=st.data())
def test_any_ids_have_spans(kind: str, data: st.DataObject) -> None:
    """Whatever a model made: bytes that are no character, accents apart from their letters, controls."""
    tokenizer = TOKENIZERS[kind]
    ids = data.draw(st.lists(st.integers(0, tokenizer.vocab_size - 1)))
    spans = tokenizer.spans(ids)
    assert len(spans) == len(ids)
    size = len(tokenizer.decode(ids))
    assert all(0 <= span.start <= span.end <= size for span in spans if span)


SEEN = [*CORPUS, *["in " + CARRIED["year"][3]] * 12, *["im " + CARRIED["year"][5]] * 12, CARRIED["date"][0]]
WITH_SYMBOLS = {
    kind: Tokenizer.train(SEEN, kind=kind, vocab_size=480, languages=LANGUAGES, symbols=True)
    for kind in KINDS
}


@every_kind
def test_each_symbol_is_one_id(kind: str) -> None:
    tokenizer = WITH_SYMBOLS[kind]
    assert tuple(tokenizer.symbols) == ALL_SYMBOLS
    assert set(tokenizer.symbols.values()) <= set(tokenizer.text_pieces.values())
    for symbol in ALL_SYMBOLS:
        i = tokenizer.symbols[symbol]
        assert tokenizer.encode(symbol)[-1] == i
        assert len(tokenizer.encode(symbol)) <= 2  # one may be the space before it
        for text in (f"the ball {symbol} est", f"({symbol}), {symbol}", f"x{symbol}x"):
            ids = tokenizer.encode(text)
            assert ids.count(i) == text.count(symbol)
            assert not set(ids) & set(tokenizer.symbols.values()) - {i}
            assert tokenizer.decode(ids) == text


@every_kind
def test_what_the_texts_held_is_known(kind: str) -> None:
    tokenizer = WITH_SYMBOLS[kind]
    assert tokenizer.symbol_kinds == {"year"}
    assert TOKENIZERS[kind].symbol_kinds == frozenset()
    assert TOKENIZERS[kind].symbols == {}
    counts = characters(tokenizer.to_bytes())
    assert counts["t"] == sum(line.count("t") for line in SEEN)
    assert counts[CARRIED["year"][3]] == 12
    learned = tokenizer.learned
    assert learned is not None
    assert {"t", " ", "é"} <= learned
    assert "Z" not in learned
    assert learned.isdisjoint(ALL_SYMBOLS)
    again = Tokenizer.from_bytes(tokenizer.to_bytes())
    assert (again.learned, again.symbol_kinds) == (learned, tokenizer.symbol_kinds)
    bare = sentencepiece.SentencePieceProcessor(model_proto=tokenizer.to_bytes())
    assert bare.get_piece_size() == tokenizer.vocab_size
    assert bare.serialized_model_proto()


def test_a_character_is_learned_from_twenty_times_on() -> None:
    tokenizer = Tokenizer.train(["a b"] * 19 + ["a c"], kind="char", vocab_size=300)
    assert tokenizer.learned == {"a", " "}


def test_all_kinds_of_symbols_are_learned_where_all_were_seen() -> None:
    tokenizer = Tokenizer.train(list(ALL_SYMBOLS) * 3, kind="unigram", vocab_size=400, symbols=True)
    assert tokenizer.symbol_kinds == set(SYMBOL_KINDS)


@every_kind
def test_a_model_without_counts_knows_nothing_of_them(kind: str) -> None:
    whole = TOKENIZERS[kind].to_bytes()
    bare = sentencepiece.SentencePieceProcessor(model_proto=whole).serialized_model_proto()
    place = whole.rindex(b"\xc2\x0c")  # field 200
    for model in (whole[:place], bare if not characters(bare) else whole[:place]):
        tokenizer = Tokenizer.from_bytes(model)
        assert tokenizer.learned is None
        assert tokenizer.symbol_kinds == frozenset()


@every_kind
def test_spelling_ids_and_broken_bytes(kind: str) -> None:
    tokenizer = TOKENIZERS[kind]
    ids = tokenizer.spelling_ids
    assert [tokenizer.vocabulary[i] for i in ids] == [f"<0x{byte:02X}>" for byte in range(256)]
    broken = [ids[0x41], ids[0xE2], ids[0x82], ids[0x42]]
    assert tokenizer.decode(broken) == "A\ufffdB"
    assert tokenizer.decode(broken, broken="ignore") == "AB"


def test_known_words_are_likelier() -> None:
    for kind in ("unigram", "bpe"):
        likelihood = TOKENIZERS[kind].likelihood
        assert likelihood("weather") > likelihood("WEATHER")
        assert likelihood("ball") > likelihood("日本語")


@pytest.mark.parametrize("kind", ["unigram", "bpe", "word", "char"])
@pytest.mark.parametrize("before", [(), ("en", "fr")])
def test_more_target_languages_change_nothing_else(kind, before):
    """Their tags come last, so that every other id stays what it is."""
    old = Tokenizer.train(["one two three", "un deux trois"], kind=kind, vocab_size=300, languages=before)
    new = old.with_targets(["de", "pt-BR"])
    copy = Tokenizer.from_bytes(new.to_bytes())
    for each in (new, copy):
        assert each.languages == (*before, "de", "pt-BR")
        assert each.vocabulary == (*old.vocabulary, "<2de>", "<2pt-BR>")
        assert each.encode("one deux <2de>") == old.encode("one deux <2de>")
        assert each.encode("un", to="pt-BR") == [old.vocab_size + 1, *old.encode("un")]
        assert each.decode([old.vocab_size, *old.encode("un")]) == "un"
        assert each.forbidden_ids - old.forbidden_ids == {old.vocab_size, old.vocab_size + 1}
        assert (each.kind, each.learned, each.text_pieces) == (old.kind, old.learned, old.text_pieces)
    for wrong, said in (
        (["de", "de"], "named twice"),
        (["f r"], "not a language code"),
        (["en"], "named twice"),
    ):
        if wrong != ["en"] or before:
            with pytest.raises(TextError, match=said):
                old.with_targets(wrong)
