"""How BLEU separates words unless somebody says: by the target language and the letters of the references.

Where no space parts words, 13a takes a sentence for a word, and BLEU is 0 for a perfect translation.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Sequence
from functools import cache
from typing import get_args

from clearhead.config.choices import BleuTokenize
from clearhead.errors import ConfigError

AUTO = "auto"
TOKENIZERS = tuple(name for name in get_args(BleuTokenize) if name != AUTO)
_CHINESE = frozenset("zh zho chi cmn yue wuu hak gan lzh".split())  # noqa: SIM905
_UNSPACED = _CHINESE | frozenset("ja jpn th tha lo lao km khm my mya bur bo bod tib dz dzo shn".split())  # noqa: SIM905
"""Codes of languages that are written without spaces between words. Korean has them, if between phrases."""
_KANA = frozenset({"HIRAGANA", "KATAKANA"})
_UNSPACED_SCRIPTS = _KANA | frozenset({"CJK", "THAI", "LAO", "KHMER", "MYANMAR", "TIBETAN"})
_SOME, _MOST = 0.1, 0.5
"""Least share of letters in such a script: with a language that is written in one, and with any other."""
_SEGMENTED = 5
"""Text with a space for at most this many of such letters has been cut into words."""
_SPACES = re.compile(r"\s+")


def resolved(tokenize: str, references: Sequence[str], language: str = "") -> str:
    """Return the tokenisation that `auto` stands for; any other stays.

    sacreBLEU's `zh` for Chinese, its `char` for other languages without spaces, as its own for Japanese, `ja-mecab`,
    needs a dictionary; `13a` for all else, Korean too. `language` may be unknown or have regions, such as zh-TW.
    """
    if tokenize != AUTO:
        return checked(tokenize)
    scripts = _scripts(references)
    code = re.split("[-_]", language.lower())[0]
    if _unspaced_share(scripts) <= (_SOME if code in _UNSPACED else _MOST):
        return "13a"
    if code in _UNSPACED:
        return "zh" if code in _CHINESE else "char"
    return _by_script(scripts)


def checked(tokenize: str) -> str:
    """Return a tokenisation of ours. Raises ConfigError for any other."""
    if tokenize not in TOKENIZERS:
        raise ConfigError(
            f"unknown BLEU tokenisation {tokenize!r}; choose one of {', '.join(TOKENIZERS)}, or {AUTO} for the one "
            "that fits the text"
        )
    return tokenize


def better_fit(tokenize: str, references: Sequence[str]) -> str | None:
    """Return the tokenisation that fits the letters of the references; None where the given one does."""
    scripts = _scripts(references)
    if _unspaced_share(scripts) <= _MOST:
        return "13a" if tokenize == "char" and scripts else None
    fit = _by_script(scripts)
    if tokenize == "char" or (tokenize == "zh" and fit == "zh") or _is_segmented(references):
        return None
    return fit


def _by_script(scripts: Counter[str]) -> str:
    """Return what parts text without spaces: zh parts Chinese letters only."""
    others = sum(count for script, count in scripts.items() if script in _UNSPACED_SCRIPTS - {"CJK"})
    return "zh" if others <= _SOME * scripts["CJK"] else "char"


def _is_segmented(lines: Sequence[str]) -> bool:
    """Say whether text of such a script has spaces between words all the same."""
    letters = sum(count for script, count in _scripts(lines).items() if script in _UNSPACED_SCRIPTS)
    return _SEGMENTED * sum(len(_SPACES.findall(line.strip())) for line in lines) >= letters


def _unspaced_share(scripts: Counter[str]) -> float:
    return sum(scripts[script] for script in _UNSPACED_SCRIPTS) / max(1, scripts.total())


def _scripts(lines: Sequence[str]) -> Counter[str]:
    """Return how many letters there are of each script."""
    letters = Counter[str]()
    for character, count in Counter("".join(lines)).items():
        if script := _script(character):
            letters[script] += count
    return letters


@cache
def _script(character: str) -> str:
    """Return the first word of a letter's name, which is its script; nothing for other characters."""
    plain = unicodedata.normalize("NFKC", character)[:1]  # half-width kana are kana
    if unicodedata.category(plain) not in ("Lu", "Ll", "Lo"):
        return ""
    return unicodedata.name(plain, "").partition(" ")[0]
