"""`clearhead get`."""

from dataclasses import dataclass
from typing import Annotated

from tyro.conf import Positional, arg

from clearhead.cli.output import show, tell


@dataclass(frozen=True, kw_only=True)
class Get:
    """Fetch a published model once, verify and import it, and keep it under its name.

    After that every command finds it by --model NAME. Downloads are checked against their checksums and continued
    where they were cut; pickled weights are never loaded. Models are kept in your data folder, or in the folder that
    the environment variable CLEARHEAD_MODELS names.

    Examples:
        clearhead get opus-mt-fr-en
        clearhead get Helsinki-NLP/opus-mt-fr-en
        clearhead get firefox-en-fr
    """

    name: Annotated[Positional[str], arg(metavar="NAME")]
    """Name of the model: opus-mt-SRC-TGT, firefox-SRC-TGT, or OWNER/REPO on the Hugging Face hub."""
    revision: Annotated[str, arg(metavar="REV")] = ""
    """Revision on the Hugging Face hub, such as refs/pr/1; without it the newest."""

    def run(self) -> None:
        """Fetch, prove and keep the model."""
        from clearhead.hub import store
        from clearhead.hub.offer import wanted
        from clearhead.terminal.console import SafeConsole
        from clearhead.terminal.gauge import Gauge

        name = wanted(self.name).name
        if (folder := store.held(self.name)) is not None:
            show(f"{name} is already here: {folder}")
            return
        offer = store.find_offer(self.name, self.revision)
        tell(
            f"{name}: {store.megabytes(offer.size)}, licence {offer.licence or 'not stated'}, from {offer.page}"
        )
        with Gauge(SafeConsole(stderr=True), "fetching") as gauge:

            def begin(work: str, size: int) -> None:
                gauge.begin(work, total=size or None, unit="bytes" if size else "")

            folder = store.get(offer, begin, gauge.reach)
        show(f"{name}: imported and verified, in {folder}")
        show(f"next: clearhead translate --model {name} < FILE")
