"""`clearhead push`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from clearhead.cli.output import show


@dataclass(frozen=True, kw_only=True)
class Push:
    """Write a model as a folder for a hub, and upload it if you say --yes.

    The folder has a card with the front matter that the Hugging Face hub reads. Without --yes nothing leaves this
    machine.

    Examples:
        clearhead push runs/fr-en me/fr-en --out fr-en --license cc-by-4.0
        clearhead push runs/fr-en me/fr-en --out fr-en --license cc-by-4.0 --yes
    """

    model: Annotated[Positional[Path], arg(metavar="MODEL")]
    """Model directory, training run, or name of a model."""
    repo: Annotated[Positional[str], arg(metavar="REPO")]
    """Repository on the hub, as OWNER/NAME."""
    out: Annotated[Path, arg(metavar="DIR")]
    """Directory to create."""
    license: Annotated[str, arg(metavar="ID")] = ""
    """Licence by the hub's name, such as cc-by-4.0; without it the one that the model's card names."""
    yes: bool = False
    """Upload the folder, as who is logged in to the hub."""

    def run(self) -> None:
        """Write the folder, and upload it where that was said."""
        from clearhead import model_directory
        from clearhead.hub import push

        licence = push.prepare(model_directory.find(self.model), self.repo, self.out, self.license)
        show(f"{self.out}: ready for {self.repo}, licence {licence}")
        if self.yes:
            show(f"uploaded: {push.upload(self.out, self.repo)}")
        else:
            show("nothing was uploaded; look at its README.md, and add --yes to upload")
