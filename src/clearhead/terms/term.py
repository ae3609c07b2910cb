"""An entry of a glossary."""

from dataclasses import dataclass
from typing import Literal, get_args

from clearhead.config.checks import check
from clearhead.errors import DataError
from clearhead.storage import untrusted
from clearhead.text.normalize import normalize

Match = Literal["exact", "inflected"]
Case = Literal["any", "keep"]
LONGEST = 200
"""Characters of one word or phrase."""


@dataclass(frozen=True, kw_only=True)
class Term:
    """A word or phrase and what it is called in another language. Raises DataError, or ConfigError for a choice."""

    source: str = ""
    """Empty: the entry holds for every sentence, and only forbids."""
    targets: tuple[str, ...] = ()
    """The term, and other forms of it that will do as well."""
    languages: tuple[str, str] = ("", "")
    """Source and target language; empty for any."""
    match: Match = "exact"
    """Whether the source is found in other forms of its words, too."""
    case: Case = "any"
    """any: the source is found in any case, and the term may begin with a capital; keep: both are as written."""
    forbidden: tuple[str, ...] = ()
    """Words and phrases that must not be in the translation."""

    def __post_init__(self) -> None:
        check(self.match in get_args(Match), "match", self.match, "exact or inflected")
        check(self.case in get_args(Case), "case", self.case, "any or keep")
        for text in (self.source, *self.targets, *self.forbidden):
            _check_text(text)
        if any(not text for text in (*self.targets, *self.forbidden)):
            raise DataError("a target or a forbidden word is empty; write a word, or leave the column empty")
        if self.targets and not self.source:
            raise DataError(
                f"the target {untrusted.shown(self.targets[0])} has no source; give the word that it translates"
            )
        if not (self.targets or self.forbidden):
            raise DataError(
                f"{untrusted.shown(self.source)} has neither a target nor a forbidden word; give one of them"
            )

    def applies(self, source: str | None, target: str | None) -> bool:
        """Say whether it is for a translation between two languages, as far as these are known."""
        pairs = zip(self.languages, (source, target), strict=True)
        return all(not code or not wanted or code == wanted for code, wanted in pairs)


def _check_text(text: str) -> None:
    if text != normalize(text) or not text.isprintable():
        raise DataError(
            f"{untrusted.shown(text)} has spaces at its ends, or characters that are not text; write it plainly"
        )
    if len(text) > LONGEST:
        raise DataError(f"{untrusted.shown(text)} is longer than {LONGEST} characters; give a shorter term")
