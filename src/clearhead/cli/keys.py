"""`clearhead keys`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from clearhead.cli.output import print_json, show, tell
from clearhead.errors import ConfigError


@dataclass(frozen=True, kw_only=True)
class Keys:
    """Add, list or revoke the API keys of a service.

    A key is shown once, when it is added; the file keeps its hash. A running service obeys at once.

    Examples:
        clearhead keys add "the wiki" --file keys.sqlite
        clearhead keys list --file keys.sqlite
        clearhead keys revoke 3f9a1c27b0de --file keys.sqlite
        clearhead serve --keys-file keys.sqlite --require-key
    """

    action: Annotated[Positional[Literal["add", "list", "revoke"]], arg(metavar="ACTION")]
    """add, list or revoke."""
    name: Annotated[Positional[str | None], arg(metavar="NAME")] = None
    """Label of the key to add (who uses it), or id of the key to revoke."""
    file: Path = Path("keys.sqlite")
    """Database of the keys; `add` begins one, which only its owner can read."""
    json: bool = False
    """Print the result as JSON."""

    def run(self) -> None:
        """Do it and print what came of it."""
        if (self.name is None) != (self.action == "list"):
            what = {"add": "a label", "revoke": "the id of a key", "list": "no name"}[self.action]
            raise ConfigError(
                f"keys {self.action} takes {what}, got {self.name or 'none'}; see clearhead keys --help"
            )
        {"add": self._add, "list": self._list, "revoke": self._revoke}[self.action]()

    def _add(self) -> None:
        from clearhead.serving.keys import Keys as Stored

        key = Stored(self.file).add(self.name or "")
        if self.json:
            print_json({"key": key, "label": self.name})
            return
        show(key)
        tell("this is the only time that the key is shown; its hash is in the file")

    def _list(self) -> None:
        from dataclasses import asdict

        from clearhead.serving.keys import Keys as Stored

        keys = Stored(self.file).listed()
        if self.json:
            print_json({"keys": [asdict(key) for key in keys]})
            return
        for key in keys:
            state = f"revoked {key.revoked}" if key.revoked else "valid"
            show(f"{key.id}  {key.created}  {state}  {key.label}")

    def _revoke(self) -> None:
        from clearhead.serving.keys import Keys as Stored

        key = Stored(self.file).revoke(self.name or "")
        if self.json:
            print_json({"id": key.id, "label": key.label, "revoked": key.revoked})
            return
        show(f"{key.id}  revoked {key.revoked}  {key.label}")
