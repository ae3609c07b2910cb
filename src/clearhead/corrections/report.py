"""What a model learned and what it forgot: its figures before and after, and the sentences that changed."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from clearhead.corpora.pair import Pair
from clearhead.corrections.parts import Parts
from clearhead.evaluation import AUTO, Score, bleu, chrf, resolved
from clearhead.evaluation.scores import sentence_chrf
from clearhead.measuring.watching import Watch, unwatched
from clearhead.text.normalize import normalize
from clearhead.translator import Translator

Translations = Mapping[str, Sequence[str]]
"""Of each part that is measured, by its name."""


@dataclass(frozen=True, kw_only=True)
class Figures:
    """A model on one part, as `clearhead evaluate` measures it."""

    bleu: Score
    chrf: Score
    exact: int
    """Translations that are the reference, white space aside."""


@dataclass(frozen=True, kw_only=True)
class PartReport:
    """One part before and after."""

    name: str
    sentences: int
    before: Figures
    after: Figures


@dataclass(frozen=True, kw_only=True)
class Change:
    """A sentence whose translation changed."""

    part: str
    source: str
    reference: str
    before: str
    after: str
    gain: float
    """chrF after, less that before."""


@dataclass(frozen=True, kw_only=True)
class Report:
    """All that changed."""

    parts: tuple[PartReport, ...]
    better: tuple[Change, ...]
    """Greatest gain first."""
    worse: tuple[Change, ...]
    """Greatest loss first."""


def translations(translator: Translator, parts: Parts, watch: Watch = unwatched) -> Translations:
    """Translate what is measured, each text as one sentence."""
    languages = parts.languages
    results = {}
    for name, pairs in parts.measured.items():
        with watch(f"translating {name}", len(pairs)) as reach:
            stream = translator.stream(
                [pair.src for pair in pairs],
                to=languages.target or None,
                source=languages.source or None,
                split="never",
                reached=reach,
            )
            results[name] = [translation.text for translation in stream]
    return results


def report(parts: Parts, before: Translations, after: Translations) -> Report:
    """Compare the translations of two models."""
    changes = sorted(_changes(parts, before, after), key=lambda change: change.gain)
    return Report(
        parts=tuple(
            PartReport(
                name=name,
                sentences=len(pairs),
                before=figures(before[name], pairs, parts.languages.target),
                after=figures(after[name], pairs, parts.languages.target),
            )
            for name, pairs in parts.measured.items()
        ),
        better=tuple(change for change in reversed(changes) if change.gain > 0),
        worse=tuple(change for change in changes if change.gain < 0),
    )


def figures(hypotheses: Sequence[str], pairs: Sequence[Pair], language: str) -> Figures:
    """Return the scores of translations."""
    references = [pair.tgt for pair in pairs]
    tokenize = resolved(AUTO, references, language)
    return Figures(
        bleu=bleu(hypotheses, references, tokenize=tokenize),
        chrf=chrf(hypotheses, references),
        exact=sum(
            normalize(hypothesis) == normalize(reference)
            for hypothesis, reference in zip(hypotheses, references, strict=True)
        ),
    )


def _changes(parts: Parts, before: Translations, after: Translations) -> Iterator[Change]:
    for name, pairs in parts.measured.items():
        references = [pair.tgt for pair in pairs]
        scores = (sentence_chrf(before[name], references), sentence_chrf(after[name], references))
        for pair, first, second, *of_both in zip(pairs, before[name], after[name], *scores, strict=True):
            if first != second:
                yield Change(
                    part=name,
                    source=pair.src,
                    reference=pair.tgt,
                    before=first,
                    after=second,
                    gain=of_both[1] - of_both[0],
                )
