"""`clearhead export`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from clearhead.cli.model import Model
from clearhead.cli.output import show, told
from clearhead.config.choices import ExportFormat


@dataclass(frozen=True, kw_only=True)
class Export:
    """Write a model in another program's form, proved to translate as it does here.

    Examples: clearhead export --model runs/fr-en --format huggingface --out hf/
    clearhead export --model runs/fr-en --format ctranslate2 --out ct2/
    clearhead export --model runs/fr-en --format onnx --out onnx/
    """

    form: Annotated[ExportFormat, arg(name="format")]
    """huggingface: a folder for transformers (MarianMT, or Pegasus where the norms come first); ctranslate2: its
    own form, in fp32; onnx: a graph that reads the source and one that takes a step of the decoder."""
    out: Path
    """Folder to make."""
    model: Model = None

    def run(self) -> None:
        """Write, prove and tell."""
        from clearhead.exchange.write import export

        proof = export(self.model, self.out, self.form)
        show(told(self.out, proof))
