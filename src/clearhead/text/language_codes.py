"""Codes of languages, however they are written: `en`, `EN`, `eng`, `en-US` and `en_US` find each other.

ISO 639-1, 639-2 and 639-3 for languages that have a code of two letters; BCP 47 with script and region. A script
or a region that both name must be the same: `zh-Hant` is never `zh-Hans`, nor `pt-BR` `pt-PT`.
"""

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import NamedTuple

_TWO_LETTERS = (
    "aar:aa abk:ab afr:af aka:ak amh:am ara,arb:ar arg:an asm:as ava:av aym:ay aze,azj:az bak:ba bam:bm bel:be ben:bn "
    "bis:bi bod,tib:bo bos:bs bre:br bul:bg cat:ca ces,cze:cs cha:ch che:ce chu:cu chv:cv cor:kw cos:co cre:cr "
    "cym,wel:cy dan:da deu,ger:de div:dv dzo:dz ell,gre:el eng:en epo:eo est,ekk:et eus,baq:eu ewe:ee fao:fo "
    "fas,per,pes:fa fij:fj fin:fi fra,fre:fr fry:fy ful:ff gla:gd gle:ga glg:gl glv:gv grn:gn guj:gu hat:ht hau:ha "
    "heb,iw:he her:hz hin:hi hrv,scr:hr hun:hu hye,arm:hy ibo:ig ido:io iii:ii iku:iu ile:ie ina:ia ind,in:id ipk:ik "
    "isl,ice:is ita:it jav,jw:jv jpn:ja kal:kl kan:kn kas:ks kat,geo:ka kaz:kk khm:km kik:ki kin:rw kir:ky kom:kv "
    "kon:kg kor:ko kua:kj kur:ku lao:lo lat:la lav,lvs:lv lim:li lin:ln lit:lt ltz:lb lub:lu lug:lg mah:mh mal:ml "
    "mar:mr mkd,mac:mk mlg:mg mlt:mt mon,khk:mn mri,mao:mi msa,may,zsm:ms mya,bur:my nau:na nav:nv nbl:nr nde:nd "
    "ndo:ng nep,npi:ne nld,dut:nl nno:nn nob:nb nor:no nya:ny oci:oc oji:oj ori,ory:or orm:om oss:os pan:pa pli:pi "
    "pol:pl "
    "por:pt pus:ps que:qu roh:rm ron,rum,mo:ro run:rn rus:ru sag:sg san:sa sin:si slk,slo:sk slv:sl sme:se smo:sm "
    "sna:sn snd:sd som:so sot:st spa:es sqi,alb,als:sq srd:sc srp,scc:sr ssw:ss sun:su swa,swh:sw swe:sv tah:ty tam:ta "
    "tat:tt tel:te tgk:tg tgl,fil:tl tha:th tir:ti ton:to tsn:tn tso:ts tuk:tk tur:tr twi:tw uig:ug ukr:uk urd:ur "
    "uzb,uzn:uz ven:ve vie:vi vol:vo wln:wa wol:wo xho:xh yid,ji:yi yor:yo zha:za zho,chi,cmn:zh zul:zu"
)
"""Older and longer codes, and the one of two letters."""
_SHORT = {
    code: entry.partition(":")[2]
    for entry in _TWO_LETTERS.split()
    for code in entry.partition(":")[0].split(",")
}
_KNOWN = frozenset(_SHORT.values())
_WRITTEN_IN = {"CN": "Hans", "SG": "Hans", "TW": "Hant", "HK": "Hant", "MO": "Hant"}
"""The script of Chinese in a region."""
_MEANT = {"nb": "no"}
"""Norwegian without a form is Bokmal."""
_PART = re.compile("[-_]")


class _Code(NamedTuple):
    language: str
    script: str
    region: str
    others: tuple[str, ...]


def known(code: str) -> bool:
    """Say whether a code is of a language on record, with or without script and region."""
    return bool(code) and _read(code).language in _KNOWN


def canonical(code: str) -> str:
    """Return the usual form of a code: `eng` is `en`, `PT_br` is `pt-BR`; one that is not on record stays as it is."""
    if not known(code):
        return code
    read = _read(code)
    return "-".join(filter(None, (read.language, read.script, read.region, *read.others)))


def primary(code: str) -> str:
    """Return the language of a code without script and region, in two letters where there are: `en` for `eng-US`."""
    return _read(code).language


def scripts(wanted: str, codes: Iterable[str]) -> list[str]:
    """Return those codes of one language in several scripts that a code without a script may mean."""
    if _script(_read(wanted)):
        return []
    script_of = {code: _script(_read(code)) for code in codes if same(wanted, code)}
    return list(script_of) if "" not in script_of.values() and len(set(script_of.values())) > 1 else []


def same(first: str, other: str) -> bool:
    """Say whether two codes may mean one language: nothing that both of them say differs."""
    return _closeness(first, other) > 0


def find(wanted: str, codes: Iterable[str]) -> str | None:
    """Return the one of several codes that is closest to a wanted one, the first of equals.

    None where none is the same, or where it is in doubt which script is meant.
    """
    choices = list(codes)
    if wanted in choices:
        return wanted or None
    best, closest = None, 0
    for code in choices:
        closeness = _closeness(wanted, code)
        if closeness > closest:
            best, closest = code, closeness
    return None if best is None or scripts(wanted, choices) else best


@lru_cache(maxsize=4096)
def _closeness(first: str, other: str) -> int:
    """Return 0 for different languages, and the more the closer two codes are."""
    if not (first and other):
        return 0
    if first == other:
        return 9
    left, right = _read(first), _read(other)
    if left == right:
        return 8
    languages = {_MEANT.get(code.language, code.language) for code in (left, right)}
    if len(languages) > 1 or left.others != right.others:
        return 0
    closeness = 1
    for of_one, of_other in ((_script(left), _script(right)), (left.region, right.region)):
        if of_one and of_other and of_one != of_other:
            return 0
        closeness += 2 * (of_one == of_other)
    return closeness


def _script(code: _Code) -> str:
    return code.script or (_WRITTEN_IN.get(code.region, "") if code.language == "zh" else "")


@lru_cache(maxsize=4096)
def _read(code: str) -> _Code:
    """Take a code apart: language, script of four letters, region of two letters or three digits, and the rest."""
    language, *parts = _PART.split(code.strip().lower())
    script = region = ""
    others = []
    for part in parts:
        if len(part) == 4 and part.isalpha() and not (script or region):
            script = part.title()
        elif ((len(part) == 2 and part.isalpha()) or (len(part) == 3 and part.isdigit())) and not region:
            region = part.upper()
        else:
            others.append(part)
    return _Code(_SHORT.get(language, language), script, region, tuple(others))
