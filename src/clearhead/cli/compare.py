"""`clearhead compare`."""

import dataclasses
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from clearhead.cli.output import print_json, tell, writer


@dataclass(frozen=True, kw_only=True)
class Compare:
    """Compare two files of translations: significance, lengths, frequencies of words, worst sentences.

    Example: clearhead compare --reference test.en ours.en theirs.en --html report.html
    """

    a: Annotated[Positional[str], arg(metavar="A")]
    """Translations of a system, line for line."""
    b: Annotated[Positional[str], arg(metavar="B")]
    """Those of another."""
    reference: str
    """The translation by people; of a file of both sides (.tsv, .jsonl, .tmx, .po) the second one."""
    source: str | None = None
    """Source side, to show beside the sentences."""
    frequencies: str | None = None
    """Text to count words in, such as the target side of the training data; otherwise the reference."""
    to: str | None = None
    """Language of the translations, where files hold texts by their languages; otherwise their letters tell."""
    from_: Annotated[str | None, arg(name="from")] = None
    """Language of the source, where its file holds texts by their languages."""
    tokenize: str = "auto"
    """How BLEU splits words. auto: 13a, but zh for Chinese and char for other targets without spaces between words;
    none: for text that is already tokenised; intl."""
    lowercase: bool = False
    """Ignore case."""
    samples: int = 1000
    """Resampled test sets of the paired bootstrap test."""
    seed: int = 12345
    """Of the resampling."""
    html: Path | None = None
    """File for the report as a page."""
    json: bool = False
    """Print one JSON object."""

    def run(self) -> None:
        """Print the report."""
        from clearhead.data.sides import Languages
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
