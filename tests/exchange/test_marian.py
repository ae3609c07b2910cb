"""A MarianMT model of transformers translates here as it does there, and is a model like any other."""

import io
import json
import shutil
from itertools import accumulate

import ctranslate2
import numpy as np
import pytest
import sentencepiece
import torch
from ctranslate2.converters import TransformersConverter
from safetensors.numpy import save_file
from torch.nn.utils.rnn import pad_sequence
from transformers import AutoModelForSeq2SeqLM, AutoTokenizer, MarianConfig, MarianMTModel

import clearhead
from clearhead import cli, model_directory
from clearhead.corpora.pair import Pair
from clearhead.data.ids import token_links
from clearhead.engines import conversion, parity
from clearhead.engines.pytorch import PyTorchEngine
from clearhead.errors import CheckpointError, EngineError, TranslationError
from clearhead.exchange import marian
from clearhead.exchange.marian import import_model
from clearhead.exchange.write import REPORT, export
from clearhead.storage.tensors import read_arrays
from clearhead.text.vocabulary import BOS, EOS, PAD, UNK

FRENCH = ["le chat noir a bu le lait", "la vie est courte", "où est la balle bleue ?", "ﬁn de l'été"]
ENGLISH = ["the black cat drank the milk", "life is short", "where is the blue ball?", "end of summer"]
SHAPES = {
    "as OPUS-MT": {"activation_function": "swish", "scale_embedding": True},
    "relu, deep encoder": {"activation_function": "relu", "scale_embedding": True, "encoder_layers": 3},
    "gelu, unscaled": {"activation_function": "gelu", "scale_embedding": False},
    "output apart": {"activation_function": "swish", "scale_embedding": True, "tie_word_embeddings": False},
    "sides apart": {
        "activation_function": "swish",
        "scale_embedding": True,
        "share_encoder_decoder_embeddings": False,
        "tie_word_embeddings": False,
    },
    "tags": {"activation_function": "swish", "scale_embedding": True},
}
TAGS = [">>eng<<", ">>spa<<"]


def sentencepiece_model(lines, **options):
    model = io.BytesIO()
    settings = {"vocab_size": 120, "hard_vocab_limit": False, "minloglevel": 2, **options}
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(lines * 20), model_writer=model, **settings
    )
    return model.getvalue()


def pieces_of(model):
    processor = sentencepiece.SentencePieceProcessor(model_proto=model)
    return [processor.id_to_piece(i) for i in range(processor.get_piece_size())]


def write_marian(folder, tags=(), **shape):
    """Write a MarianMTModel that has learned some sentences, no bias zero, as the directories of OPUS-MT are."""
    folder.mkdir(parents=True)
    models = sentencepiece_model(FRENCH), sentencepiece_model(ENGLISH)
    pieces = dict.fromkeys(
        ["</s>", "<unk>", *pieces_of(models[0]), *pieces_of(models[1])]
    )  # `<s>` too, as some have
    vocabulary = {piece: i for i, piece in enumerate([*pieces, *tags, "<pad>"])}
    pad = vocabulary["<pad>"]
    sizes = {
        "d_model": 32,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "encoder_attention_heads": 4,
        "decoder_attention_heads": 4,
        "encoder_ffn_dim": 48,
        "decoder_ffn_dim": 48,
        "max_position_embeddings": 512,
    }
    config = MarianConfig(
        **{**sizes, **shape},
        vocab_size=len(vocabulary),
        pad_token_id=pad,
        decoder_start_token_id=pad,
        eos_token_id=0,
        forced_eos_token_id=0,
    )
    torch.manual_seed(3)
    model = MarianMTModel(config)
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "embed_positions" not in name:
                parameter.add_(0.1 * torch.randn_like(parameter))
        model.final_logits_bias.normal_()
    model.generation_config.num_beams = 6
    config.save_pretrained(folder)
    for name, content in zip(("source.spm", "target.spm"), models, strict=True):
        (folder / name).write_bytes(content)
    (folder / "vocab.json").write_text(json.dumps(vocabulary, ensure_ascii=False), encoding="utf-8")
    settings = {
        "tokenizer_class": "MarianTokenizer",
        "source_lang": "fr",
        "target_lang": "" if tags else "en",
    }
    (folder / "tokenizer_config.json").write_text(json.dumps(settings))
    teach(model, AutoTokenizer.from_pretrained(folder), tags)
    model.save_pretrained(folder)
    (folder / "README.md").write_text("licence: of the data")
    return folder


def teach(model, tokenizer, tags):
    """Let it learn the sentences by heart: what a random model writes is a loop, which every program breaks its way."""
    batch = tokenizer([f"{tags[-1] if tags else ''}{text}" for text in FRENCH], text_target=ENGLISH)
    src, right = (
        pad_sequence([torch.tensor(row) for row in batch[name]], batch_first=True, padding_value=padding)
        for name, padding in (("input_ids", tokenizer.pad_token_id), ("labels", -100))
    )
    optimizer = torch.optim.Adam(model.parameters(), lr=0.005)
    model.eval()  # no dropout
    for _ in range(80):
        optimizer.zero_grad()
        model(input_ids=src, attention_mask=src != tokenizer.pad_token_id, labels=right).loss.backward()
        optimizer.step()


@pytest.fixture(scope="module", params=SHAPES)
def imported(request, tmp_path_factory):
    """A MarianMT directory and the model made of it."""
    folder = tmp_path_factory.mktemp("marian")
    theirs = write_marian(
        folder / "theirs", tags=TAGS if request.param == "tags" else (), **SHAPES[request.param]
    )
    import_model(theirs, folder / "ours")
    return theirs, folder / "ours"


@pytest.fixture(scope="module")
def opus(tmp_path_factory):
    """One as OPUS-MT's are, and what became of it."""
    folder = tmp_path_factory.mktemp("marian")
    import_model(write_marian(folder / "theirs", **SHAPES["as OPUS-MT"]), folder / "ours")
    return folder / "theirs", folder / "ours"


def test_logits_are_the_same_with_padding_and_in_any_batch(imported):
    """All logits but those of what is never written; in one batch, with a mask."""
    folder, path = imported
    theirs, tokenizer = (
        AutoModelForSeq2SeqLM.from_pretrained(folder).eval(),
        model_directory.read_tokenizer(path),
    )
    model = PyTorchEngine.load(path).model
    vocabulary = json.loads((folder / "vocab.json").read_text())
    theirs_of = {**vocabulary, "<s>": vocabulary["<pad>"], "<s>'": vocabulary["<s>"]}
    their_ids = [theirs_of[piece] for piece in tokenizer.vocabulary]
    srcs, tgts = parity.random_sources(path, seed=5)[:6], parity.random_sources(path, seed=6)[:6]
    padded = [
        torch.tensor([[*row, *[PAD] * (max(map(len, rows)) - len(row))] for row in rows])
        for rows in (srcs, tgts)
    ]
    src, tgt = padded[0], torch.cat([torch.full((6, 1), BOS), padded[1]], dim=1)
    renamed = torch.tensor(their_ids)
    with torch.no_grad():
        expected = theirs(
            input_ids=renamed[src], attention_mask=src != PAD, decoder_input_ids=renamed[tgt]
        ).logits
        found = model.logits(model(src, tgt))
    shown = [i for i in range(tokenizer.vocab_size) if i not in tokenizer.forbidden_ids]
    for row, ids in enumerate(tgts):
        places = slice(len(ids) + 1)
        assert torch.allclose(
            found[row, places][:, shown], expected[row, places][:, renamed[shown]], atol=1e-4
        )


@pytest.mark.parametrize("beam_size", [1, 4])
def test_texts_are_translated_as_there(imported, beam_size):
    """What it has learned, and so without a loop; greedy and by beam."""
    folder, path = imported
    theirs, cutter = (
        AutoModelForSeq2SeqLM.from_pretrained(folder).eval(),
        AutoTokenizer.from_pretrained(folder),
    )
    translator = clearhead.load(path, engine="pytorch")
    to = translator.tokenizer.languages[-1] if translator.tokenizer.languages else None
    found = translator.translate(FRENCH, to=to, beam_size=beam_size, split="never")
    for text, translation, right in zip(FRENCH, found, ENGLISH, strict=True):
        given = cutter(f">>{to}<< {text}" if to else text, return_tensors="pt")
        ids = theirs.generate(**given, num_beams=beam_size, max_length=60)[0]
        assert translation.text == cutter.decode(ids, skip_special_tokens=True) == right


def test_text_becomes_the_same_pieces(imported):
    folder, path = imported
    theirs, ours = AutoTokenizer.from_pretrained(folder), model_directory.read_tokenizer(path)
    for text in (*FRENCH, *ENGLISH, "漢字 x >>eng << ▁ ½  a\tb", ""):
        for ids, expected in (
            (ours.encode(text), theirs(text)["input_ids"]),
            (ours.encode_target(text), theirs(text_target=text)["input_ids"]),
        ):
            assert [ours.vocabulary[i] for i in [*ids, EOS]] == theirs.convert_ids_to_tokens(expected)
            if UNK not in ids:
                assert ours.decode(ids) == theirs.decode(expected, skip_special_tokens=True)
    typed = ours.encode(
        ">>spa<< <pad> <s> </s> <unk>"
    )  # text and nothing else, which cannot be said of theirs
    assert not (ours.forbidden_ids | {EOS}) - {UNK} & set(typed)


def test_it_goes_to_ctranslate2_and_back_to_transformers(imported, tmp_path):
    """Exported for transformers and imported once more it is the same; CTranslate2's converter takes it too."""
    _, path = imported
    assert conversion.converted(path).exists()  # proved by its making
    export(path, tmp_path / "hf", "huggingface")
    again = import_model(tmp_path / "hf", tmp_path / "again")
    assert again.largest_difference < 1e-4
    for file in (model_directory.CONFIG, model_directory.TOKENIZER, model_directory.CARD):
        assert (tmp_path / "again" / file).read_bytes() == (path / file).read_bytes()
    before, after = (read_arrays(each / model_directory.WEIGHTS) for each in (path, tmp_path / "again"))
    assert before.keys() == after.keys()
    for name in before:
        np.testing.assert_allclose(after[name], before[name], rtol=0, atol=2e-6)
    tags = model_directory.read_tokenizer(path).languages
    for text, right in zip(FRENCH, ENGLISH, strict=True):
        assert by_their_converter(tmp_path, f">>{tags[-1]}<< {text}" if tags else text) == right


def by_their_converter(folder, text):
    """Return a translation by what CTranslate2's own converter makes of `hf`, nothing of it suppressed."""
    if not (folder / "ct2").exists():
        TransformersConverter(str(folder / "hf")).convert(str(folder / "ct2"))
    translator = ctranslate2.Translator(str(folder / "ct2"))
    cutter = AutoTokenizer.from_pretrained(folder / "hf")
    found = translator.translate_batch([cutter.convert_ids_to_tokens(cutter(text)["input_ids"])], beam_size=1)
    return cutter.decode(cutter.convert_tokens_to_ids(found[0].hypotheses[0]), skip_special_tokens=True)


def test_it_is_looked_into_and_told_about(opus, capsys, tmp_path):
    _, path = opus
    translator = clearhead.load(path)
    assert translator.info.source_langs == ("fr",)
    assert translator.info.target_langs == ("en",)
    assert translator.info.decoding.beam_size == 6
    maps = translator.look("le chat noir", target="the black cat")
    assert maps.cross.shape[:2] == (2, 4)
    assert (maps.source.text, maps.target.text) == ("le chat noir", "the black cat")
    cli.main(["info", "--model", str(path)])
    assert "MarianMTModel" in capsys.readouterr().out
    card = (path / "README.md").read_text()
    assert "licence: of the data" in card
    report = json.loads((path / REPORT).read_text())
    assert report["sources"] >= 9
    assert report["largest_difference"] < 1e-4
    assert report["versions"]["transformers"]


def test_what_is_not_known_is_said(opus):
    translator = clearhead.load(opus[1])
    ids = translator.tokenizer.encode("le 漢 chat")
    assert UNK in ids
    assert translator.tokenizer.pieces([UNK]) == ["<unk>"]
    assert "\ufffd" in translator.tokenizer.decode(ids)
    assert not translator.tokenizer.knows_most_of("漢字漢字")
    assert translator.tokenizer.knows_most_of("ｌｅ ｃｈａｔ")  # which its model makes plain letters of
    with pytest.raises(TranslationError, match="vocabulary lacks"):
        translator.translate("le chat", prefix="漢")


def test_known_links_follow_the_words_that_its_pieces_spell(opus):
    """Normalising may make words of a character, and what has no piece swallows the next space."""
    tokenizer = model_directory.read_tokenizer(opus[1])

    def linked(src, tgt):
        """Return the links, each token as the number of its word."""
        ids = tokenizer.encode(src), tokenizer.encode_target(tgt)
        words = [list(accumulate(tokenizer.vocabulary[i].startswith("▁") for i in side)) for side in ids]
        links = token_links(tokenizer, Pair(src, tgt, "", 1, ((0, 0), (1, 1))), *ids)
        return [(words[0][s], words[1][t]) for s, t in links]

    assert set(linked("la vie", "life is")) == {(1, 1), (2, 2)}
    assert set(linked("la vi½e", "life is")) == {(1, 1), (2, 2)}
    assert linked("la¨ vie", "life is") == []  # NFKC gives a space and a mark


def test_it_is_trained_on(opus, tmp_path, capsys):
    """Loss falls from the model's own, the bias learns too, and what comes out is again a model."""
    for name, lines in (("a.fr", FRENCH * 8), ("a.en", (ENGLISH[1:] + ENGLISH[:1]) * 8)):
        (tmp_path / name).write_text("\n".join(lines) + "\n")
    data = [f"--{flag}={tmp_path / name}" for flag, name in (("source", "a.fr"), ("target", "a.en"))]
    valid = [f"--valid-{flag}={tmp_path / name}" for flag, name in (("source", "a.fr"), ("target", "a.en"))]
    settings = ["--training.max-steps=30", "--training.warmup-steps=5", "--training.learning-rate=0.01"]
    settings += [
        "--training.valid-every=30",
        "--training.label-smoothing=0.1",
        "--training.schedule=constant",
    ]
    cli.main(["train", f"--init={opus[1]}", f"--out={tmp_path / 'run'}", *data, *valid, *settings])
    log = [json.loads(line) for line in (tmp_path / "run" / "log.jsonl").read_text().splitlines()]
    losses = [event["loss"] for event in log if event["event"] == "valid"]
    assert losses[-1] < losses[0] - 1
    before, after = (
        read_arrays(path / model_directory.WEIGHTS)["output_bias"]
        for path in (opus[1], tmp_path / "run" / "model")
    )
    assert before.shape == after.shape
    assert abs(before - after)[EOS:].max() > 1e-3
    assert clearhead.load(tmp_path / "run").tokenizer.kind == "marian"


def test_the_command(opus, tmp_path, capsys):
    folder = tmp_path / "opus-mt-fr-en"
    shutil.copytree(opus[0], folder)
    (folder / "README.md").unlink()
    cli.main(["import", str(folder), "--out", str(tmp_path / "fr-en")])
    shown = capsys.readouterr().out
    assert "verified on 9 sources" in shown
    assert f"clearhead translate --model {tmp_path / 'fr-en'}" in shown
    assert "opus-mt-fr-en, a MarianMTModel" in (tmp_path / "fr-en" / "README.md").read_text()
    with pytest.raises(CheckpointError, match="already exists"):
        import_model(folder, tmp_path / "fr-en")


def test_one_matrix_may_have_any_of_its_names(opus, tmp_path):
    """Other releases of transformers, and converters, keep another one."""
    for name in ("lm_head.weight", "model.decoder.embed_tokens.weight"):
        folder = tmp_path / name
        shutil.copytree(opus[0], folder)
        weights = read_arrays(folder / "model.safetensors")
        weights[name] = weights.pop("model.shared.weight")
        save_file(weights, folder / "model.safetensors", metadata={"format": "pt"})
        import_model(folder, folder / "ours")
        weights = [read_arrays(path / model_directory.WEIGHTS) for path in (folder / "ours", opus[1])]
        assert (weights[0]["src_embedding.weight"] == weights[1]["src_embedding.weight"]).all()


def edit(folder, name, **values):
    file = folder / name
    file.write_text(json.dumps({**json.loads(file.read_text()), **values}))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda folder: (folder / "source.spm").unlink(), "it has no source.spm"),
        (
            lambda folder: (folder / "model.safetensors").rename(folder / "pytorch_model.bin"),
            "pickled weights",
        ),
        (lambda folder: edit(folder, "config.json", model_type="bart"), "family 'bart'; only 'marian' and"),
        (lambda folder: edit(folder, "config.json", activation_function="tanh"), "activation 'tanh'"),
        (lambda folder: edit(folder, "config.json", decoder_ffn_dim=64), "different widths"),
        (lambda folder: edit(folder, "config.json", decoder_vocab_size=7), "vocabulary for each side"),
        (
            lambda folder: edit(folder, "tokenizer_config.json", separate_vocabs=True),
            "vocabulary for each side",
        ),
        (lambda folder: edit(folder, "config.json", encoder_layers=3), "has no weights for"),
        (lambda folder: edit(folder, "vocab.json", more=500), "pieces, and the model has"),
        (
            lambda folder: edit(folder, "config.json", decoder_start_token_id=5000),
            "begins a translation with",
        ),
        (lambda folder: edit(folder, "config.json", max_position_embeddings=40), "has 40 positions"),
        (
            lambda folder: edit(folder, "tokenizer_config.json", unk_token="<none>"),
            "transformers cannot read",
        ),
        (lambda folder: (folder / "vocab.json").write_text("{"), "cannot read"),
        (lambda folder: (folder / "target.spm").write_bytes(b"no model"), "cannot be read"),
        (lambda folder: (folder / "model.safetensors").write_bytes(b"no weights"), "cannot read"),
    ],
)
def test_what_cannot_be_taken_in_is_refused_in_a_line(change, said, opus, tmp_path, capsys):
    folder = tmp_path / "theirs"
    shutil.copytree(opus[0], folder)
    change(folder)
    with pytest.raises(SystemExit) as stopped:
        cli.main(["import", str(folder), "--out", str(tmp_path / "ours")])
    assert stopped.value.code == 1
    error = capsys.readouterr().err
    assert said in error
    assert error.count("\n") == 1
    assert sorted(path.name for path in tmp_path.iterdir()) == ["theirs"]


@pytest.mark.parametrize("wrong", ["order", "start", "bias"])
def test_a_failed_proof_leaves_nothing(wrong, opus, tmp_path, monkeypatch):
    folder = tmp_path / "theirs"
    shutil.copytree(opus[0], folder)
    weights = marian._weights

    def changed(*args):
        found = weights(*args)
        if wrong == "order":
            name = "encoder.layers.1.feed_forward.inner.weight"
            found[name] = found[name][:, ::-1].copy()
        elif wrong == "start":
            found["src_embedding.weight"][BOS] += 0.5
        else:
            found["output_bias"][EOS] += 0.5
        return found

    monkeypatch.setattr(marian, "_weights", changed)
    with pytest.raises(EngineError, match="does not translate here as it does in transformers"):
        import_model(folder, tmp_path / "ours")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["theirs"]
