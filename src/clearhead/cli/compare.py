"""`clearhead compare`."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from clearhead.cli.output import print_json, tell, writer


@dataclass(frozen=True, kw_only=True)
class Compare:
    """Compare the translations of two systems, with significance tests.

    Reports BLEU and chrF with a paired bootstrap test, a breakdown by length and word frequency, and the sentences
    that differ most.

    Example:
        clearhead compare --reference test.en ours.en theirs.en --html report.html
    """

    a: Annotated[Positional[str], arg(metavar="A")]
    """Translations of the first system, one per line."""
    b: Annotated[Positional[str], arg(metavar="B")]
    """Translations of the second system, one per line."""
    reference: str
    """Human translation, one per line; or the second side of a file with both (.tsv, .jsonl, .tmx, .po, .xliff)."""
    source: str | None = None
    """Source text, to show with the sentences."""
    frequencies: str | None = None
    """Text to count words in, such as the target side of the training data; by default the reference."""
    to: str | None = None
    """Language of the translations, for files that hold several; otherwise their script decides."""
    from_: Annotated[str | None, arg(name="from")] = None
    """Language of the source, for a file that holds several."""
    tokenize: str = "auto"
    """How BLEU splits words: 13a, intl, zh, char, or none for text that is already tokenised; auto: 13a, but zh for
    Chinese and char for other languages without spaces between words."""
    lowercase: bool = False
    """Ignore case in BLEU and chrF."""
    samples: int = 1000
    """Number of resampled test sets in the bootstrap test."""
    seed: int = 12345
    """Seed of the resampling."""
    html: Path | None = None
    """File to write the report to as a web page."""
    json: bool = False
    """Print the result as one JSON object."""

    def run(self) -> None:
        """Print the report."""
        from clearhead.corpora.sides import Languages
        from clearhead.measuring import page
        from clearhead.measuring.compare import compare
        from clearhead.terminal import comparison

        result = compare(
            self.reference,
            self.a,
            self.b,
            source=self.source,
            frequencies=self.frequencies,
            languages=Languages(self.from_ or "", self.to or ""),
            tokenize=self.tokenize,
            lowercase=self.lowercase,
            samples=self.samples,
            seed=self.seed,
        )
        for warning in result.warnings:
            tell(f"warning: {warning}")
        if self.html:  # first, since `head` may end the printing
            page.write(result, self.html)
        with writer(None, drawn_on=not self.json) as out:
            if self.json:
                print_json(dataclasses.asdict(result))
            else:
                comparison.write(result, out)
