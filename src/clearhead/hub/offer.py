"""What can be had under a name: the files, whose they are, under which licence, and how good it is said to be."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from clearhead.config.checks import nearest
from clearhead.hub.download import HubError, Remote
from clearhead.model_directory import DEFAULT_NAME
from clearhead.storage.untrusted import shown

Form = Literal["clearhead", "marianmt", "marian"]
OPUS = "Helsinki-NLP"
"""Who publishes the OPUS-MT models on the Hugging Face hub."""
PATTERNS = {
    "opus-mt-SRC-TGT": "OPUS-MT models of Helsinki-NLP, on the Hugging Face hub",
    "firefox-SRC-TGT": "Firefox Translations models, in Mozilla's registry",
    "OWNER/REPO": "any other MarianMT or Clearhead model on the Hugging Face hub",
}
_CODE = r"[A-Za-z]{2,8}(?:[_-][A-Za-z]{2,8})?"
_OPUS = re.compile(rf"opus-mt-(?P<source>{_CODE})-(?P<target>{_CODE})|opus-mt-[\w-]+")
_FIREFOX = re.compile(rf"firefox-(?P<source>[a-z]{{2,3}})-(?P<target>{_CODE})")
_REPO = re.compile(r"[\w.-]+/[\w.-]+")
_ENDING = re.compile(r"(?P<source>[a-z]{2,3})[-_](?P<target>[a-z]{2,3})$")
_NAME = re.compile(r"\w[\w.-]{0,99}")


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What a name asks for."""

    name: str
    """Under which it will be kept."""
    repo: str = ""
    """On the hub; empty for one of Mozilla's."""
    pair: tuple[str, str] = ("", "")
    """Source and target language, as far as the name has them."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A model that is published."""

    wanted: Wanted
    form: Form
    files: tuple[Remote, ...]
    page: str
    """Where it is described."""
    revision: str
    licence: str
    """Empty where nobody said."""
    scores: Mapping[str, float] = field(default_factory=dict)
    """What its publisher measured, by name."""
    card: str = ""
    """What is known of it, where it has no README of its own."""

    @property
    def size(self) -> int:
        """Bytes of its files, as far as they are known."""
        return sum(file.size for file in self.files)


def wanted(name: str) -> Wanted:
    """Return what a name asks for; raise HubError, with the nearest that could be meant, for one of no known form."""
    if (match := _FIREFOX.fullmatch(name)) is not None:
        return Wanted(name=name, pair=(match["source"], match["target"]))
    if (match := _OPUS.fullmatch(name)) is not None:
        return Wanted(name=name, repo=f"{OPUS}/{name}", pair=(match["source"] or "", match["target"] or ""))
    own = name.rpartition("/")[2]
    if _REPO.fullmatch(name) and _NAME.fullmatch(own) and own != DEFAULT_NAME:
        match = _OPUS.fullmatch(own)
        return Wanted(
            name=own, repo=name, pair=(match["source"] or "", match["target"] or "") if match else ("", "")
        )
    raise HubError(
        f"there is no model of the name {shown(name)}{_nearest(name)}; names have the form {', '.join(PATTERNS)}"
    )


def _nearest(name: str) -> str:
    ending = _ENDING.search(name)
    pair = f"{ending['source']}-{ending['target']}" if ending else "fr-en"
    return nearest(name, [f"opus-mt-{pair}", f"firefox-{pair}"])


def licence_of(card: str) -> str:
    """Return the licence that a card's YAML front matter names; empty where it names none."""
    front = re.match(r"---\n(.*?)\n---", card, re.DOTALL)
    match = (
        re.search(r"^licen[sc]e:[ \t]*[\"']?([\w. +-]+?)[\"']?[ \t]*$", front[1], re.MULTILINE)
        if front
        else None
    )
    return match[1] if match else ""


def scores_of(card: str) -> dict[str, float]:
    """Return BLEU by test set from the table that the cards of OPUS-MT have; empty for cards without one."""
    scores, column = {}, None
    for line in card.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if not line.lstrip().startswith("|"):
            column = None
        elif "BLEU" in cells:
            column = cells.index("BLEU")
        elif column is not None and len(cells) > column and re.fullmatch(r"\d{1,2}(\.\d+)?", cells[column]):
            scores[f"BLEU {cells[0][:80]}"] = float(cells[column])
    return scores
