"""Calibrate how sure a model of English, French, Spanish and German may be, and write it into the model.

Usage: python recipes/default-model/calibrate.py MODEL DATA [--engine auto]

DATA is what `data.py` made. In six directions, everyday sentences, phrases and news are mixed; of the first and last,
those that training did not watch. A phrase has all its accepted answers. Half are fitted on, half measured on; how
well it holds is also printed by kind. `measure.py` and `ship.py` come after it: it changes `config.json`.
"""

import argparse
import sys
from collections import defaultdict
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
from clearhead.errors import DataError
from clearhead.evaluation import area_under_curve, expected_calibration_error
from clearhead.measuring.calibrate import Judged, Known, fitted, judged, keep
from clearhead.translator import Translator
from data import LANGUAGES, WATCHED, phrasebook  # the recipe's other script

MOST = {"tatoeba": 1000, "news": 200, "phrasebook": 1000}
"""Pairs of each direction and kind."""


def pairs(data: Path, kind: str) -> list[Known]:
    """Return the pairs of a kind, in the six directions."""
    accepted: dict[tuple[str, str, str], list[str]] = defaultdict(list)
    if kind == "phrasebook":
        for row in phrasebook()[1]:
            for source, cells in row.items():
                for target, answers in row.items():
                    accepted[source, target, cells[0]] += answers
    found = []
    for language in LANGUAGES:
        lines = (data / f"valid.{kind}.en-{language}.tsv").read_text(encoding="utf-8").splitlines()
        seen = 0 if kind == "phrasebook" else WATCHED[kind]
        for line in lines[seen : seen + MOST[kind]]:
            english, other = line.split("\t")
            for source, target, text, answer in (
                ("en", language, english, other),
                (language, "en", other, english),
            ):
                answers = dict.fromkeys((answer, *accepted[source, target, text]))
                found.append(Known(text, tuple(filter(None, answers)), target))
    return found


def told(name: str, found: list[Judged], probabilities: list[float]) -> str:
    """Return a line about the half that was not fitted on."""
    held = [(p, each.right) for p, each in zip(probabilities, found, strict=True) if each.held]
    stated, right = [p for p, _ in held], [each for _, each in held]
    try:
        auc = f"{area_under_curve(stated, right):.3f}"
    except DataError:  # all are right, or none
        auc = "-"
    return f"{name}: {sum(right)} of {len(right)} right, ECE {expected_calibration_error(stated, right):.3f}, AUC {auc}"


def main() -> None:
    """Translate, fit, measure, write and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=Path)
    parser.add_argument("data", type=Path)
    parser.add_argument("--engine", default="auto")
    arguments = parser.parse_args()
    translator = Translator.load(arguments.model, engine=arguments.engine)
    kinds = {kind: judged(translator, pairs(arguments.data, kind)) for kind in MOST}
    confidence = fitted([each for found in kinds.values() for each in found])
    for kind, found in kinds.items():
        print(told(kind, found, [confidence.sentence.probability(each.features) for each in found]))
    for name, curve in (("sentences", confidence.sentence), ("words", confidence.word)):
        print(f"{name}: ECE {curve.ece:.3f}, AUC {curve.auc:.3f} on {curve.measured_on:,}")
    print(f"note below {confidence.note_below:.2f}; kept in {keep(arguments.model, confidence)}")


if __name__ == "__main__":
    main()
