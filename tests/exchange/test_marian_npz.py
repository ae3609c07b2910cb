"""A model in Marian's own form translates here as Marian's equations say, and what we do not have is refused."""

import io
import math

import numpy as np
import pytest
import torch
import yaml

from clearhead import cli, model_directory
from clearhead.engines.pytorch import PyTorchEngine
from clearhead.errors import EngineError
from clearhead.exchange.marian_npz import SETTINGS, import_npz
from clearhead.text.vocabulary import EOS
from tests.exchange.test_marian import ENGLISH, FRENCH, pieces_of, sentencepiece_model

OPTIONS = {
    "type": "transformer",
    "dim-emb": 16,
    "transformer-heads": 2,
    "transformer-dim-ffn": 24,
    "enc-depth": 2,
    "dec-depth": 2,
    "transformer-ffn-activation": "relu",
    "transformer-ffn-depth": 2,
    "transformer-decoder-autoreg": "self-attention",
    "transformer-preprocess": "",
    "transformer-postprocess": "dan",
    "transformer-postprocess-top": "",
    "transformer-postprocess-emb": "d",
    "tied-embeddings-all": True,
}
PRE = {"transformer-preprocess": "n", "transformer-postprocess": "da", "transformer-postprocess-top": "n"}
KINDS = {
    "tied, post": {},
    "tied, pre, swish": {**PRE, "transformer-ffn-activation": "swish"},
    "three tables": {"tied-embeddings-all": False},
    "output tied": {"tied-embeddings-all": False, "tied-embeddings": True, "dec-depth": 1},
}


def settings_array(options):
    return np.frombuffer(yaml.safe_dump(options).encode() + b"\0", np.int8)


def marian_arrays(options, vocab_size, seed=1):
    """Draw a model's arrays under the names that Marian gives them."""
    draws = np.random.default_rng(seed)
    d, inner = options["dim-emb"], options["transformer-dim-ffn"]

    def drawn(*shape):
        return draws.normal(0, 0.3, shape).astype(np.float32)

    pre = "_pre" if options["transformer-preprocess"] else ""
    arrays = {"decoder_ff_logit_out_b": drawn(1, vocab_size)}
    for table in ("Wemb",) if options["tied-embeddings-all"] else ("encoder_Wemb", "decoder_Wemb"):
        arrays[table] = drawn(vocab_size, d)
    if not options["tied-embeddings-all"] and not options.get("tied-embeddings"):
        arrays["decoder_ff_logit_out_W"] = drawn(d, vocab_size)
    for stack, depth in (("encoder", options["enc-depth"]), ("decoder", options["dec-depth"])):
        for layer in range(1, depth + 1):
            name = f"{stack}_l{layer}"
            for place in ("self", "context") if stack == "decoder" else ("self",):
                for part in "qkvo":
                    arrays[f"{name}_{place}_W{part}"] = drawn(d, d)
                    arrays[f"{name}_{place}_b{part}"] = drawn(1, d)
                arrays[f"{name}_{place}_Wo_ln_scale{pre}"] = 1 + drawn(1, d)
                arrays[f"{name}_{place}_Wo_ln_bias{pre}"] = drawn(1, d)
            arrays[f"{name}_ffn_W1"], arrays[f"{name}_ffn_b1"] = drawn(d, inner), drawn(1, inner)
            arrays[f"{name}_ffn_W2"], arrays[f"{name}_ffn_b2"] = drawn(inner, d), drawn(1, d)
            arrays[f"{name}_ffn_ffn_ln_scale{pre}"] = 1 + drawn(1, d)
            arrays[f"{name}_ffn_ffn_ln_bias{pre}"] = drawn(1, d)
        if pre:
            arrays[f"{stack}_top_ln_scale"], arrays[f"{stack}_top_ln_bias"] = 1 + drawn(1, d), drawn(1, d)
    return arrays


def write_npz(folder, **changed):
    """Write a Marian model as Marian does: arrays in an archive that is not compressed, a SentencePiece model."""
    folder.mkdir(parents=True)
    options = {**OPTIONS, **changed}
    model = sentencepiece_model(FRENCH + ENGLISH, bos_id=-1, eos_id=0, unk_id=1)
    arrays = marian_arrays(options, len(pieces_of(model)))
    np.savez(folder / "model.npz", **arrays, **{SETTINGS: settings_array(options)})
    (folder / "vocab.spm").write_bytes(model)
    return options, arrays


def expected_log_probabilities(options, arrays, src, tgt):
    """Compute what Marian's equations give after each token of `tgt`, ids as Marian has them, token by token.

    Source: `transformer.h` and `sinusoidalPositionEmbeddings` of `node_initializers.cpp` in marian-nmt/marian (MIT):
    sqrt(dim) times the embedding plus [sin, cos] of p * exp(-i log(10000) / (dim / 2 - 1)); no vector for the start.
    """
    d, heads, pre = options["dim-emb"], options["transformer-heads"], bool(options["transformer-preprocess"])

    def position(p):
        angles = [p * math.exp(-i * math.log(10000) / (d // 2 - 1)) for i in range(d // 2)]
        return np.array([math.sin(a) for a in angles] + [math.cos(a) for a in angles])

    def norm(x, place):
        return (x - x.mean()) / math.sqrt(x.var() + 1e-6) * arrays[f"{place[0]}_ln_scale{place[1]}"][
            0
        ] + arrays[f"{place[0]}_ln_bias{place[1]}"][0]

    def attend(place, row, rows):
        def project(part, x):
            return x @ arrays[f"{place}_W{part}"] + arrays[f"{place}_b{part}"][0]

        size, parts = d // heads, []
        for head in range(heads):
            cut = slice(head * size, (head + 1) * size)
            weights = [project("q", row)[cut] @ project("k", other)[cut] / math.sqrt(size) for other in rows]
            weights = np.exp(np.array(weights)) / np.exp(np.array(weights)).sum()
            parts.append(sum(w * project("v", other)[cut] for w, other in zip(weights, rows, strict=True)))
        return project("o", np.concatenate(parts))

    def feed(place, row):
        inner = row @ arrays[f"{place}_W1"] + arrays[f"{place}_b1"][0]
        inner = (
            inner / (1 + np.exp(-inner))
            if "swish" in options["transformer-ffn-activation"]
            else inner.clip(0)
        )
        return inner @ arrays[f"{place}_W2"] + arrays[f"{place}_b2"][0]

    def sublayer(place, rows, function):
        if pre:
            entered = [norm(row, (place, "_pre")) for row in rows]
            return [row + function(i, entered) for i, row in enumerate(rows)]
        return [norm(row + function(i, rows), (place, "")) for i, row in enumerate(rows)]

    def stack(side, rows, memory=None):
        rows = [row + position(p) for p, row in enumerate(rows)]
        for number in range(1, options["enc-depth" if memory is None else "dec-depth"] + 1):
            name = f"{side}_l{number}"
            seen = (lambda i, of: of) if memory is None else (lambda i, of: of[: i + 1])
            rows = sublayer(
                f"{name}_self_Wo",
                rows,
                lambda i, of, name=name, seen=seen: attend(f"{name}_self", of[i], seen(i, of)),
            )
            if memory is not None:
                rows = sublayer(
                    f"{name}_context_Wo",
                    rows,
                    lambda i, of, name=name: attend(f"{name}_context", of[i], memory),
                )
            rows = sublayer(f"{name}_ffn_ffn", rows, lambda i, of, name=name: feed(f"{name}_ffn", of[i]))
        return [norm(row, (f"{side}_top", "")) for row in rows] if pre else rows

    tables = {side: arrays.get(f"{side}_Wemb", arrays.get("Wemb")) for side in ("encoder", "decoder")}
    memory = stack("encoder", [math.sqrt(d) * tables["encoder"][i] for i in src])
    rows = [np.zeros(d), *(math.sqrt(d) * tables["decoder"][i] for i in tgt)]
    output = arrays.get("decoder_ff_logit_out_W", tables["decoder"].T)
    logits = np.array(stack("decoder", rows, memory)) @ output + arrays["decoder_ff_logit_out_b"][0]
    return torch.tensor(logits).log_softmax(-1).numpy()


@pytest.fixture(scope="module", params=KINDS)
def imported(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp("npz")
    options, arrays = write_npz(folder / "theirs", **KINDS[request.param])
    proof = import_npz(folder / "theirs", folder / "ours", languages=("fr", "en"))
    return options, arrays, folder / "ours", proof


def test_own_engine_equals_marians_equations(imported):
    options, arrays, ours, proof = imported
    tokenizer = model_directory.read_tokenizer(ours)
    src = [*tokenizer.encode(FRENCH[0]), EOS]
    tgt = tokenizer.encode_target(ENGLISH[1])
    spm = pieces_of((ours.parent / "theirs" / "vocab.spm").read_bytes())
    theirs = [
        [0 if i == EOS else spm.index(tokenizer.pieces([i])[0]) for i in ids] for ids in (src, [*tgt, EOS])
    ]
    rows = expected_log_probabilities(options, arrays, theirs[0], theirs[1][:-1])
    forbidden = [1]  # <unk>
    allowed = np.delete(rows, forbidden, axis=1)
    allowed = rows - np.log(np.exp(allowed).sum(axis=1, keepdims=True))
    expected = [allowed[place, i] for place, i in enumerate(theirs[1])]
    got = PyTorchEngine.load(ours).score([src], [tgt], allowed_only=True)[0]
    assert np.abs(np.subtract(got, expected)).max() < 1e-4
    assert proof.largest_difference < 1e-4


def test_it_is_a_model_like_any_other(imported, tmp_path, capsys):
    *_, ours, _ = imported
    info = model_directory.read_info(ours)
    assert (info.source_langs, info.target_langs, info.training.imported_from) == (("fr",), ("en",), "Marian")
    cli.main(["translate", "--model", str(ours), FRENCH[1]])
    assert capsys.readouterr().out.count("\n") == 1


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"transformer-decoder-autoreg": "rnn", "dec-cell": "ssru"}, "'rnn' of SSRU cells"),
        ({"transformer-decoder-autoreg": "average-attention"}, "'average-attention'"),
        ({"type": "s2s"}, "type 's2s'; only 'transformer'"),
        ({"transformer-postprocess": "dn"}, "normalises as"),
        ({"transformer-ffn-activation": "gelu"}, "activation 'gelu'"),
        ({"transformer-train-position-embeddings": True}, "transformer-train-position-embeddings True"),
        ({"transformer-heads": 3}, "num_heads"),
        ({"transformer-decoder-dim-ffn": 40}, "has an encoder and a decoder of different widths"),
        ({"transformer-dim-ffn": 40}, "; the options ask for ["),
        ({"enc-depth": 3}, ""),
    ],
)
def test_what_we_do_not_have_is_named_in_one_line(tmp_path, changed, said):
    options, arrays = write_npz(tmp_path / "theirs")
    arrays = {**arrays, SETTINGS: settings_array({**options, **changed})}
    np.savez(tmp_path / "theirs" / "model.npz", **arrays)
    with pytest.raises(EngineError) as failed:
        import_npz(tmp_path / "theirs", tmp_path / "ours")
    assert said in str(failed.value)
    assert "\n" not in str(failed.value)
    assert not (tmp_path / "ours").exists()


@pytest.mark.parametrize(
    "harm", ["pickle", "compressed", "cut", "no options", "not a zip", "larger than it is"]
)
def test_a_file_from_anybody_is_never_unpickled(tmp_path, harm):
    _, arrays = write_npz(tmp_path / "theirs")
    file = tmp_path / "theirs" / "model.npz"
    if harm == "pickle":
        np.savez(file, **arrays, bad=np.array([{}], dtype=object))
    elif harm == "compressed":
        np.savez_compressed(file, **arrays)
    elif harm == "cut":
        file.write_bytes(file.read_bytes()[:-2000])
    elif harm == "no options":
        np.savez(file, **arrays)
    elif harm == "larger than it is":
        content = file.read_bytes()
        file.write_bytes(content.replace(b"(2, 16)", b"(9, 16)") if b"(2, 16)" in content else content[:-40])
    else:
        file.write_bytes(b"nothing")
    with pytest.raises(EngineError, match=r"model\.npz"):
        import_npz(tmp_path / "theirs", tmp_path / "ours")


def test_the_command_imports_it(tmp_path, capsys):
    write_npz(tmp_path / "theirs")
    cli.main(["import", str(tmp_path / "theirs"), "--out", str(tmp_path / "ours")])
    assert "verified on" in capsys.readouterr().out


def test_two_vocabularies_are_refused(tmp_path):
    write_npz(tmp_path / "theirs")
    (tmp_path / "theirs" / "vocab.fr.spm").write_bytes(io.BytesIO(b"other").getvalue())
    with pytest.raises(EngineError, match="a vocabulary for each side"):
        import_npz(tmp_path / "theirs", tmp_path / "ours")


def test_a_folder_without_a_vocabulary_is_refused(tmp_path):
    write_npz(tmp_path / "theirs")
    for file in (tmp_path / "theirs").glob("*.spm"):
        file.unlink()
    with pytest.raises(EngineError, match=r"has no \.spm file, the SentencePiece model of its vocabulary"):
        import_npz(tmp_path / "theirs", tmp_path / "ours")
