"""`clearhead prepare`."""

import sys
from dataclasses import dataclass, field, fields
from pathlib import Path

from tyro.conf import OmitArgPrefixes

from clearhead.cli.output import print_json, show
from clearhead.config import DataConfig, ModelConfig, RunConfig, TextConfig, TokenizerConfig
from clearhead.config.choices import ModelKind
from clearhead.text.shown import one_line


@dataclass(frozen=True, kw_only=True)
class Prepare:
    """Read, check and store the text of a run, without training.

    Examples:
        clearhead prepare --config run.toml --store prepared/
        clearhead train --config run.toml --store prepared/ --out runs/mine
    """

    config: Path | None = None
    """TOML file with settings; options override it."""
    init: str = ""
    """Model whose tokenizer to use, for fine-tuning; `default` is the model that comes with Clearhead."""
    kind: ModelKind = "transformer"
    """Kind of model that the text is for, as in [model]; lm also takes plain text, a source without a target."""
    data: OmitArgPrefixes[TextConfig] = field(default_factory=TextConfig)
    tokenizer: TokenizerConfig = field(default_factory=TokenizerConfig)
    json: bool = False
    """Print the report as JSON, with examples of every fault."""

    def run(self) -> None:
        """Prepare, drawing progress on standard error, and print the report."""
        from clearhead.data.preparation import is_begun
        from clearhead.run.interruption import Interrupted, Interruption
        from clearhead.run.prepare import prepare_store
        from clearhead.terminal.console import SafeConsole
        from clearhead.terminal.corpus_report import report_table
        from clearhead.terminal.preparation import show_preparation

        data = {field.name: getattr(self.data, field.name) for field in fields(self.data)}
        model = ModelConfig(kind=self.kind, vocab_size=self.tokenizer.vocab_size)
        config = RunConfig(init=self.init, data=DataConfig(**data), tokenizer=self.tokenizer, model=model)
        console = SafeConsole(stderr=True, highlight=False)
        try:
            with Interruption() as interruption, interruption.anywhere():
                store = show_preparation(prepare_store(config), console)
        except Interrupted as stop:
            begun = bool(config.data.store) and is_begun(Path(config.data.store))
            what = (
                "start the same command again, and it goes on" if begun else "nothing was saved, start again"
            )
            print("clearhead: interrupted;", one_line(what), file=sys.stderr)
            sys.exit(128 + stop.signal)
        if self.json:
            print_json(store.report)
            return
        SafeConsole(highlight=False).print(report_table(store.report))
        show(str(store.path))
