"""How word alignments are read from a model's attention; `inspection.alignment` reads them."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, get_args

from clearhead.config.checks import check_integer, check_number
from clearhead.config.tables import as_table
from clearhead.errors import ConfigError
from clearhead.storage.untrusted import shown

Reading = Literal["produced", "read"]


@dataclass(frozen=True, kw_only=True)
class Reader:
    """How alignments are read from a model's attention to the source."""

    heads: tuple[tuple[int, int], ...]
    """(layer, head) from 0; the mean of their weights is read."""
    reading: Reading = "produced"
    """The weights while a token is produced, or while it is read afterwards, to produce the next."""
    share: float = 1.0
    """Of a target word's largest weight: a source word with as much is linked too."""
    least: float = 0.0
    """Largest weight below which a target word has no link."""
    grow: float = 0.1
    """Weight with which a source word that is linked to nothing is linked after all, to who looked at it most."""
    missing: float = 0.0
    """Largest weight on a source word below which its translation counts as left out; 0: it counts where it has no
    link."""
    common: float = 0.0
    """Log-probability, by the vocabulary, above which a word is too common to be missed (the, of, does); 0: none is.
    Only where `missing` is above 0."""

    def __post_init__(self) -> None:
        if self.reading not in get_args(Reading):
            raise ConfigError(
                f"reading must be one of {', '.join(get_args(Reading))}, got {shown(self.reading)}"
            )
        for name in ("share", "least", "grow", "missing"):
            check_number(f"alignment.{name}", getattr(self, name), 0, 10)
        check_number("alignment.common", self.common, -1000, 0)
        for number in (number for head in self.heads for number in head):
            check_integer("alignment.heads", number, 0, 65_535)
        if not self.heads or len(set(self.heads)) < len(self.heads):
            raise ConfigError("an alignment is read from at least one head; name each once, as (layer, head)")

    @classmethod
    def usual(cls, num_layers: int, num_heads: int) -> Self:
        """Return what to read where nothing was chosen on data: the last layer but one, all heads."""
        layer = max(0, num_layers - 2)
        return cls(heads=tuple((layer, head) for head in range(num_heads)))

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return the reader that `to_dict` wrote. Raises ConfigError for anything else."""
        table = as_table(values, "alignment")
        try:
            heads = tuple((layer, head) for layer, head in table["heads"])
            return cls(**{**table, "heads": heads})
        except (KeyError, TypeError, ValueError) as error:
            raise ConfigError(f"{shown(table)} does not say how alignments are read: {error}") from None

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)
