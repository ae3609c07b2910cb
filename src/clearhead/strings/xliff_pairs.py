"""Codes that open and close at two places, read as one tag around the words between them.

XLIFF 1.2 has `<bpt>` and `<ept>`, `<bx/>` and `<ex/>` (§ 2.4.2); 2.0 has `<sc/>` and `<ec/>`, `<sm/>` and `<em/>`
(§ 4.7.2.3). Moved as two points they could part from their words, or the end could come before the beginning.
"""

from collections.abc import Mapping, Sequence

from clearhead.segments.segment import Tag

_OPENS = {"bpt": "ept", "bx": "ex", "sc": "ec", "sm": "em"}
_CLOSES = set(_OPENS.values())
Half = tuple[str, str]
"""The name of a closing code, and what joins both halves of a pair."""


def half(name: str, attributes: Mapping[str, str]) -> tuple[Half, bool] | None:
    """Return the pair that a code belongs to and whether it opens it; None for a code that stands by itself."""
    if name not in _OPENS and name not in _CLOSES:
        return None
    # 1.2: rid on both, else id; 2.0: startRef on the end names the id of the beginning.
    key = attributes.get("startRef") or attributes.get("rid") or attributes.get("id")
    return ((_OPENS.get(name, name), key), name in _OPENS) if key else None


def pairs(tags: Sequence[Tag], halves: Mapping[int, tuple[Half, bool]]) -> dict[int, int]:
    """Return the numbers of the codes that open a tag, with those that close it: pairs that nest with all else."""
    candidates: dict[int, int] = {}
    opened: dict[Half, int] = {}
    for number in sorted(halves):
        pair, opens = halves[number]
        if opens:
            opened[pair] = number
        elif (first := opened.pop(pair, None)) is not None and tags[first].parent == tags[number].parent:
            candidates[first] = number
    begins = {end: begin for begin, end in candidates.items()}
    nested: dict[int, int] = {}
    stack: list[int] = []
    for number in sorted({*candidates, *begins}):
        if number in candidates:
            stack.append(number)
        elif stack and stack[-1] == begins[number]:
            nested[stack.pop()] = number
        else:  # it crosses another pair: all that are open now stay points
            stack.clear()
    return nested


def joined(
    tags: Sequence[Tag], raw: Sequence[tuple[bytes, bytes]], pairs: Mapping[int, int]
) -> tuple[list[Tag], list[tuple[bytes, bytes]]]:
    """Return tags, and how they are written, with each pair as one tag around what stood between its halves."""
    closing = set(pairs.values())
    numbers: dict[int, int] = {}
    stack: list[int] = []
    whole: list[Tag] = []
    written: list[tuple[bytes, bytes]] = []
    for number, tag in enumerate(tags):
        if number in closing:
            stack.pop()
            continue
        within = stack[-1] if stack and tags[stack[-1]].parent == tag.parent else tag.parent
        numbers[number] = len(whole)
        end = tags[pairs[number]].start if number in pairs else tag.end
        whole.append(Tag(start=tag.start, end=end, parent=None if within is None else numbers[within]))
        written.append((raw[number][0], raw[pairs[number]][0]) if number in pairs else raw[number])
        if number in pairs:
            stack.append(number)
    return whole, written
