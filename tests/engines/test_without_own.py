"""Where our own code cannot run, CTranslate2's best is given: nothing is untranslated, mixed up or lost unsaid."""

from dataclasses import dataclass, field

import pytest

from clearhead import model_directory
from clearhead.config import DecodingConfig
from clearhead.decoding.hypothesis import Hypothesis
from clearhead.decoding.phrases import Wanted
from clearhead.engines import choice, conversion, held
from clearhead.engines.ctranslate2 import POSITIONS, CTranslate2Engine
from clearhead.engines.held import HeldSource, translate_held
from clearhead.engines.protocol import SearchOptions, SpecialIds
from clearhead.engines.wide_beam import WIDE, wide_beam
from clearhead.engines.without_own import without_own
from clearhead.errors import MissingPackageError
from clearhead.text.vocabulary import EOS
from tests.engines.test_ctranslate2 import FP32, options, sources, translated, write_model


@dataclass
class Picky:
    """Finds nothing for a source that begins with 1 but in a wide beam, with 2 but where symbols need not be kept."""

    calls: list[tuple[list, SearchOptions, list | None]] = field(default_factory=list)

    def translate(self, srcs, options, prefixes=None):
        self.calls.append((srcs, options, prefixes))
        for place in reversed(range(len(srcs))):  # in the order of finishing
            needed = {1: options.decoding.beam_size >= WIDE, 2: not options.carry}.get(srcs[place][0], True)
            tokens = (*(prefixes[place] if prefixes else ()), *srcs[place])
            yield place, [hypothesis(tokens)] if needed else []


def hypothesis(tokens):
    return Hypothesis(
        tokens=tuple(tokens), score=0.0, log_prob=0.0, token_log_probs=(), truncated=False, repetition=False
    )


def search(**decoding):
    return SearchOptions(decoding=DecodingConfig(**decoding))


def test_each_source_gets_what_the_engine_finds_for_it_and_no_other():
    """Those that the engine has room for had a wide beam before; those beyond its positions have it here."""
    long = [9] * (POSITIONS - 10)
    srcs = [[2, 7], [1, *long], [3, 9], [2, *long]]
    forced = [[20], [21], [22], [23]]
    for prefixes in (None, forced):
        engine = Picky()
        found = dict(without_own(engine, srcs, search(max_length_factor=2), prefixes))
        expected = [(*prefix, *src) for prefix, src in zip(prefixes or [[]] * 4, srcs, strict=True)]
        assert [found[index][0].tokens for index in range(4)] == expected
        near, wide, free = engine.calls
        assert [call[1].decoding.beam_size for call in (near, wide, free)] == [
            search().decoding.beam_size,
            WIDE,
            4,
        ]
        assert [call[1].carry for call in (near, wide, free)] == [False, True, False]
        assert [call[0] for call in (near, wide, free)] == [[srcs[0], srcs[2]], [srcs[1], srcs[3]], [srcs[3]]]


def test_a_wider_beam_stays_as_wide():
    engine = Picky()
    found = dict(wide_beam(engine, [[1, 8], [2, 7]], search(beam_size=WIDE + 3), None))
    assert engine.calls[0][1].decoding.beam_size == WIDE + 3
    assert {place: bool(hypotheses) for place, hypotheses in found.items()} == {0: True, 1: False}


def test_nothing_is_asked_for_no_sentences():
    engine = Picky()
    assert list(wide_beam(engine, [], search(), None)) == list(without_own(engine, [], search(), None)) == []
    assert engine.calls == []


def test_an_output_beyond_the_positions_ends_at_them():
    engine = Picky()
    long = [3] * (POSITIONS - 10)
    found = dict(without_own(engine, [[3, 9], long, [4, 9]], search(max_length_factor=2), None))
    assert [found[index][0].tokens for index in range(3)] == [(3, 9), tuple(long), (4, 9)]
    usual, cut = engine.calls
    assert usual[0] == [[3, 9], [4, 9]]
    assert cut[0] == [long]
    assert cut[1].positions(len(long)) == POSITIONS


@pytest.mark.parametrize(("src", "prefix"), [(POSITIONS + 1, 0), (4, POSITIONS)])
def test_a_sentence_beyond_the_positions_is_refused_before_anything_is_translated(src, prefix, monkeypatch):
    monkeypatch.setattr("clearhead.extras.has", lambda package: False)
    engine = Picky()
    with pytest.raises(
        MissingPackageError, match=r"more than 2,048 tokens needs PyTorch.*clearhead\[train\]"
    ):
        dict(without_own(engine, [[3, 9], [3] * src], search(), [[], [5] * prefix]))
    assert engine.calls == []


@pytest.mark.parametrize("torch", [False, True])
def test_lost_symbols_are_looked_for_in_a_wide_beam(torch, tmp_path, monkeypatch):
    """With CTranslate2 itself: every source is translated, and what a wide beam finds has all symbols.

    Our own code, where it is there, gets those alone for which that finds none.
    """
    path = write_model(tmp_path / "model", symbols=True, norm="pre", tied_embeddings=False)
    alone = CTranslate2Engine(path, conversion.converted(path), FP32)
    own = Own() if torch else None
    monkeypatch.setattr(choice, "has_torch", lambda: torch)
    engine = choice.ChosenEngine(path, lambda: own or no_own_code(), alone)
    ids = SpecialIds.of(model_directory.read_tokenizer(path))
    some = sorted(ids.symbols)[:2]
    srcs = [[i for i in src if i not in ids.symbols] for src in sources(path)]
    srcs = [[*some[: number % 4 // 2], *src] for number, src in enumerate(srcs)]
    settings = options()
    lost = [not hypotheses for hypotheses in translated(alone, srcs, settings)]
    wide = translated(alone, srcs, options(beam_size=WIDE))
    found_by_wide = [was_lost and bool(several) for was_lost, several in zip(lost, wide, strict=True)]
    assert any(found_by_wide)
    best = translated(engine, srcs, settings)
    for src, was_lost, several, (one,) in zip(srcs, lost, wide, best, strict=True):
        given_up = was_lost and not several
        assert ids.keeps(src, one.tokens) or given_up
        assert (one.tokens == Own.TOKENS) == (torch and given_up)


class Own:
    """In the place of our own code: a translation that nothing else gives."""

    TOKENS = (8,) * 5

    def translate(self, srcs, options, prefixes=None):
        yield from ((place, [hypothesis(self.TOKENS)]) for place in range(len(srcs)))


def no_own_code():
    raise AssertionError("our own code cannot run here")


class Listing:
    """Gives as many hypotheses as its beam is wide: one token each, 1, 2, 3 and so on, whatever the source."""

    def translate(self, srcs, options, prefixes=None):
        for place in range(len(srcs)):
            yield place, [hypothesis([number + 1]) for number in range(options.decoding.beam_size)]


@pytest.mark.parametrize(
    ("forbidden", "best", "told"),
    [(4, 5, False), (held.WIDEST - 1, held.WIDEST, False), (held.WIDEST, 1, True)],
)
def test_phrases_are_looked_for_in_a_wide_beam(forbidden, best, told, monkeypatch, caplog):
    """Where the usual beam of 4 has only what is forbidden; where the wide one has nothing else, that is told once."""
    monkeypatch.setattr(held, "has_torch", lambda: False)
    monkeypatch.setattr("clearhead.extras.has", lambda package: False)
    held._tell_once.cache_clear()
    wanted = Wanted(forbidden=tuple((number,) for number in range(1, forbidden + 1)))
    several = [
        HeldSource(ids=[5, EOS], wanted=wanted),
        HeldSource(ids=[6, EOS]),
        HeldSource(ids=[7, EOS], wanted=wanted),
    ]
    edges = SpecialIds(forbidden=frozenset()).edges
    found = dict(translate_held(Listing(), no_own_code, several, search(beam_size=4), edges))
    assert [found[index][0].tokens for index in range(3)] == [(best,), (1,), (best,)]
    assert [len(found[index]) for index in (0, 2)] == [1, 1]
    assert caplog.text.count("needs PyTorch") == told
