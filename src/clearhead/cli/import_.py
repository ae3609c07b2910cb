"""`clearhead import`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from clearhead.cli.output import show, told


@dataclass(frozen=True, kw_only=True)
class Import:
    """Import a MarianMT model of transformers (OPUS-MT and its like), or an export; it is proved to translate the same.

    It can then be run, looked into, measured and trained on (clearhead train --init) as any other. What `clearhead
    export --format huggingface` wrote comes back as it was. Nothing in the directory is run or unpickled.

    Example: clearhead import opus-mt-fr-en --out models/fr-en
    """

    folder: Annotated[Positional[Path], arg(metavar="DIR")]
    """Directory of the model, on this machine: config.json, model.safetensors, source.spm, target.spm, vocab.json."""
    out: Path
    """Folder to make."""

    def run(self) -> None:
        """Read, prove and tell."""
        from clearhead import model_directory
        from clearhead.exchange.marian import import_model

        proof = import_model(self.folder, self.out)
        show(told(self.out, proof))
        targets = model_directory.read_info(self.out).target_langs
        to = f" --to {targets[0]}" if len(targets) > 1 else ""
        show(f"next: clearhead translate --model {self.out}{to} < FILE")
