"""What XLIFF 1.2 and 2.0 ask of a target beyond well-formed XML, as far as a translator can break it.

The sources are the OASIS standards (1.2 of 2008, § 2 and § 3; 2.0 of 2014, § 4.2, § 4.3 and § 4.7).
"""

from collections import Counter
from collections.abc import Iterator

from lxml import etree

STATES = {
    "1.2": {"new", "needs-translation", "needs-review-translation", "translated", "signed-off", "final"},
    "2.0": {"initial", "translated", "reviewed", "final"},
}
BEFORE = {"source", "seg-source"}
HALVES = {"bpt": "ept", "bx": "ex", "sc": "ec", "sm": "em"}
SPACE, LANGUAGE = (f"{{http://www.w3.org/XML/1998/namespace}}{name}" for name in ("space", "lang"))


def name_of(element):
    return etree.QName(element).localname


def faults(data: bytes) -> list[str]:
    """Return what is wrong with the targets of a file."""
    root = etree.fromstring(data)
    is_2 = root.get("version") == "2.0"
    found: list[str] = []
    for file in root.iter("{*}file"):
        language = root.get("trgLang") if is_2 else file.get("target-language")
        for holder in file.iter("{*}segment" if is_2 else "{*}trans-unit"):
            target = holder.find("{*}target")
            if target is not None:
                found += of_target(holder, target, language, is_2=is_2)
    return found


def of_target(holder, target, language, *, is_2: bool) -> Iterator[str]:
    """Yield what is wrong with a target: its place, its language, its state, its inline elements."""
    before = [name_of(one) for one in target.itersiblings(preceding=True) if isinstance(one.tag, str)]
    if "source" not in before or set(before) - BEFORE:
        yield f"the target stands behind {before}"
    if not language:
        yield "no language is named for the targets"
    elif target.get(LANGUAGE, language) != language:
        yield f"the target says {target.get(LANGUAGE)}, the file {language}"
    state = (holder if is_2 else target).get("state")
    if state is not None and state not in STATES["2.0" if is_2 else "1.2"]:
        yield f"the state is {state}"
    if is_2 and holder.get("subState") and state in (None, "translated"):
        yield "the subState is of an earlier state"
    yield from of_inline(pattern(holder), target)


def pattern(holder):
    """Return what the target of a unit follows."""
    segmented = holder.find("{*}seg-source")
    return holder.find("{*}source") if segmented is None else segmented


def of_inline(source, target) -> Iterator[str]:
    """Yield what is wrong with the inline elements of a target, beside those of its source."""
    codes = [[identity(one) for one in side.iterdescendants(etree.Element)] for side in (source, target)]
    if Counter(codes[0]) != Counter(codes[1]):
        yield f"the source has {codes[0]}, the target {codes[1]}"
    if source.get(SPACE) != target.get(SPACE):
        yield "the target keeps other white space than the source"
    opened = set()
    for name, key in codes[1]:
        if name in HALVES:
            opened.add((HALVES[name], key))
        elif name in HALVES.values() and (name, key) not in opened:
            yield f"{name} {key} stands before its beginning"


def identity(element) -> tuple[str, str | None]:
    """Return the name of an inline element and what tells it from others."""
    keys = ("startRef", "rid", "id", "mid")
    return name_of(element), next((element.get(key) for key in keys if element.get(key)), None)
