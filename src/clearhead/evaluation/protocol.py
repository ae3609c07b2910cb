"""BLEU of lower-cased, of tokenised and of plain text are different measures; the text shows which it is."""

import re
from collections.abc import Iterator, Sequence

# A full stop or comma alone, the escapes of Moses, an English clitic alone. Not a lone ? ! : or ;, before
# which French sets a space in running text, nor &amp; &lt; &quot;, which occur in untokenised XML.
_SEPARATE = re.compile(r"\s(?:[.,。，、।،۔]|'s|n't)(?=\s|$)|@[-.,]@|&(?:apos|#91|#93|#124);")
_ATTACHED = re.compile(r"\w(?:[.,](?=\s|$)|[。，、।،۔])")
_TELLING = 0.1
"""Least share of a text's lines that must show a trait, one way or the other, to judge the text by them."""
_FEW, _APART = 0.1, 0.3
"""Up to a tenth of the lines are slips; two texts whose shares differ by 0.3 are of two forms, or one is a mixture."""


def protocol_warnings(
    hypotheses: Sequence[str], references: Sequence[str], *, tokenize: str = "13a", lowercase: bool = False
) -> tuple[str, ...]:
    """Return a line for each way in which BLEU would measure the form of the text, as the text itself shows."""
    case = () if lowercase else _case(hypotheses, references)
    return (*_tokenisation(hypotheses, references, tokenize), *case)


def _tokenisation(hypotheses: Sequence[str], references: Sequence[str], tokenize: str) -> Iterator[str]:
    ours, theirs = _tokenised(hypotheses), _tokenised(references)
    if ours is not None and theirs is not None and abs(ours - theirs) >= _APART:
        (most, more), (less, fewer) = _ranked(ours, theirs)
        verb = "do not" if fewer <= _FEW else "less so"
        yield (
            f"{most} look tokenised ({_told(more)}) but {less} {verb} ({_told(fewer)}), so form counts as "
            "error; give both in one form, best untokenised"
        )
    elif theirs is None:
        return
    elif _FEW < theirs < 0.5:
        yield (
            f"the references look tokenised in part ({_told(theirs)}), so form counts as error; give all lines in "
            "one form, best untokenised"
        )
    elif theirs >= 0.5 and tokenize in ("13a", "intl"):
        yield (
            f"the references look tokenised already ({_told(theirs)}) and --tokenize {tokenize} "
            "tokenises them again; give --tokenize none, or untokenised text on both sides"
        )
    elif theirs <= _FEW and tokenize == "none":
        yield (
            f"the references do not look tokenised ({_told(theirs)}), so with --tokenize none a word "
            "and the comma behind it are one word; give --tokenize 13a"
        )


def _case(hypotheses: Sequence[str], references: Sequence[str]) -> Iterator[str]:
    ours, theirs = _cased(hypotheses), _cased(references)
    if ours is not None and theirs is not None and abs(ours - theirs) >= _APART:
        (most, more), (less, fewer) = _ranked(ours, theirs)
        yield (
            f"{more:.0%} of the lines of {most} have capitals, {fewer:.0%} of {less}, so capitals count as errors; "
            "give --lowercase, or the same case on both sides"
        )


def _ranked(ours: float, theirs: float) -> list[tuple[str, float]]:
    """Return the two sides with their shares, the larger one first."""
    sides = [("the translations", ours), ("the references", theirs)]
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
    """Return the share of yes, or None where too few lines tell."""
    filled = sum(bool(line.strip()) for line in lines)
    return yes / (yes + no) if yes + no > _TELLING * filled else None
