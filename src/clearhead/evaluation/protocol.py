"""BLEU of lower-cased, of tokenised and of plain text are different measures; the text shows which it is."""

import re
from collections.abc import Sequence

# A full stop or comma alone, the escapes of Moses, an English clitic alone. Not a lone ? ! : or ;, before
# which French sets a space in running text, nor &amp; &lt; &quot;, which occur in untokenised XML.
_SEPARATE = re.compile(r"\s(?:[.,]|'s|n't)(?=\s|$)|@[-.,]@|&(?:apos|#91|#93|#124);")
_ATTACHED = re.compile(r"\w[.,](?=\s|$)")
_TELLING = 0.1
"""Least share of a text's lines that must show a trait, one way or the other, to judge the text by them."""


def protocol_warnings(
    hypotheses: Sequence[str], references: Sequence[str], *, tokenize: str = "13a", lowercase: bool = False
) -> tuple[str, ...]:
    """Return a line for each way in which BLEU would measure the form of the text, as the text itself shows."""
    found = []
    sides = {"the translations": hypotheses, "the references": references}
    tokenised = {side: _tokenised(lines) for side, lines in sides.items()}
    separate = [side for side, share in tokenised.items() if share is not None and share >= 0.5]
    attached = [side for side, share in tokenised.items() if share is not None and share <= 0.1]
    seen = {
        side: f"{share or 0:.0%} of the lines with a full stop or comma set it apart"
        for side, share in tokenised.items()
    }
    if separate and attached:
        found.append(
            f"{separate[0]} look tokenised ({seen[separate[0]]}) but {attached[0]} do not "
            f"({seen[attached[0]]}), so form counts as error; give both in one form, best untokenised"
        )
    elif "the references" in separate and tokenize in ("13a", "intl"):
        found.append(
            f"the references look tokenised already ({seen['the references']}) and --tokenize {tokenize} "
            "tokenises them again; give --tokenize none, or untokenised text on both sides"
        )
    elif "the references" in attached and tokenize == "none":
        found.append(
            f"the references do not look tokenised ({seen['the references']}), so with --tokenize none a word "
            "and the comma behind it are one word; give --tokenize 13a"
        )
    cased = {side: _cased(lines) for side, lines in sides.items()}
    lower = [side for side, share in cased.items() if share is not None and share <= 0.02]
    upper = [side for side, share in cased.items() if share is not None and share >= 0.5]
    if lower and upper and not lowercase:
        found.append(
            f"{lower[0]} are all lower case but {upper[0]} are not ({cased[upper[0]]:.0%} of the lines have "
            "capitals), so every capital counts as error; give --lowercase, or the same case on both sides"
        )
    return tuple(found)


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
