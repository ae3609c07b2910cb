"""PowerPoint presentations (.pptx, .potx, .ppsx): slides, their tables, diagrams and notes; see `office`.

Slide layouts and masters, which hold prompts that no show has, and comments stay as they are.
"""

from clearhead.office import ooxml
from clearhead.office.ooxml import Package
from clearhead.office.package import OfficeDocument
from clearhead.segments.protocol import Reading

_MAIN = tuple(f"presentationml.{kind}.main+xml" for kind in ("presentation", "template", "slideshow"))


def read(data: bytes, reading: Reading) -> OfficeDocument:
    """Return a presentation. Raises DocumentError for what is none, or is not safe to read."""
    package = ooxml.package(data, "PowerPoint", _MAIN)
    parts = []
    for number, name in enumerate(_slides(package), start=1):
        slide = package.part(name)
        slide.passages += ooxml.passages(slide, f"slide {number}")
        parts.append(slide)
        for related in package.relations(name).values():
            if package.kinds.get(related, "").endswith("notesSlide+xml"):
                notes = package.part(related)
                notes.passages += ooxml.passages(notes, f"slide {number}, notes")
                parts.append(notes)
    parts += ooxml.drawn(package)
    return OfficeDocument(package.archive, parts, ooxml.signatures(package))


def _slides(package: Package) -> list[str]:
    """Return the slides in the order of the show, then those that are not in it."""
    main = package.of_kind(*_MAIN)[0]
    relations = package.relations(main)
    known = package.of_kind("presentationml.slide+xml")
    shown = [
        relations.get(element.attributes.get("r:id", ""), "")
        for element in package.part(main).root.walk()
        if element.name == "p:sldId"
    ]
    return list(dict.fromkeys([*(name for name in shown if name in known), *known]))
