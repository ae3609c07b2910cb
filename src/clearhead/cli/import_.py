"""`clearhead import`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from clearhead.cli.output import show, verified
from clearhead.extras import require_torch


@dataclass(frozen=True, kw_only=True)
class Import:
    """Import a MarianMT model (such as OPUS-MT), verified.

    The import is verified to translate identically. It can then be run, inspected, measured and trained further
    (`clearhead train --init`) like any other model. An export made by `clearhead export --format huggingface` comes
    back unchanged. Nothing in the directory is executed or unpickled.

    Example:
        clearhead import opus-mt-fr-en --out models/fr-en
    """

    folder: Annotated[Positional[Path], arg(metavar="DIR")]
    """Local directory of the model: config.json, model.safetensors, source.spm, target.spm, vocab.json; or Marian's
    own: an .npz file and vocab.spm."""
    out: Annotated[Path, arg(metavar="DIR")]
    """Directory to create."""

    def run(self) -> None:
        """Read, verify and report."""
        require_torch("clearhead import")
        from clearhead import model_directory
        from clearhead.exchange.marian import import_model
        from clearhead.exchange.marian_npz import import_npz, npz_of

        proof = (import_npz if npz_of(self.folder) else import_model)(self.folder, self.out)
        show(verified(self.out, proof))
        targets = model_directory.read_info(self.out).target_langs
        to = f" --to {targets[0]}" if len(targets) > 1 else ""
        show(f"next: clearhead translate --model {self.out}{to} < FILE")
