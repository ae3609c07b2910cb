"""What a message says to do is done here, and works: the messages whose own tests look at something else."""

import json
import socket
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from torch import nn

from clearhead import cli, model_directory
from clearhead.config import CorpusConfig, DataConfig, ModelConfig, RunConfig, TokenizerConfig, TrainingConfig
from clearhead.corpora.corpus import read_pairs
from clearhead.corpora.sides import Languages, read_sides
from clearhead.data.sources import file_sum
from clearhead.data.store import Store
from clearhead.engines.pytorch import _check_hypotheses, load_model
from clearhead.errors import (
    CheckpointError,
    ClearheadError,
    ConfigError,
    DataError,
    TextError,
    TranslationError,
)
from clearhead.evaluation.bootstrap import significance
from clearhead.evaluation.confidence import Confidence
from clearhead.exchange.write import check_new
from clearhead.inspection import picture
from clearhead.inspection.maps import AttentionMaps
from clearhead.measuring.align import read_gold
from clearhead.run import checkpoints
from clearhead.run.checks import check_valid_lengths
from clearhead.run.corpora import SentencePair
from clearhead.run.directory import RunDirectory
from clearhead.run.prepare import prepare_store
from clearhead.storage import folders
from clearhead.storage.tensors import read_shapes, to_bytes
from clearhead.text.sentencepiece_model import specifications
from clearhead.text.tokenizer import Tokenizer
from clearhead.text.vocabulary import UNK
from clearhead.training.optimizer import Optimizer
from clearhead.training.rendezvous import Place, meet
from clearhead.translator.request import prefix_ids
from tests.engines.test_ctranslate2 import write_model
from tests.ports import unclaimed_port

TEXT = [(f"Der Wagen Nummer {n} fährt.", f"La voiture numéro {n} démarre.") for n in range(40)]


def refusal(call, kind=ClearheadError) -> str:
    """Return the one line with which something is refused."""
    with pytest.raises(kind) as raised:
        call()
    assert "\n" not in str(raised.value)
    return str(raised.value)


@pytest.fixture
def fails(capsys):
    """Run a command that must fail; return its one line."""

    def run(*args) -> str:
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(arg) for arg in args])
        assert stopped.value.code == 1
        return capsys.readouterr().err

    return run


@pytest.fixture
def tsv(tmp_path):
    path = tmp_path / "a.tsv"
    path.write_text("".join(f"{src}\t{tgt}\n" for src, tgt in TEXT))
    return path


# Settings


def test_a_corpus_is_given_once(fails, tsv, tmp_path):
    line = fails("init", tsv, "--source", tsv)
    assert "the corpus is given twice; give either FILE FILE, or --source and --target" in line
    written = [tmp_path / name / "run.toml" for name in ("one", "other")]
    for out, named in zip(written, ([tsv], ["--source", tsv]), strict=True):
        out.parent.mkdir()
        cli.main([str(word) for word in ("init", *named, "--out", out)])
    one, other = (RunConfig.load(out).to_dict() for out in written)
    assert one["data"]["source"] == other["data"]["source"]
    assert one["model"] == other["model"]


def test_what_init_would_replace_is_kept_elsewhere_or_replaced(fails, tsv, tmp_path):
    (tmp_path / "valid.source").write_text("mine\n")
    line = fails("init", tsv, "--out", tmp_path / "run.toml")
    assert (
        "valid.source exists already; give an --out in another folder, or --overwrite to replace it" in line
    )
    assert "valid.source exists already" in fails("init", tsv, "--out", tmp_path / "other.toml")
    (tmp_path / "elsewhere").mkdir()
    cli.main(["init", str(tsv), "--out", str(tmp_path / "elsewhere" / "run.toml")])
    assert (tmp_path / "valid.source").read_text() == "mine\n"
    cli.main(["init", str(tsv), "--out", str(tmp_path / "run.toml"), "--overwrite"])
    assert (tmp_path / "valid.source").read_text() != "mine\n"


def test_alignments_are_for_json(fails, tmp_path, capsys):
    assert "--align needs --format json" in fails("translate", "--align", "one")
    model = write_model(tmp_path / "model")
    cli.main(
        ["translate", "--model", str(model), "--engine", "pytorch", "--align", "--format", "json", "one"]
    )
    assert "alignment" in json.loads(capsys.readouterr().out)


def test_corpora_stand_in_tables_or_under_data():
    one, several = {"source": "a.tsv"}, {"corpora": [{"source": "b.tsv"}]}
    line = refusal(lambda: RunConfig.from_dict({"data": one | several}), ConfigError)
    assert "both data.source and [[data.corpora]] are given; give each corpus in its own table" in line
    table = {"corpora": [*several["corpora"], one]}
    assert [each.source for each in RunConfig.from_dict({"data": table}).data.train_sets] == [
        "b.tsv",
        "a.tsv",
    ]


def test_a_number_beyond_all_bounds():
    tables = {"training": {"learning_rate": 10**400}}
    assert "that is too large" in refusal(lambda: RunConfig.from_dict(tables), ConfigError)


def test_a_preset_that_is_named_instead_works():
    line = refusal(lambda: RunConfig.from_dict({"preset": "smal"}), ConfigError)
    for name in line.partition("there are ")[2].split(", "):
        assert RunConfig.from_dict({"preset": name}).model == RunConfig.from_dict({}, preset=name).model
        assert ModelConfig.preset(name, vocab_size=400).vocab_size == 400


def test_something_is_left_to_learn():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    frozen = TrainingConfig(freeze=("0", "1"))
    assert "training.freeze leaves nothing to learn; name fewer parts" in refusal(
        lambda: Optimizer(model, frozen), ConfigError
    )
    Optimizer(model, replace(frozen, freeze=("0",)))
    assert [parameter.requires_grad for parameter in model.parameters()] == [False, False, True, True]


def test_a_validation_pair_has_the_positions_it_needs():
    pair = SentencePair("one two three", "one")
    corpora = SimpleNamespace(valid=[pair])
    tokenizer = Tokenizer.train([pair.src], kind="char", vocab_size=300)
    shape = ModelConfig(vocab_size=tokenizer.vocab_size, positions="learned", max_positions=8)

    def check(shape):
        check_valid_lengths(SimpleNamespace(model=shape), corpora, tokenizer)

    line = refusal(lambda: check(shape), ConfigError)
    assert "a validation pair has" in line
    assert "model.max_positions is 8; leave it out, or raise that" in line
    needed = int(line.split()[4])
    check(replace(shape, max_positions=needed))
    refusal(lambda: check(replace(shape, max_positions=needed - 1)), ConfigError)
    corpora.valid.clear()
    check(shape)


def test_a_store_has_a_place(tsv, tmp_path):
    valid = CorpusConfig(source=str(tsv))
    data = DataConfig(source=str(tsv), validation=(valid,))
    config = RunConfig(data=data, tokenizer=TokenizerConfig(vocab_size=400))
    line = refusal(lambda: list(prepare_store(config)), ConfigError)
    assert "no directory for the prepared text given; name it with --store DIR, or store = under" in line
    placed = replace(config, data=replace(data, store=str(tmp_path / "store")))
    *_, store = prepare_store(placed)
    assert isinstance(store, Store)


# Text


def test_an_entry_that_cannot_be_read_is_fixed_or_removed(tmp_path):
    rows = [f"{n}.5\t{src}\t{tgt}\n" for n, (src, tgt) in enumerate(TEXT)]
    path = tmp_path / "mined.tsv"

    def read(lines):
        path.write_text("".join(lines))
        return [(pair.src, pair.tgt) for pair in read_sides(str(path), None, Languages("", ""), "target")]

    line = refusal(lambda: read([*rows[:20], "20.5\tDer Wagen\n", *rows[20:]]), DataError)
    assert "mined.tsv:21: " in line
    assert line.endswith("; fix this entry or remove it")
    assert read(rows) == TEXT
    assert read([*rows[:20], "20.5\tDer Wagen\tLa voiture\n", *rows[20:]])[20] == ("Der Wagen", "La voiture")


def test_a_file_that_is_gone_is_put_back(tsv):
    data, before = tsv.read_bytes(), file_sum(tsv)
    tsv.unlink()
    assert refusal(lambda: file_sum(tsv), DataError).endswith("; put it back")
    tsv.write_bytes(data)
    assert file_sum(tsv) == before


def test_columns_are_of_tables(tmp_path):
    path = tmp_path / "a.jsonl"
    path.write_text('{"de": "eins", "fr": "un"}\n')
    corpus = CorpusConfig(source=str(path), source_lang="de", target_lang="fr", columns=(1, 2))
    assert "leave columns out" in refusal(lambda: list(read_pairs(corpus)), ConfigError)
    assert [pair.tgt for pair in read_pairs(replace(corpus, columns=()))] == ["un"]


def test_known_alignments_have_a_line_for_each_pair(tmp_path):
    gold = tmp_path / "gold"
    gold.write_text("0-0\n")
    line = refusal(lambda: read_gold(str(gold), [(1, 1), (1, 1)]), DataError)
    assert "has 1 lines for 2 pairs; give one line of links for each pair" in line
    gold.write_text("0-0\n0-0\n")
    assert len(read_gold(str(gold), [(1, 1), (1, 1)])) == 2


def test_a_tokenizer_of_another_release():
    trainer = bytes([0x12, 2, 0x18, 9])  # field 2, trainer_spec: model_type (3) = 9
    line = refusal(lambda: specifications(trainer), TextError)
    assert "the tokenizer is of an unknown kind, 9; this release reads " in line


def test_a_prefix_is_of_letters_that_the_vocabulary_has():
    tokenizer = SimpleNamespace(encode_target=lambda text: [UNK] if "字" in text else [9])
    line = refusal(lambda: prefix_ids("字", tokenizer), TranslationError)
    assert "has characters that this imported model's vocabulary lacks; leave them out" in line
    assert prefix_ids("a", tokenizer) == [9]


# Directories


def test_a_file_that_is_missing_is_copied_again(tmp_path):
    path = tmp_path / "model"
    folders.write_directory(path, {"a": b"text", "b": b"more"})
    (path / "a").unlink()
    line = refusal(lambda: folders.verify(path), CheckpointError)
    assert line.endswith("is damaged: a is missing; copy the directory again, whole")
    (path / "a").write_bytes(b"text")
    folders.verify(path)


def test_weights_that_cannot_be_read_are_copied_again(tmp_path):
    import numpy as np

    file, whole = tmp_path / "model.safetensors", to_bytes({"a": np.ones(4, np.float32)})
    for damaged in (whole[:4], whole[:-2], b"\xff" * 8 + whole[8:]):
        file.write_bytes(damaged)
        line = refusal(lambda: read_shapes(file), CheckpointError)
        assert line.startswith(f"cannot read {file}: ")
        assert line.endswith("; copy it again")
    file.write_bytes(whole)
    assert read_shapes(file) == {"a": ("F32", (4,))}


def test_weights_of_another_shape(tmp_path):
    path = write_model(tmp_path / "model")
    info = model_directory.read_info(path)
    other = replace(info, model=replace(info.model, d_ff=40))
    assert "has shape [48, 32], the configuration says [40, 32]" in refusal(
        lambda: load_model(path, other), CheckpointError
    )
    other = replace(info, model=replace(info.model, norm="pre"))
    assert "weights and configuration disagree about " in refusal(
        lambda: load_model(path, other), CheckpointError
    )
    load_model(path, info)


def test_no_checkpoint_is_whole(tmp_path):
    """The newest that is whole is gone on from; where none is, the fault and what to do are those of the newest."""
    run = RunDirectory(tmp_path)
    for step in (1, 2):
        folders.write_directory(run.checkpoints / f"step-{step:08d}", {"a": b"text"})
        (run.checkpoints / f"step-{step:08d}" / "a").unlink()
    line = refusal(lambda: checkpoints.find(run, SimpleNamespace(), RunConfig()), CheckpointError)
    assert line.startswith(f"no checkpoint of {tmp_path} is whole: ")
    assert "step-00000002 is damaged: a is missing; copy the directory again, whole" in line


def test_an_export_has_a_place_of_its_own(tmp_path):
    line = refusal(lambda: check_new(tmp_path), CheckpointError)
    assert "already exists; choose another --out or remove it" in line
    check_new(tmp_path / "other")


# Figures and pictures


def test_as_many_samples_as_memory_holds():
    sides = ["a b c d e"] * 2
    line = refusal(lambda: significance(sides, sides, sides, samples=10**9), ConfigError)
    assert "samples would take too much memory; give at most " in line
    usual = int(line.split()[-3])
    assert significance(sides, sides, sides, samples=usual)[0].p_value is not None


def test_confidence_that_cannot_be_read_is_fitted_again():
    line = refusal(lambda: Confidence.from_dict({"sentence": 1}), ConfigError)
    assert line.endswith("; fit the confidence again with `clearhead evaluate --calibrate`")


def test_maps_of_another_release():
    line = refusal(lambda: AttentionMaps.from_dict({"format_version": 99, "arrays": {}}), ConfigError)
    assert "these maps have format version 99; this release reads " in line


def test_a_picture_has_a_name_that_says_its_form(tmp_path):
    line = refusal(lambda: picture.save("<svg/>", tmp_path / "a.gif"), ConfigError)
    assert "is not named as a picture; end its name in .svg or .png" in line
    picture.save("<svg/>", tmp_path / "a.svg")
    assert (tmp_path / "a.svg").read_text() == "<svg/>"


def test_a_picture_without_what_makes_its_form(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    line = refusal(lambda: picture.save("<svg/>", tmp_path / "a.png"), ConfigError)
    assert line.endswith(", or write an .svg file")
    picture.save("<svg/>", tmp_path / "a.svg")


def test_a_search_that_found_nothing():
    line = refusal(lambda: _check_hypotheses([[], []]), TranslationError)
    assert "the model gives no translation" in line
    assert line.endswith("; use another model")


# Several processes


def test_a_port_that_is_free():
    with socket.socket() as other:
        other.bind(("127.0.0.1", unclaimed_port()))
        other.listen()
        place = Place(0, 1, 0, 1, "127.0.0.1", other.getsockname()[1])
        line = refusal(lambda: meet(place, lambda: None), ConfigError)
    assert "the first process cannot listen at 127.0.0.1:" in line
    assert "a MASTER_PORT from 1024 to 65535 that is free" in line
    meet(place, lambda: None)  # at the address that is free now
