"""Measure a model of English, French, Spanish and German: scores of each direction, everyday sentences, copying.

Usage: python recipes/default-model/measure.py MODEL DATA [--json scores.json]

DATA is what `data.py` made. Everyday sentences are right where an accepted answer is given, case and punctuation
aside. Of the made inputs a name, number, address or code must stand unchanged in the translation.
"""

import argparse
import json
import sys
from collections import defaultdict
from pathlib import Path
from random import Random
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from clearhead.data import invented
from clearhead.evaluation import bleu, chrf
from clearhead.translator import Translator
from data import LANGUAGES, PIVOTS, everyday, key  # the recipe's other script

FRAMES = {
    "en": ["I saw {} yesterday.", "Do you know {}?", "Please write {} on the paper.", "{} is not here."],
    "fr": ["J'ai vu {} hier.", "Connaissez-vous {} ?", "Écrivez {} sur le papier.", "{} n'est pas ici."],
    "es": ["Vi a {} ayer.", "¿Conoces a {}?", "Escribe {} en el papel.", "{} no está aquí."],
    "de": [
        "Ich habe {} gestern gesehen.",
        "Kennst du {}?",
        "Schreiben Sie {} auf das Papier.",
        "{} ist nicht hier.",
    ],
}
KINDS = ("name", "full_name", "number", "code", "email", "url")
DIRECTIONS = [pair for language in LANGUAGES for pair in (("en", language), (language, "en"))]
PIVOT_DIRECTIONS = [pair for one, other in PIVOTS for pair in ((one, other), (other, one))]


def made_inputs(seed: int = 7) -> list[tuple[str, str, str, str, str]]:
    """Return 144 inputs as (source language, target language, kind, what must come through, text)."""
    draws = Random(seed)
    inputs = []
    for source, target in DIRECTIONS:
        for kind in KINDS:
            for frame in FRAMES[source]:
                what = getattr(invented, kind)(draws)
                inputs.append((source, target, kind, what, frame.format(what)))
    return inputs


def directions(translator: Translator, data: Path) -> dict[str, dict[str, Any]]:
    """Return BLEU and chrF of each direction on its test part."""
    scores = {}
    for source, target in (*DIRECTIONS, *PIVOT_DIRECTIONS):
        file = data / f"test.{'-'.join(sorted((source, target), key=lambda code: (code != 'en', code)))}.tsv"
        first = file.name.split(".")[1].partition("-")[0]
        pairs = [line.split("\t") for line in file.read_text(encoding="utf-8").splitlines()]
        sources, references = zip(*(pair if source == first else pair[::-1] for pair in pairs), strict=True)
        found = [each.text for each in translator.translate(list(sources), to=target, split="never")]
        scored = {"bleu": bleu(found, references), "chrf": chrf(found, references)}
        scores[f"{source}-{target}"] = {
            name: {"value": score.value, "signature": score.signature} for name, score in scored.items()
        }
        print(
            f"{source}-{target}: " + ", ".join(f"{s.name} {s.value:.2f}" for s in scored.values()),
            file=sys.stderr,
        )
    return scores


def everyday_failures(translator: Translator) -> list[dict[str, str]]:
    """Return the everyday sentences whose translation is not among the accepted ones."""
    wrong = []
    for source, target, text, accepted in everyday():
        found = translator.translate(text, to=target).text
        if key(found) not in map(key, accepted):
            wrong.append({"from": source, "to": target, "text": text, "found": found})
    return wrong


def copies(translator: Translator) -> tuple[dict[str, str], list[str]]:
    """Return the share of each kind that came through, and what did not."""
    right: dict[str, int] = defaultdict(int)
    lost = []
    inputs = made_inputs()
    for _, target, kind, what, text in inputs:
        found = translator.translate(text, to=target).text
        right[kind] += what in found
        if what not in found:
            lost.append(f"{text} -> {found}")
    each = len(inputs) // len(KINDS)
    return {kind: f"{right[kind]} of {each}" for kind in KINDS}, lost


STRANGE = [
    "Привет, как дела?",
    "Где находится вокзал?",
    "你好,你叫什么名字?",
    "今天天气很好。",
    "これは私の本です。",
    "مرحبا، كيف حالك؟",
    "שלום, מה שלומך?",
    "Γειά σου, τι κάνεις;",
    "नमस्ते, आप कैसे हैं?",
    "안녕하세요, 반갑습니다.",
]
EMOJI = ("😀", "👍", "🎉", "😢", "❤️", "🚀")
ODD = [
    "| Name | Age | City |",
    "| Tom | 12 | Lyon |",
    "12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30",
    "def add(a, b): return a + b",
    "for (int i = 0; i < 10; i++) { sum += i; }",
    "SELECT name FROM users WHERE id = 7;",
    '{"name": "Tom", "age": 12}',
    "a a a a a a a a a a a a a a a a a a a a",
    "no no no no no no no no no no",
    "----------",
    "1. 2. 3. 4. 5.",
    "lorem ipsum dolor sit amet consectetur adipiscing elit",
]


def oddities(translator: Translator, data: Path, each: int = 100) -> dict[str, Any]:
    """Return what becomes of text that is no everyday sentence to translate.

    `same`: sentences of the test parts translated to their own language, the share that stays as it is and chrF;
    `emoji`: sentences with one, the share that keeps it; `scripts`: sentences in scripts never learned, the share
    left as it is; `long`: eight sentences in one, and tables, code and repetitions: how many come out more than
    twice as long.
    """
    pairs = {
        other: [
            line.split("\t")
            for line in (data / f"test.en-{other}.tsv").read_text(encoding="utf-8").splitlines()
        ]
        for other in LANGUAGES
    }
    texts = {"en": [pair[0] for pair in pairs["fr"][:each]]}
    texts |= {other: [pair[1] for pair in pairs[other][:each]] for other in LANGUAGES}
    same = {}
    for language, own in texts.items():
        found = [translation.text for translation in translator.translate(own, to=language, split="never")]
        unchanged = sum(a == b for a, b in zip(own, found, strict=True))
        same[language] = {"unchanged": unchanged, "of": len(own), "chrf": chrf(found, own).value}
    with_emoji = [f"{text} {EMOJI[number % len(EMOJI)]}" for number, text in enumerate(texts["fr"][:30])]
    kept = [EMOJI[n % len(EMOJI)] in t.text for n, t in enumerate(translator.translate(with_emoji, to="en"))]
    scripts = [
        translation.text == text
        for text, translation in zip(STRANGE, translator.translate(STRANGE), strict=True)
    ]
    long = [
        " ".join(text.rstrip(".!? ") + "," for text in texts[code][n : n + 8])
        for code in LANGUAGES
        for n in (0, 8, 16)
    ]
    odd = [(text, to) for text in (*long, *ODD) for to in ("en", "fr")]
    grown = [
        f"{text} -> {found}"
        for text, to in odd
        if len(found := translator.translate(text, to=to, split="never").text) > 2 * len(text) + 10
    ]
    return {
        "same": same,
        "emoji": {"kept": sum(kept), "of": len(kept)},
        "scripts": {"left": sum(scripts), "of": len(scripts)},
        "long": {"grown": len(grown), "of": len(odd), "which": grown},
    }


def main() -> None:
    """Measure everything and print it."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--engine", default="auto")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    translator = Translator.load(arguments.model, engine=arguments.engine)
    wrong = everyday_failures(translator)
    kinds, lost = copies(translator)
    total = len(list(everyday()))
    result = {
        "everyday": {"right": total - len(wrong), "of": total, "wrong": wrong},
        "copies": {
            "right": len(made_inputs()) - len(lost),
            "of": len(made_inputs()),
            "kinds": kinds,
            "lost": lost,
        },
        "oddities": oddities(translator, arguments.data),
        "directions": directions(translator, arguments.data),
    }
    text = json.dumps(result, ensure_ascii=False, indent=1)
    print(text)
    if arguments.json:
        arguments.json.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
