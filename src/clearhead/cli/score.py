"""`clearhead score`."""

import dataclasses
from dataclasses import dataclass
from typing import Annotated

from tyro.conf import arg

from clearhead.cli.model import Model, translator_of
from clearhead.cli.output import print_json


@dataclass(frozen=True, kw_only=True)
class Score:
    """Print how probable given translations are: log-probability and length-normalised score, a line a pair.

    Example: clearhead score --model runs/fr-en --source a.fr --target a.en
    """

    source: str
    """Source side, or one file of both sides (.tsv, .jsonl, .tmx, .po)."""
    target: str | None = None
    """Target side, line for line; left out where one file holds both."""
    model: Model = None
    to: str | None = None
    """Target language, where the model has several."""
    from_: Annotated[str | None, arg(name="from")] = None
    """Language of the source, where the model has several, or the files hold texts by their languages."""
    json: bool = False
    """Print one JSON object a line."""

    def run(self) -> None:
        """Print a line for each pair."""
        from clearhead.data.sides import read_sides
        from clearhead.measuring.languages import languages_of

        translator = translator_of(self.model, "auto")
        languages = languages_of(translator, self.to, self.from_)
        pairs = list(read_sides(self.source, self.target, languages, "--target"))
        for score in translator.score([pair.src for pair in pairs], [pair.tgt for pair in pairs], to=self.to):
            if self.json:
                print_json(dataclasses.asdict(score), indent=None)
            else:
                print(f"{score.log_prob:.6f}\t{score.score:.6f}")
