"""Marks that end no sentence: of abbreviations, initials, ordinals and addresses, in four languages.

What is here is what the general rules (sentencex) lack. It only ever takes an end away.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

# Without their last stop, case aside; `_` marks where a space may follow a stop inside the abbreviation.
_INTRODUCING = {
    "en": "approx e_g i_e",
    "fr": "m mm mme mmes mlle mlles mr mrs dr pr prof mgr st ste bd c_-à-d i_e",
    "es": "d dña mr mrs ca cía av i_e p_ej",
    "de": "inkl exkl zzgl resp geb verh z_b d_h u_a i_d_r",
}
"""Anything after these belongs to their sentence."""

_NUMBERING = {
    "en": "chap vol sec est fig no p pp art",
    "fr": "janv févr juil sept oct nov déc chap vol fig n no p pp art tél",
    "es": "ed sec fig núm no pág págs p pp art cap vol tel",
    "de": "abs abb art bd hrsg aufl gest kap nr s str tab tel jan feb aug sept okt nov dez",
}
"""These go on where a number follows; without one, some of them are words."""

_TRAILING = {
    "en": "etc a_m p_m u_s b_c a_d",
    "fr": "etc a_m p_m av_j_-c apr_j_-c",
    "es": "etc a_m p_m a_c d_c a_de_c d_de_c ee_uu ltda",
    "de": "usw usf etc jh v_chr n_chr jhd mio mrd",
}
"""These may end a sentence: where what follows goes on in a small letter, they do not."""

_WORDS = {
    "en": "the a an this that these those i you he she it we they my your his her its our their and or but so if when "
    "while because then there here what who where why how which in on at by for with from to of as not no yes is are "
    "was were do does did have has had can could will would should must may might let please after before now today",
    "fr": "le la les l un une des du de au aux ce cet cette ces je j tu il elle on nous vous ils elles mon ma mes ton "
    "ta tes son sa ses notre votre leur leurs et ou mais donc car si quand comme que qui quoi où pourquoi comment "
    "dans en sur sous avec sans pour par chez vers est sont était suis ai as avons avez ont ne pas plus oui non puis "
    "alors après avant aujourd c d qu",
    "es": "el la los las un una unos unas de del al yo tú él ella usted nosotros ellos ellas mi tu su sus mis y o pero "
    "porque si cuando como que qué quién dónde en con sin por para es son era está están fue soy eres tengo tiene no "
    "sí más muy también ya hay luego entonces después antes hoy esto esta este esa ese",
    "de": "der die das den dem des ein eine einen einem einer eines ich du er sie es wir ihr man und oder aber denn "
    "doch wenn als ob weil dass da dort hier dann danach jetzt heute gestern nun so auch nur noch schon sehr nicht "
    "kein keine in im am an auf aus bei beim bis durch für gegen mit nach ohne seit um unter über vom von vor "
    "während wegen zu zum zur was wer wie wo wann warum welche welcher dieser diese dieses jeder jede jedes mein "
    "meine dein deine sein seine unser unsere ihre alle alles viele einige beide ist sind war waren bin bist hat "
    "haben habe hatte wird werden wurde kann muss soll will bitte ja nein danke vielleicht leider natürlich "
    "trotzdem deshalb außerdem jedoch zuerst endlich",
}
"""Small frequent words. A sentence may begin with one of them, but no initial or ordinal precedes one."""


def _set(words: str) -> frozenset[str]:
    return frozenset(words.split())


_DATES = _set(
    "januar jänner februar märz april mai juni juli august september oktober november dezember montag dienstag "
    "mittwoch donnerstag freitag samstag sonnabend sonntag"
)
# "Ich bin 30. Tom ist 29.", "Das steht auf Seite 12. Lies es!": after these a German number is not an ordinal.
_COUNTED = _set(
    "bin bist ist sind seid war warst waren habe hast hat haben hatte hatten kostet kosten beträgt nummer seite "
    "kapitel zimmer bus linie gleis klasse absatz band teil punkt um"
)
# The text after the point of "example.com" or "notes.txt" is not a sentence, even if it begins with a capital.
_SUFFIXES = _set(
    "com net org io js ts py md txt pdf htm html xml json csv doc docx xls xlsx exe zip png jpg gif info edu gov eu uk"
    " co dll"
)

_CLOSING = ")]}\"'»”’›"
_OPENING = "([{\"'«„“‘‹¿¡ \t\u00a0\u202f"
_WORD = re.compile(r"[^\W\d_]+")
_INITIAL = re.compile(r"(?<![^\W_])[^\W\d_]\.$")
_ORDINAL = re.compile(r"(?:\b(\w++)\W++)?(?<![\w.,:/-])\d{1,2}\.$")
_ADDRESS = re.compile(r"[@/\\_:#=&%]|^www\.", re.IGNORECASE)
_LOOK = 120
"""So many characters before and after a mark are looked at."""


@dataclass(frozen=True)
class _Rules:
    """The rules of several languages, united."""

    abbreviations: re.Pattern[str]
    words: frozenset[str]
    """Small words of any of the languages."""
    starting: frozenset[str]
    """Those of all of them."""
    german: frozenset[str]
    """Small words of German that no other of the languages has; empty where German is not among them."""
    foreign: frozenset[str]
    """Those of the others that German lacks."""


def ends(line: str, place: int, languages: Sequence[str]) -> bool:
    """Say whether a sentence may end before `place` of a line, where the general rules see an end.

    `languages` are those that the line may be in. What is not known of a language takes nothing away.
    """
    rules = _rules(tuple(languages))
    if rules is None:
        return True
    window = line[max(0, place - _LOOK) : place + _LOOK]
    place = min(place, _LOOK)
    before, after = window[:place].rstrip(), window[place:]
    bare = before.rstrip(_CLOSING)
    if bare[-1:] not in (".", "!", "?"):
        return True
    if before == window[:place] and not _apart(bare, after):
        return False
    if not before.endswith("."):
        return True
    following = after.lstrip(_OPENING)
    if _abbreviated(window, len(before), following, rules):
        return False
    match = _WORD.match(following)
    if match is None or not match[0][0].isupper():
        return True
    word = match[0].casefold()
    if _INITIAL.search(before) and before[-2].isupper() and word not in rules.starting:
        return False
    return word in rules.words or not (rules.german and _ordinal(before, following, word, rules))


def _apart(bare: str, after: str) -> bool:
    """Say whether a mark with no space after it ends a sentence: it does in "Hello.He left", not in an address."""
    following = after[:1]
    if following.isdigit() or following.islower() or following in "ºª":
        return False
    if not following.isupper():
        return True
    if not bare.rstrip(".!?")[-1:].islower():
        return False
    word = _WORD.match(after)
    if word and word[0].casefold() in _SUFFIXES:
        return False
    return not _ADDRESS.search(bare.split()[-1] + after.split()[0])


def _abbreviated(text: str, stop: int, following: str, rules: _Rules) -> bool:
    """Say whether the mark before `stop` is within an abbreviation, or at its end and the sentence goes on."""
    for match in rules.abbreviations.finditer(text, max(0, stop - 16), stop + 16):
        if match.start() < stop < match.end():
            return True
        if stop == match.end():
            if match.lastgroup == "introducing":
                return True
            if match.lastgroup == "numbering":
                return following[:1].isdigit()
            return following[:1].islower()
    return False


def _ordinal(before: str, after: str, word: str, rules: _Rules) -> bool:
    """Say whether a number before a stop is a German ordinal: "am 29. Juli", "die 3. Frau".

    Any noun may follow one, and other languages write a name there too, so that the small words around
    it decide: with more of another language than of German it is none. A number of three digits is none.
    """
    match = _ORDINAL.search(before)
    if not match or (word not in _DATES and (match[1] or "").casefold() in _COUNTED):
        return False
    around = [neighbour.casefold() for neighbour in _WORD.findall(f"{before} {after}")]
    return sum(neighbour in rules.foreign for neighbour in around) <= sum(
        neighbour in rules.german for neighbour in around
    )


@cache
def _rules(languages: tuple[str, ...]) -> _Rules | None:
    codes = set(languages) & _WORDS.keys()
    if not codes:
        return None
    words = {code: _set(_WORDS[code]) for code in codes}
    others = frozenset().union(*(words[code] for code in codes - {"de"}))
    german = words.get("de", frozenset())
    groups = "|".join(
        f"(?P<{name}>{'|'.join(sorted(_patterns(table, codes), key=len, reverse=True))})"
        for name, table in (
            ("trailing", _TRAILING),  # "av. J.-C." before "av."
            ("introducing", _INTRODUCING),
            ("numbering", _NUMBERING),
        )
    )
    return _Rules(
        abbreviations=re.compile(rf"(?<![^\W_])(?:{groups})", re.IGNORECASE),
        words=german | others,
        starting=frozenset.intersection(*words.values()),
        german=german - others,
        foreign=others - german,
    )


def _patterns(table: dict[str, str], codes: set[str]) -> set[str]:
    """Return the patterns of the abbreviations of several languages."""
    abbreviations = {abbreviation for code in codes for abbreviation in table[code].split()}
    return {r"\.\s?".join(map(re.escape, abbreviation.split("_"))) + r"\." for abbreviation in abbreviations}
