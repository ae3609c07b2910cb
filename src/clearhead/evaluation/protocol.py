"""BLEU of lower-cased, of tokenised and of plain text are different measures; the text shows which it is.

So does text that looks the same and is written in other characters: what no reader sees counts as an error.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from clearhead.evaluation.scores import words
from clearhead.evaluation.tokenisation import better_fit

# A full stop or comma alone, the escapes of Moses, an English clitic alone. Not a lone ? ! : or ;, before
# which French sets a space in running text, nor &amp; &lt; &quot;, which occur in untokenised XML.
_SEPARATE = re.compile(r"\s(?:[.,。，、।،۔]|'s|n't)(?=\s|$)|@[-.,]@|&(?:apos|#91|#93|#124);")
_ATTACHED = re.compile(r"\w(?:[.,](?=\s|$)|[。，、।،۔])")
_TELLING = 0.1
"""Least share of a text's lines that must show a trait, one way or the other, to judge the text by them."""
_FEW, _APART = 0.1, 0.3
"""Up to a tenth of the lines are slips; two texts whose shares differ by 0.3 are of two forms, or one is a mixture."""
_UNSEEN = 0.01
"""Least share of the lines in which a word would be right but for characters that look the same."""
_FORMS = re.compile("[\uff00-\uffef]+")
_LIGATURES = re.compile("[\ufb00-\ufdff\ufe70-\ufefc]+")


def _visible(text: str) -> str:
    """Return a text without what has no width: joiners, soft hyphens, byte order marks, writing direction, variants."""
    return "".join(
        character
        for character in text
        if character.isspace() or (character.isprintable() and not "\ufe00" <= character <= "\ufe0f")
    )


_ALIKE: dict[str, tuple[Callable[[str], str], str]] = {
    "letters and their accents in one character or in two": (
        lambda text: unicodedata.normalize("NFC", text),
        "write both sides in the composed form (NFC)",
    ),
    "characters without width (zero-width spaces and joiners, soft hyphens, byte order marks)": (
        _visible,
        "remove them from both sides",
    ),
    "full-width or half-width forms": (
        lambda text: _FORMS.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text),
        "write both sides with the same ones",
    ),
    "ligatures and other forms of letters": (
        lambda text: _LIGATURES.sub(lambda match: unicodedata.normalize("NFKC", match[0]), text),
        "write both sides with plain letters",
    ),
}
"""Differences that a reader does not see: what they are in, the text without them, and what to do."""


def protocol_warnings(
    hypotheses: Sequence[str], references: Sequence[str], *, tokenize: str = "13a", lowercase: bool = False
) -> tuple[str, ...]:
    """Return a line for each way in which BLEU would measure the form of the text, as the text itself shows."""
    return (
        *_blank(hypotheses, references),
        *_script(references, tokenize),
        *_tokenisation(hypotheses, references, tokenize),
        *_alike(hypotheses, references, tokenize, lowercase),
        *(() if lowercase else _case(hypotheses, references)),
    )


def _blank(hypotheses: Sequence[str], references: Sequence[str]) -> Iterator[str]:
    """Warn of references, or of all translations, without text."""
    pairs = zip(hypotheses, references, strict=False)
    blank = sum(bool(hypothesis.strip()) and not reference.strip() for hypothesis, reference in pairs)
    if blank:
        yield (
            f"{blank:,} of {len(references):,} references are blank where the translations have text, which counts as "
            "error; leave these lines out of both sides"
        )
    if any(map(str.strip, references)) and not any(map(str.strip, hypotheses)):
        yield "none of the translations has any text, so all scores are 0; check what was translated"


def _script(references: Sequence[str], tokenize: str) -> Iterator[str]:
    fit = better_fit(tokenize, references)
    if fit == "13a":
        yield (
            f"the references have spaces between words, and --tokenize {tokenize} counts single characters, which "
            "scores higher than words do; give --tokenize 13a"
        )
    elif fit:
        yield (
            f"the references are written without spaces between words, which --tokenize {tokenize} does not separate; "
            f"give --tokenize {fit}"
        )


def _alike(
    hypotheses: Sequence[str], references: Sequence[str], tokenize: str, lowercase: bool
) -> Iterator[str]:
    """Warn of words that look the same but differ in characters that only one side has, where that lowers the score."""
    for what, (plain, remedy) in _ALIKE.items():
        as_written, made_plain = [], []
        for hypothesis, reference in zip(hypotheses, references, strict=False):
            if hypothesis != reference and ((plain_hypothesis := plain(hypothesis)) == hypothesis) != (
                (plain_reference := plain(reference)) == reference
            ):
                as_written.append((hypothesis, reference))
                made_plain.append((plain_hypothesis, plain_reference))
        shares = (_shared(pairs, tokenize, lowercase) for pairs in (as_written, made_plain))
        share = sum(more > less for less, more in zip(*shares, strict=True)) / max(1, len(references))
        if share >= _UNSEEN:
            yield (
                f"in {share:.0%} of the lines the translations differ from the references in {what}, which counts as "
                f"error; {remedy}"
            )


def _shared(pairs: Sequence[tuple[str, str]], tokenize: str, lowercase: bool) -> Iterator[float]:
    """Yield the share of the words of each pair that both sides have."""
    sides = ([pair[side] for pair in pairs] for side in (0, 1))
    hypotheses, references = (words(side, tokenize=tokenize, lowercase=lowercase) for side in sides)
    for a, b in zip(hypotheses, references, strict=True):
        yield 2 * (Counter(a) & Counter(b)).total() / max(1, len(a) + len(b))


def _tokenisation(hypotheses: Sequence[str], references: Sequence[str], tokenize: str) -> Iterator[str]:
    share, reference_share = _tokenised(hypotheses), _tokenised(references)
    if share is not None and reference_share is not None and abs(share - reference_share) >= _APART:
        (most, more), (less, fewer) = _ranked(share, reference_share)
        verb = "do not" if fewer <= _FEW else "less so"
        yield (
            f"{most} look tokenised ({_told(more)}) but {less} {verb} ({_told(fewer)}), so form counts as "
            "error; give both in one form, best untokenised"
        )
    elif reference_share is None:
        return
    elif _FEW < reference_share < 0.5:
        yield (
            f"the references look tokenised in part ({_told(reference_share)}), so form counts as error; give all "
            "lines in one form, best untokenised"
        )
    elif reference_share >= 0.5 and tokenize in ("13a", "intl"):
        yield (
            f"the references look tokenised already ({_told(reference_share)}) and --tokenize {tokenize} "
            "tokenises them again; give --tokenize none, or untokenised text on both sides"
        )
    elif reference_share <= _FEW and tokenize == "none" and not better_fit(tokenize, references):
        yield (
            f"the references do not look tokenised ({_told(reference_share)}), so with --tokenize none a word "
            "and the comma after it count as one word; give --tokenize 13a"
        )


def _case(hypotheses: Sequence[str], references: Sequence[str]) -> Iterator[str]:
    share, reference_share = _cased(hypotheses), _cased(references)
    if share is not None and reference_share is not None and abs(share - reference_share) >= _APART:
        (most, more), (less, fewer) = _ranked(share, reference_share)
        yield (
            f"{more:.0%} of the lines of {most} have capitals, {fewer:.0%} of {less}, so capitals count as errors; "
            "give --lowercase, or the same case on both sides"
        )
    elif share == 0 and reference_share == 0:
        yield (
            "neither side has a capital: lower-cased text scores higher than text as written, and the signature says "
            "case:mixed; give --lowercase, so that it says case:lc"
        )


def _ranked(share: float, reference_share: float) -> list[tuple[str, float]]:
    """Return the two sides with their shares, the larger one first."""
    sides = [("the translations", share), ("the references", reference_share)]
    return sorted(sides, key=lambda side: side[1], reverse=True)


def _told(share: float) -> str:
    return f"{share:.0%} of the lines with a full stop or comma set it apart"


def _tokenised(lines: Sequence[str]) -> float | None:
    separate = sum(bool(_SEPARATE.search(line)) for line in lines)
    attached = sum(bool(_ATTACHED.search(line)) and not _SEPARATE.search(line) for line in lines)
    return _share(separate, attached, lines)


def _cased(lines: Sequence[str]) -> float | None:
    capitals = sum(line != line.lower() for line in lines)
    small = sum(line == line.lower() != line.upper() for line in lines)
    return _share(capitals, small, lines)


def _share(yes: int, no: int, lines: Sequence[str]) -> float | None:
    """Return the share of yes, or None for too few lines."""
    filled = sum(bool(line.strip()) for line in lines)
    return yes / (yes + no) if yes + no > _TELLING * filled else None
