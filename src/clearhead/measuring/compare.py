"""Two systems' translations of one test set, compared line by line."""

from collections import Counter
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass

from clearhead.corpora.sides import UNKNOWN, Languages, only_once, read_side
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
"""The most sentences in each list of examples."""
SIGNIFICANT = 0.05
"""A difference with a p-value below this is called significant."""
FEW_SENTENCES = 100
"""With fewer, a resampled test set hardly differs from the original, and p-values come out too small."""


@dataclass(frozen=True, kw_only=True)
class Sentence:
    """A line of the test set with both translations and their sentence chrF."""

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
    """What was measured of one system's translations."""

    file: str
    by_length: tuple[LengthBucket, ...]
    by_frequency: tuple[FrequencyBucket, ...]
    worst: tuple[Sentence, ...]
    """Those with the lowest sentence chrF, the lowest first."""


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """How two systems differ in BLEU, chrF, words and single sentences."""

    reference: str
    frequencies: str
    """The file in which word frequencies were counted."""
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
    both_poor: tuple[Sentence, ...]
    """Of the sentences in neither list above: those whose better translation has the lowest chrF, the lowest first."""
    warnings: tuple[str, ...]

    def examples(self) -> tuple["Examples", ...]:
        """Return the sentences worth reading, each in one group only."""
        return (
            Examples("Where B is better", "The largest lead of B in sentence chrF first.", self.b_better),
            Examples("Where A is better", "The largest lead of A in sentence chrF first.", self.a_better),
            Examples(
                "Where both are far from the reference",
                "The other sentences, by the higher chrF of the two translations, lowest first.",
                self.both_poor,
            ),
        )


@dataclass(frozen=True)
class Examples:
    """Sentences that show one thing."""

    title: str
    order: str
    """How they were chosen, in a sentence."""
    sentences: tuple[Sentence, ...]


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
    """Compare two files of translations; word frequencies are counted in `frequencies`, else in the reference.

    Of a file that holds both sides, the side that is needed is read. Raises DataError for files that do not match.
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

    a_better = ahead(lambda sentence: sentence.chrf_a - sentence.chrf_b)
    b_better = ahead(lambda sentence: sentence.chrf_b - sentence.chrf_a)
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
        a_better=a_better,
        b_better=b_better,
        both_poor=_both_poor(sentences, {sentence.line for sentence in (*a_better, *b_better)}),
        warnings=_warnings(references, hyps_a, hyps_b, tokenize, lowercase),
    )


def _both_poor(sentences: Sequence[Sentence], shown: Container[int]) -> tuple[Sentence, ...]:
    """Return the sentences that both systems translate worst, but for those that are perfect or shown elsewhere."""

    def higher(sentence: Sentence) -> float:
        return max(sentence.chrf_a, sentence.chrf_b)

    others = [sentence for sentence in sentences if sentence.line not in shown and higher(sentence) < 100]
    return tuple(sorted(others, key=higher)[:SHOWN])


def _check(files: Sequence[str], texts: Sequence[Sequence[str]]) -> None:
    """Raise DataError for files of unequal lengths, and for one of the three whose lines are all blank."""
    if len({len(lines) for lines in texts}) > 1:
        counts = ", ".join(
            f"{file} has {len(lines):,} lines" for file, lines in zip(files, texts, strict=True)
        )
        raise DataError(f"{counts}; all files must have one line for each sentence, in the same order")
    for file, lines in zip(files[:3], texts, strict=False):
        if lines and not any(map(str.strip, lines)):
            raise DataError(
                f"{file} has {len(lines):,} lines and no text in any of them; give a file with one translation a line"
            )


def _sentences(
    references: Sequence[str],
    a: Sequence[str],
    b: Sequence[str],
    source: Sequence[str] | None,
    lowercase: bool,
) -> list[Sentence]:
    """Return the lines with text on any side: two blank lines have a chrF of 0, which is not a fault of a system."""
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
    systems: dict[str, list[str]] = {}
    for name, hypotheses in (("A", a), ("B", b)):
        for warning in protocol_warnings(hypotheses, references, tokenize=tokenize, lowercase=lowercase):
            systems.setdefault(warning, []).append(name)
    warnings = [f"{' and '.join(names)}: {warning}" for warning, names in systems.items()]
    if len(references) < FEW_SENTENCES:
        warnings.append(
            f"{len(references)} sentences are too few for a reliable bootstrap test, which then finds differences too "
            f"easily; give at least {FEW_SENTENCES}"
        )
    return tuple(warnings)


def verdict(test: Significance) -> str:
    """Return the outcome of a test in words."""
    if test.p_value >= SIGNIFICANT:
        return f"no significant difference (p = {test.p_value:.3f})"
    return f"{'B' if test.difference > 0 else 'A'} is significantly better (p = {test.p_value:.3f})"


@dataclass(frozen=True)
class Table:
    """Figures as they are shown; the first column names the rows."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    """How to read it."""


def tables(comparison: Comparison) -> tuple[Table, Table, Table]:
    """Return the scores of the whole test set, by sentence length and by word frequency, ready to be drawn."""
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
            "By length of the reference, in words",
            ("words", "sentences", "BLEU A", "BLEU B", "B - A", "chrF A", "chrF B", "B - A"),
            tuple(lengths),
            "BLEU leaves out the orders of n-grams that short sentences do not have (effective order).",
        ),
        Table(
            f"By frequency of the word in {comparison.frequencies}",
            ("frequency", "in reference", "in A", "in B", "F1 A", "F1 B", "B - A"),
            tuple(frequencies),
            "F1 is the harmonic mean of precision and recall of these words.",
        ),
    )
