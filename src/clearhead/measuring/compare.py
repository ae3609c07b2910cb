"""Two systems' translations of one test set, held against each other line by line."""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from clearhead.data.sides import UNKNOWN, Languages, only_once, read_side
from clearhead.errors import DataError
from clearhead.evaluation import (
    AUTO,
    FrequencyBucket,
    LengthBucket,
    Significance,
    by_frequency,
    by_length,
    protocol_warnings,
    resolved,
    sentence_chrf,
    significance,
    words,
)

SHOWN = 10
"""Sentences in each list of examples."""
SIGNIFICANT = 0.05
"""Below this p-value a difference is taken for more than chance."""
FEW_SENTENCES = 100
"""Below it a resampled test set hardly differs from the one there is, so p-values come out too small."""


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A line of the test set in both translations, with sentence chrF."""

    line: int
    """Counted from 1."""
    source: str | None
    reference: str
    a: str
    b: str
    chrf_a: float
    chrf_b: float


@dataclass(frozen=True, kw_only=True)
class System:
    """A system's translations, by the file they were read from."""

    file: str
    by_length: tuple[LengthBucket, ...]
    by_frequency: tuple[FrequencyBucket, ...]
    worst: tuple[Sentence, ...]
    """By sentence chrF, the worst first."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """All that two systems differ in, by BLEU, chrF and words."""

    reference: str
    frequencies: str
    """The file in which the words were counted."""
    sentences: int
    tokenize: str
    lowercase: bool
    bleu: Significance
    chrf: Significance
    a: System
    b: System
    a_better: tuple[Sentence, ...]
    """The largest difference in sentence chrF first."""
    b_better: tuple[Sentence, ...]
    warnings: tuple[str, ...]

    def examples(self) -> dict[str, tuple[Sentence, ...]]:
        """Return the lists of sentences by their headings."""
        return {
            "A at its worst": self.a.worst,
            "B at its worst": self.b.worst,
            "A most better than B": self.a_better,
            "B most better than A": self.b_better,
        }


def compare(
    reference: str,
    a: str,
    b: str,
    *,
    source: str | None = None,
    frequencies: str | None = None,
    languages: Languages = UNKNOWN,
    tokenize: str = AUTO,
    lowercase: bool = False,
    samples: int = 1000,
    seed: int = 12345,
) -> Comparison:
    """Compare two files of translations; words are counted in `frequencies`, else in the reference.

    Of a file that holds both sides that side is read which is asked for.
    """
    files = [reference, a, b, *([source] if source else [])]
    only_once([*files, *([frequencies] if frequencies else [])])
    sides = [read_side(file, "target", languages) for file in (reference, a, b)]
    sides += [read_side(source, "source", languages)] if source else []
    texts = [list(side) for side in sides]
    _check(files, texts)
    references, hyps_a, hyps_b = texts[:3]
    tokenize = resolved(tokenize, references, languages.target)
    of_bleu, of_chrf = significance(
        hyps_a, hyps_b, references, tokenize=tokenize, lowercase=lowercase, samples=samples, seed=seed
    )
    counted = read_side(frequencies, "target", languages) if frequencies else references
    counts_of = Counter(
        word for line in words(counted, tokenize=tokenize, lowercase=lowercase) for word in line
    )
    sentences = _sentences(references, hyps_a, hyps_b, texts[3] if source else None, lowercase)

    def system(file: str, hypotheses: Sequence[str], score: Callable[[Sentence], float]) -> System:
        return System(
            file=file,
            by_length=by_length(hypotheses, references, tokenize=tokenize, lowercase=lowercase),
            by_frequency=by_frequency(
                hypotheses, references, counts_of, tokenize=tokenize, lowercase=lowercase
            ),
            worst=tuple(sorted(sentences, key=score)[:SHOWN]),
        )

    def ahead(gain: Callable[[Sentence], float]) -> tuple[Sentence, ...]:
        best = sorted(sentences, key=gain, reverse=True)[:SHOWN]
        return tuple(sentence for sentence in best if gain(sentence) > 0)

    return Comparison(
        reference=reference,
        frequencies=frequencies or reference,
        sentences=len(references),
        tokenize=tokenize,
        lowercase=lowercase,
        bleu=of_bleu,
        chrf=of_chrf,
        a=system(a, hyps_a, lambda sentence: sentence.chrf_a),
        b=system(b, hyps_b, lambda sentence: sentence.chrf_b),
        a_better=ahead(lambda sentence: sentence.chrf_a - sentence.chrf_b),
        b_better=ahead(lambda sentence: sentence.chrf_b - sentence.chrf_a),
        warnings=_warnings(references, hyps_a, hyps_b, tokenize, lowercase),
    )


def _check(files: Sequence[str], texts: Sequence[Sequence[str]]) -> None:
    """Raise DataError for files of unequal lengths, and for one of the three that has lines but no text in them."""
    if len({len(lines) for lines in texts}) > 1:
        counts = ", ".join(
            f"{file} has {len(lines):,} lines" for file, lines in zip(files, texts, strict=True)
        )
        raise DataError(f"{counts}; give files with one line for each sentence, in the same order")
    for file, lines in zip(files[:3], texts, strict=False):
        if lines and not any(map(str.strip, lines)):
            raise DataError(
                f"{file} has {len(lines):,} lines and no text in any of them, so there is nothing to compare; give a "
                "translation for each line"
            )


def _sentences(
    references: Sequence[str],
    a: Sequence[str],
    b: Sequence[str],
    source: Sequence[str] | None,
    lowercase: bool,
) -> list[Sentence]:
    """Return the lines that any side has text in: chrF of nothing against nothing is 0, yet no fault."""
    srcs: Sequence[str | None] = source or [None] * len(references)
    scores = (sentence_chrf(hypotheses, references, lowercase=lowercase) for hypotheses in (a, b))
    return [
        Sentence(line=line, source=src, reference=ref, a=of_a, b=of_b, chrf_a=chrf_a, chrf_b=chrf_b)
        for line, (src, ref, of_a, of_b, chrf_a, chrf_b) in enumerate(
            zip(srcs, references, a, b, *scores, strict=True), start=1
        )
        if (ref + of_a + of_b).strip()
    ]


def _warnings(
    references: Sequence[str], a: Sequence[str], b: Sequence[str], tokenize: str, lowercase: bool
) -> tuple[str, ...]:
    seen: dict[str, list[str]] = {}
    for name, hypotheses in (("A", a), ("B", b)):
        for warning in protocol_warnings(hypotheses, references, tokenize=tokenize, lowercase=lowercase):
            seen.setdefault(warning, []).append(name)
    found = [f"{' and '.join(names)}: {warning}" for warning, names in seen.items()]
    if len(references) < FEW_SENTENCES:
        found.append(
            f"{len(references)} sentences are few for a bootstrap test, which then finds differences too "
            f"easily; give {FEW_SENTENCES} or more"
        )
    return tuple(found)


def verdict(test: Significance) -> str:
    """Say in words what a test found."""
    if test.p_value >= SIGNIFICANT:
        return f"no significant difference (p = {test.p_value:.3f})"
    return f"{'B' if test.difference > 0 else 'A'} is significantly better (p = {test.p_value:.3f})"


@dataclass(frozen=True)
class Table:
    """Figures as they are shown; the first column is that of the rows' names."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def tables(comparison: Comparison) -> tuple[Table, Table, Table]:
    """Return the scores, and what they are by length and by frequency, for any page to draw."""
    scores = [
        (
            test.a.name,
            *(
                f"{score.value:.2f} ({low:.1f}-{high:.1f})"
                for score, (low, high) in ((test.a, test.a_interval), (test.b, test.b_interval))
            ),
            f"{test.difference:+.2f}",
            f"{test.p_value:.3f}",
        )
        for test in (comparison.bleu, comparison.chrf)
    ]
    lengths = [
        (
            a.words,
            f"{a.sentences:,}",
            *(f"{a.bleu:.2f}", f"{b.bleu:.2f}", f"{b.bleu - a.bleu:+.2f}"),
            *(f"{a.chrf:.2f}", f"{b.chrf:.2f}", f"{b.chrf - a.chrf:+.2f}"),
        )
        for a, b in zip(comparison.a.by_length, comparison.b.by_length, strict=True)
    ]
    frequencies = [
        (
            a.frequency,
            *(f"{count:,}" for count in (a.reference_words, a.hypothesis_words, b.hypothesis_words)),
            *(f"{a.f1:.3f}", f"{b.f1:.3f}", f"{b.f1 - a.f1:+.3f}"),
        )
        for a, b in zip(comparison.a.by_frequency, comparison.b.by_frequency, strict=True)
        if a.reference_words or a.hypothesis_words or b.hypothesis_words
    ]
    return (
        Table("Scores (95 % intervals)", ("", "A", "B", "B - A", "p"), tuple(scores)),
        Table(
            "By words in the reference (BLEU of effective order)",
            ("words", "sentences", "BLEU A", "BLEU B", "B - A", "chrF A", "chrF B", "B - A"),
            tuple(lengths),
        ),
        Table(
            f"F1 of words by their frequency in {comparison.frequencies}",
            ("frequency", "in reference", "in A", "in B", "F1 A", "F1 B", "B - A"),
            tuple(frequencies),
        ),
    )
