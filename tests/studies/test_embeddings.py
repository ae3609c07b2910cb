"""What is certain of narrow embeddings and of neighbours."""

import argparse

import pytest
import torch
from studies.heads import shape
from studies.learning import build
from studies.narrow import NarrowEmbedding, narrowed
from studies.neighbours import by_chance, concepts, found_first, like_neighbours, told_apart

from studies import embeddings


def test_a_narrow_embedding_is_of_its_rank_and_of_the_usual_size():
    torch.manual_seed(1)
    narrow = NarrowEmbedding(500, 64, 8)
    assert torch.linalg.matrix_rank(narrow.weight.detach()) == 8
    assert float(narrow.weight.std()) == pytest.approx(64**-0.5, rel=0.2)
    assert sum(parameter.numel() for parameter in narrow.parameters()) == 8 * (500 + 64)


def test_only_the_embedding_is_narrower():
    whole, narrow = build(shape(16, 2), 1), narrowed(build(shape(16, 2), 1), 4)
    others = {name: p for name, p in narrow.named_parameters() if not name.startswith("src_embedding")}
    assert others.keys() == {name for name, _ in whole.named_parameters()} - {"src_embedding.weight"}
    for name, parameter in others.items():
        torch.testing.assert_close(parameter, whole.get_parameter(name))


def test_the_list_gives_nothing_away_by_spelling():
    rows = told_apart(concepts(), ("en", "fr", "es"))
    words = [word for row in rows for word in row.words.values()]
    assert len(words) == len(set(words))
    assert {row.kind for row in rows} == {"noun", "adjective", "verb"}
    assert len(rows) > 80


def test_a_copy_is_found_first_and_a_class_is_told_by_its_direction():
    torch.manual_seed(1)
    table = torch.randn(20, 8)
    assert found_first(table, 3 * table) == 1.0
    assert found_first(table, table.roll(1, 0)) < 0.2
    kinds = ["a"] * 10 + ["b"] * 10
    apart = torch.cat([table[:10] + 20, table[10:] - 20])
    assert like_neighbours(apart, kinds) == 1.0
    assert by_chance(kinds) == pytest.approx(9 / 19)


def test_it_runs():
    results = [embeddings.measure(1, argparse.Namespace(form="toy", model=None))]
    one = results[0]
    assert len({row["others"] for row in one["learned"].values()}) == 1
    assert list(one["learned"]) == ["2", "4", "8", "16"]
    assert one["default"]["before"]["translation"] < 0.05 < 0.3 < one["default"]["after"]["translation"]
    assert len(embeddings.claims(results)) == 3
    assert embeddings.tables(results)
    assert embeddings.panels(results)
