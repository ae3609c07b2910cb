"""How patient CTranslate2's beam must be with a model, so that it finds what our own search finds.

Left to itself it ends with the first `beam_size` finished hypotheses, however improbable they are, and the best
translation is often not among them: a model that is sure finishes several bad ones before the good one is through.
With patience p it goes on until p times as many are finished (Kasai et al. 2022). Ours has an exact bound instead.
"""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from clearhead.storage.files import read_object

TRIED = (1.5, 2.0, 3.0)
"""1 is not among them: it lost 8 of 400 sentences of Tatoeba to 1.5's 1 with the default model, and some with a model
whose probes did not show it, since these are never quite like the text that a model has learned."""
USUAL = 2.0
"""Where nothing was measured."""
RECORD = "search.json"
"""In the folder of a converted model."""


@dataclass(frozen=True, kw_only=True)
class Patience:
    """The patience of a model's beam, and how far it was measured to suffice."""

    patience: float = USUAL
    beam_size: int = 0
    """That it was measured with."""
    sources: int = 0
    """That both searches translated; 0: nothing was measured."""
    worse: int = 0
    """Of them those whose translation scores worse than our own search's, by more than parity allows."""
    largest: float = 0.0
    """What the worst of them lacks, in nats a token."""
    proved: bool = True
    """Whether the search was compared with our own, which needs PyTorch."""

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def kept(converted: Path) -> Patience:
    """Return what was measured when a model was converted; the usual one if there is no record."""
    file = converted / RECORD
    return Patience(**read_object(file)) if file.exists() else Patience()
