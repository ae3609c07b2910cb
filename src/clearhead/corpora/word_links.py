"""Word alignments known of training text: `0-0 1-2` a line, source word first, words parted by spaces."""

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import zip_longest

from clearhead.corpora.lines import read_lines
from clearhead.corpora.pair import Pair
from clearhead.errors import DataError
from clearhead.text.words import Span, word_of, words

Link = tuple[int, int]
"""(source, target), counted from 0."""
_LINK = re.compile(r"(\d{1,9})-(\d{1,9})", re.ASCII)
_BETWEEN_SPACES = re.compile(r"[^ \t]+")


def parse(line: str, where: str = "the line", *, swapped: bool = False) -> tuple[Link, ...]:
    """Read the links of a pair, or of its two sides exchanged; raise DataError for anything that is not a link."""
    links = []
    for written in line.split():
        match = _LINK.fullmatch(written)
        if not match:
            raise DataError(
                f"{where}: {written[:40]!r} is not a link; write links as 0-0 1-2, source word first"
            )
        link = int(match[1]), int(match[2])
        links.append(link[::-1] if swapped else link)
    return tuple(dict.fromkeys(links))  # one that is written twice counts once


def pharaoh(links: Iterable[Link]) -> str:
    """Return links as `parse` reads them."""
    return " ".join(f"{source}-{target}" for source, target in links)


def with_links(pairs: Iterable[Pair], file: str) -> Iterator[Pair]:
    """Yield the pairs with the links that a file has for them, line by line.

    Raises DataError for anything that is not a link and for unequal counts.
    """
    counts = [0, 0]
    for number, (pair, line) in enumerate(zip_longest(pairs, read_lines(file)), start=1):
        counts[0] += pair is not None
        counts[1] += line is not None
        if pair is not None and line is not None:
            yield pair._replace(links=parse(line, f"{file}, line {number}"))
    if counts[0] != counts[1]:
        raise DataError(
            f"{file} has {counts[1]:,} lines for {counts[0]:,} pairs; it must have one for each pair, in the same "
            "order, blank where nothing is known"
        )


def fit(pair: Pair, src: str, tgt: str) -> bool:
    """Say whether the links of a pair are those of its sides after normalisation, `src` and `tgt`.

    They are not where a word that is linked is not there, or where normalising made more words or fewer (it makes
    a plain space of one that does not break), since the numbers may then mean others.
    """
    if not pair.links:
        return True
    before, after = (
        [len(_BETWEEN_SPACES.findall(text)) for text in sides] for sides in (pair[:2], (src, tgt))
    )
    return before == after and all(source < after[0] and target < after[1] for source, target in pair.links)


def of_tokens(
    links: Iterable[Link],
    texts: tuple[str, str],
    spans: tuple[Sequence[Span | None], Sequence[Span | None]],
) -> list[Link]:
    """Turn links of words into those of all their tokens, whose places in the texts are `spans`."""
    source, target = (
        _tokens_of_words(word_of(places, words(text, "space")))
        for text, places in zip(texts, spans, strict=True)
    )
    return [(s, t) for i, j in links for s in source.get(i, ()) for t in target.get(j, ())]


def _tokens_of_words(homes: Sequence[int | None]) -> dict[int, list[int]]:
    tokens: dict[int, list[int]] = {}
    for token, word in enumerate(homes):
        if word is not None:
            tokens.setdefault(word, []).append(token)
    return tokens
