"""Between the two passes over a corpus nothing is lost, and equal pairs are found."""

from clearhead.data.raw_pairs import RawPairs

PAIRS = [
    ("the ball", "la balle", ((0, 0), (1, 1)), 3),
    ("", "été 漢字", (), 4),
    ("the ball", "la balle", ((0, 1), (10**8, 2)), 9),
]


def test_pairs_come_back_as_they_were_written(tmp_path):
    raw = RawPairs(tmp_path)
    for number, (src, tgt, links, line) in enumerate(PAIRS):
        raw.append(src, tgt, links, line, "en-fr")
        if number == 1:
            raw.end_corpus()
    raw.end_corpus()
    raw.close()
    assert [(*raw.text(row), raw.links(row), raw.lines[row]) for row in range(3)] == PAIRS
    assert raw.encoded(1) == (b"", "été 漢字".encode())
    assert raw.tgts.sizes.tolist() == [8, 12, 8]
    assert raw.starts == [0, 2, 3]
    assert [raw.corpus_of(row) for row in range(3)] == [0, 0, 1]
    assert len(list(tmp_path.iterdir())) == 3
    raw.remove()
    assert list(tmp_path.iterdir()) == []


def test_equal_pairs_are_found_within_a_pair_of_languages(tmp_path):
    raw = RawPairs(tmp_path)
    for languages in ("en-fr", "en-de", "en-fr"):
        raw.append("a", "b", (), 1, languages)
    raw.append("b", "a", (), 1, "en-fr")
    raw.close()
    assert raw.first_of_equals().tolist() == [True, True, False, True]
