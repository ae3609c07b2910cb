"""Glossaries that clients of the DeepL interface create: in memory, bounded, each seen by its owner only."""

import secrets
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime

from clearhead.serving.failures import ServiceFailure
from clearhead.terms import Term, Terms

MOST = 100
"""Glossaries kept; the one unused for longest leaves when another comes."""
MOST_OF_A_CLIENT = 20
MOST_ENTRIES = 5_000


@dataclass(frozen=True, kw_only=True)
class StoredGlossary:
    """A glossary with its name and languages."""

    identity: str
    owner: str
    name: str
    source: str
    target: str
    entries: tuple[tuple[str, str], ...]
    created: datetime
    terms: Terms


class Glossaries:
    """The glossaries of all clients."""

    def __init__(self, most: int = MOST, most_of_a_client: int = MOST_OF_A_CLIENT) -> None:
        self._kept: OrderedDict[str, StoredGlossary] = OrderedDict()
        self._most, self._most_of_a_client = most, most_of_a_client

    def add(
        self, owner: str, name: str, languages: tuple[str, str], entries: list[tuple[str, str]]
    ) -> StoredGlossary:
        """Keep a new glossary and return it. Raises ServiceFailure for too many, DataError for a wrong entry."""
        if len(self.listed(owner)) >= self._most_of_a_client:
            raise ServiceFailure(
                400,
                "too_many_glossaries",
                f"a client may have at most {self._most_of_a_client} glossaries; delete one first",
            )
        if not 1 <= len(entries) <= MOST_ENTRIES:
            raise ServiceFailure(
                400,
                "bad_glossary",
                f"entries must be from 1 to {MOST_ENTRIES:,} in number, got {len(entries):,}",
            )
        if len({source for source, _ in entries}) < len(entries):
            raise ServiceFailure(400, "bad_glossary", "entries must have sources that differ; leave one out")
        terms = tuple(
            Term(source=source, targets=(target,), languages=languages) for source, target in entries
        )
        glossary = StoredGlossary(
            identity=secrets.token_hex(16),
            owner=owner,
            name=name,
            source=languages[0],
            target=languages[1],
            entries=tuple(entries),
            created=datetime.now(UTC),
            terms=Terms(terms),
        )
        while len(self._kept) >= self._most:
            self._kept.popitem(last=False)
        self._kept[glossary.identity] = glossary
        return glossary

    def get(self, owner: str, identity: str) -> StoredGlossary:
        """Return a client's glossary; one of somebody else is as unknown as one that never was."""
        glossary = self._kept.get(identity)
        if glossary is None or glossary.owner != owner:
            raise ServiceFailure(
                404, "unknown_glossary", "glossary_id is unknown; /v2/glossaries lists those that you have"
            )
        self._kept.move_to_end(identity)
        return glossary

    def listed(self, owner: str) -> list[StoredGlossary]:
        """Return a client's glossaries."""
        return [glossary for glossary in self._kept.values() if glossary.owner == owner]

    def delete(self, owner: str, identity: str) -> None:
        """Forget a client's glossary."""
        del self._kept[self.get(owner, identity).identity]
