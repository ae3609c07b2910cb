"""`clearhead export`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import arg

from clearhead.cli.model import Model
from clearhead.cli.output import show, verified
from clearhead.config.choices import ExportFormat
from clearhead.extras import require_torch


@dataclass(frozen=True, kw_only=True)
class Export:
    """Export a model to CTranslate2, Hugging Face or ONNX, verified.

    The export is verified to translate as the model does here.

    Examples:
        clearhead export --model runs/fr-en --format huggingface --out hf/
        clearhead export --model runs/fr-en --format ctranslate2 --out ct2/
        clearhead export --model runs/fr-en --format onnx --out onnx/
    """

    form: Annotated[ExportFormat, arg(name="format")]
    """huggingface: a directory for transformers (MarianMT, or Pegasus for pre-norm models); ctranslate2: its own
    format, in fp32; onnx: one graph for the encoder and one for a step of the decoder."""
    out: Annotated[Path, arg(metavar="DIR")]
    """Directory to create."""
    model: Model = None

    def run(self) -> None:
        """Write, verify and report."""
        require_torch("clearhead export")
        from clearhead.exchange.write import export

        proof = export(self.model, self.out, self.form)
        show(verified(self.out, proof))
