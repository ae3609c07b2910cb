"""Languages as clients see them: their names, what the served models translate, and which one a text is in."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol, Self

from clearhead.serving.failures import ServiceFailure, bad_request
from clearhead.storage.untrusted import shown
from clearhead.text.language import probabilities
from clearhead.text.language_codes import find, primary, same

_NAMES = (
    "af:Afrikaans ar:Arabic az:Azerbaijani be:Belarusian bg:Bulgarian bn:Bengali bs:Bosnian ca:Catalan cs:Czech "
    "cy:Welsh da:Danish de:German el:Greek en:English eo:Esperanto es:Spanish et:Estonian eu:Basque fa:Persian "
    "fi:Finnish fr:French ga:Irish gl:Galician gu:Gujarati he:Hebrew hi:Hindi hr:Croatian hu:Hungarian hy:Armenian "
    "id:Indonesian is:Icelandic it:Italian ja:Japanese ka:Georgian kk:Kazakh km:Khmer kn:Kannada ko:Korean ky:Kyrgyz "
    "la:Latin lb:Luxembourgish lo:Lao lt:Lithuanian lv:Latvian mg:Malagasy mi:Maori mk:Macedonian ml:Malayalam "
    "mn:Mongolian mr:Marathi ms:Malay mt:Maltese my:Burmese nb:Norwegian ne:Nepali nl:Dutch nn:Nynorsk no:Norwegian "
    "oc:Occitan pa:Punjabi pl:Polish ps:Pashto pt:Portuguese ro:Romanian ru:Russian sk:Slovak sl:Slovenian so:Somali "
    "sq:Albanian sr:Serbian sv:Swedish sw:Swahili ta:Tamil te:Telugu tg:Tajik th:Thai tk:Turkmen tl:Tagalog "
    "tr:Turkish tt:Tatar uk:Ukrainian ur:Urdu uz:Uzbek vi:Vietnamese xh:Xhosa yi:Yiddish yo:Yoruba zh:Chinese zu:Zulu"
)
LanguageNames: Mapping[str, str] = dict(entry.split(":") for entry in _NAMES.split())
"""English names of languages by their codes of two letters (ISO 639-1)."""
_LEAST, _TIMES = 0.5, 5.0
"""A language of no model must be this probable, and this many times as probable as all of the models together."""
_SURE = 75.0
"""Confidence from which a text in the target language is taken to need no translation."""


def name_of(code: str) -> str:
    """Return the English name of a language, with script and region as the code has them; else the code."""
    name = LanguageNames.get(primary(code), code)
    rest = code.replace("_", "-").partition("-")[2]
    return f"{name} ({rest})" if rest and name != code else name


def detect(text: str, codes: Collection[str]) -> list[tuple[str, float]]:
    """Return languages that a text may be in, with confidences from 0 to 100, the most likely first.

    Those of `codes`, which the models know, come first, unless the text is clearly in another. Texts without letters
    get the first code with confidence 0. Raises ConfigError where py3langid is not installed.
    """
    if not any(map(str.isalpha, text)):
        return [(code, 0.0) for code in list(codes)[:1]]
    ranked = probabilities(text)
    own = {code: ranked.get(primary(code), 0.0) for code in codes}
    known = sum(own.values())
    best, probability = max(ranked.items(), key=lambda pair: pair[1])
    among = [(code, round(100 * value / known, 1) if known else 0.0) for code, value in own.items()]
    among.sort(key=lambda pair: -pair[1])
    foreign = not any(same(best, code) for code in codes)
    if foreign and probability >= _LEAST and probability > _TIMES * known:
        own_share = [(code, round(100 * own[code], 1)) for code, _ in among]
        return [(best, round(100 * probability, 1)), *own_share]
    return among


def source_of(text: str, sources: Collection[str], target: str) -> tuple[str, float]:
    """Return the language to translate a text from, and the confidence in it, where the client left it open.

    The target language is taken only where it is sure: who asks for a translation has rarely typed its language.
    """
    ranked = [pair for pair in detect(text, sources) if pair[0] in sources]
    others = [pair for pair in ranked if not same(pair[0], target)]
    best = ranked[0]
    return others[0] if same(best[0], target) and best[1] < _SURE and others else best


class Directed(Protocol):
    """What is asked of a model here: the languages that it reads and writes."""

    @property
    def sources(self) -> tuple[str, ...]:
        """Languages that it translates from; empty where it was not told."""

    @property
    def targets(self) -> tuple[str, ...]:
        """Languages that it translates to."""


@dataclass(frozen=True, kw_only=True)
class Directions:
    """What the served models translate together."""

    targets_of: Mapping[str, tuple[str, ...]]
    """Target languages by source language."""

    @classmethod
    def of(cls, models: Iterable[Directed]) -> Self:
        """Return the directions of some models; one whose sources are not known is left out."""
        found: dict[str, dict[str, None]] = {}
        for model in models:
            for source in model.sources:
                targets = (code for code in model.targets if not same(code, source))
                found.setdefault(source, {}).update(dict.fromkeys(targets))
        return cls(targets_of={source: tuple(targets) for source, targets in sorted(found.items())})

    @property
    def sources(self) -> tuple[str, ...]:
        """Languages that some model translates from."""
        return tuple(self.targets_of)

    @property
    def targets(self) -> tuple[str, ...]:
        """Languages that some model translates to."""
        return tuple(sorted({code for codes in self.targets_of.values() for code in codes}))

    def source(self, code: str) -> str:
        """Return a source language as the models call it. Raises ServiceFailure for one that none has."""
        return _known(code, self.sources, "source")

    def target(self, code: str) -> str:
        """Return a target language as the models call it. Raises ServiceFailure for one that none has."""
        return _known(code, self.targets, "target")

    def into(self, target: str) -> tuple[str, ...]:
        """Return the languages from which some model translates to a target, and the target itself if any reads it."""
        return tuple(code for code, targets in self.targets_of.items() if target in targets or code == target)

    def check(self, source: str, target: str) -> None:
        """Raise ServiceFailure unless some model translates from one language to the other."""
        if target not in self.targets_of[source]:
            known = ", ".join(self.targets_of[source])
            raise unsupported(
                f"no model here translates from {source} to {target}; from {source} to: {known}"
            )


def unsupported(message: str) -> ServiceFailure:
    """Return the failure of a request for a language that is not served."""
    return bad_request(message, "unsupported_language")


def _known(code: str, codes: tuple[str, ...], role: str) -> str:
    known = find(code, codes)
    if known is None:
        raise unsupported(f"{role} {shown(code)} is not supported; supported: {', '.join(codes)}")
    return known
