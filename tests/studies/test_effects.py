"""Each study at toy size: it runs to its page, and shows what is certain whatever is learned."""

import gzip
import importlib
import json

import numpy as np
import pytest
import torch
from studies.__main__ import alone, names
from studies.kinds import KINDS, TRANSFORMER, of_equal_parameters, transformer_of
from studies.learning import build
from studies.learning import transformer as paper_model
from studies.study import main, parser

from clearhead.data.batching import TokenizedCorpus
from studies import distance, mask, parallel, positions, recurrence, scale

OURS = ("distance", "mask", "parallel", "positions", "recurrence", "scale")


def toy(study, *flags: str):
    """Return the raw results of the toy form as its page gets them, and the claims' verdicts."""
    options = parser(study).parse_args(["--toy", *flags])
    raw = json.loads(json.dumps(study.measure(1, options)))
    assert study.tables([raw, raw])
    assert study.panels([raw, raw])
    return raw, {claim.name: claim.verdict for claim in study.claims([raw])}


def test_every_study_is_listed_and_timed_ones_run_alone():
    assert set(OURS) <= set(names())
    for name in OURS:
        study = importlib.import_module(f"studies.{name}").STUDY
        assert study.name == name
        assert study.alone == alone(name)


def test_scale_variance_is_d_k_and_only_sqrt_d_k_keeps_the_softmax():
    raw, verdicts = toy(scale.STUDY)
    assert raw["random"]["64"]["variance"] == pytest.approx(64, rel=0.1)
    assert raw["random"]["512"]["softmax"]["no scale"]["largest"] > 0.85
    assert verdicts["variance is d_k"] == verdicts["saturation without scale"] == "held"
    assert verdicts["1/d_k flattens"] == "held"


def test_scale_rescaled_model_has_other_scores_and_the_papers_factor_changes_nothing():
    config = transformer_of(40, 16, 1)
    src, tgt = torch.randint(4, 40, (2, 5)), torch.randint(4, 40, (2, 5))
    plain = paper_model(config, 1)(src, tgt)
    same = scale.rescale(paper_model(config, 1), scale.SCALES["1/sqrt(d_k)"])(src, tgt)
    other = scale.rescale(paper_model(config, 1), scale.SCALES["no scale"])(src, tgt)
    torch.testing.assert_close(same, plain)
    assert (other - plain).abs().max() > 1e-3


def test_mask_after_the_softmax_leaks_and_rows_lack():
    raw, verdicts = toy(mask.STUDY)
    assert raw["ways"]["before the softmax"]["leak"] == 0
    assert raw["ways"]["left out"]["leak"] > 1e-3
    assert raw["ways"]["before the softmax"]["sums"] == pytest.approx([1.0] * 12)
    assert raw["ways"]["after the softmax"]["sums"][0] < 0.9
    assert raw["ways"]["after the softmax"]["sums"][-1] == pytest.approx(1.0)
    assert verdicts["renormalised it is the same"] == "held"


def test_positions_without_any_the_encoder_is_blind_to_order():
    raw, verdicts = toy(positions.STUDY)
    assert raw["kinds"]["none"]["order"]["untrained"] < 1e-5
    assert raw["kinds"]["rotary"]["order"]["untrained"] > 0.01
    assert verdicts["no positions, no order"] == "held"


def test_distance_answers_are_those_of_the_marked_symbol():
    draws = np.random.default_rng(1)
    sources, answers = distance.recall(draws, 8, 5)
    for source, answer in zip(sources, answers, strict=True):
        assert [place for place, symbol in enumerate(source) if symbol >= distance.MARKED] == [5]
        assert source[5] - distance.SYMBOLS == answer[0]
    sources, answers = distance.agreement(draws, 8, 5)
    assert {answer[0] for answer in answers} <= {distance.FIRST, distance.FIRST + 1}


def test_distance_gradient_of_a_recurrent_network_vanishes_and_attention_keeps_it():
    corpora = {
        far: TokenizedCorpus.from_ids(*distance.recall(np.random.default_rng([1, far]), 4, far))
        for far in (4, 32)
    }
    transformer = transformer_of(distance.VOCABULARY, 16, 1)
    left = {}
    for kind in (TRANSFORMER, "LSTM"):
        found = distance.norms(build(of_equal_parameters(kind, transformer), 1).eval(), corpora)
        left[kind] = found["32"] / found["4"]
    assert left["LSTM"] < 1e-3 < 0.05 < left[TRANSFORMER]


def test_parallel_only_recurrence_has_a_longer_chain_in_longer_sequences():
    transformer = transformer_of(parallel.FIRST + parallel.SYMBOLS, 16, 1)
    chains = {
        kind: [parallel.operations_in_line(of_equal_parameters(kind, transformer), length, 1) for length in (4, 64)]
        for kind in (TRANSFORMER, "LSTM", "GRU + dot", "convolutional")
    }  # fmt: skip
    assert chains[TRANSFORMER][0] == chains[TRANSFORMER][1]
    assert chains["convolutional"][0] == chains["convolutional"][1]
    assert chains["LSTM"][1] > 4 * chains["LSTM"][0]
    assert chains["GRU + dot"][1] > 4 * chains["GRU + dot"][0]


def test_kinds_are_equal_in_parameters():
    transformer = transformer_of(1000, 64, 1)
    for kind in KINDS:
        config = of_equal_parameters(kind, transformer)
        assert config.num_parameters == pytest.approx(transformer.num_parameters, rel=0.05)


def test_recurrence_of_files_measures_at_equal_steps_and_time(tmp_path):
    for name, language in ((n, lang) for n in ("train", "valid") for lang in ("en", "de")):
        with gzip.open(tmp_path / f"{name}.{language}.gz", "wt", encoding="utf-8") as file:
            file.writelines(f"a b c {'d ' * (line % 7)}\n" for line in range(20))
    given = ["--folder", str(tmp_path), "--steps", "4", "--tested", "12", "--kinds", "GRU", "Transformer"]
    raw, _ = toy(recurrence.STUDY, *given)
    assert raw["kinds"]["GRU"]["steps"]["steps"] == 4
    assert raw["tested"] == 12
    assert raw["kinds"]["GRU"]["time"]["seconds"] >= raw["budget"]
    assert set(raw["kinds"]["GRU"]["steps"]["by length"]) == set(
        raw["kinds"]["Transformer"]["steps"]["by length"]
    )


def test_a_study_writes_page_figure_and_results(tmp_path, capsys):
    main(distance.STUDY, ["--toy", "--seeds", "1", "--kinds", "Transformer", "--out", str(tmp_path)])
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".md", ".svg"}
    assert "Toy form" in (tmp_path / "distance.md").read_text(encoding="utf-8")
