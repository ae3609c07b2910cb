"""Something that goes wrong in a run: what was seen, and what to do."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self


@dataclass(frozen=True, kw_only=True)
class Finding:
    """Something that goes wrong in a run."""

    name: str
    """What it is called; a run is told of it once."""
    step: int
    """The step after which it was seen."""
    seen: str
    """With figures."""
    remedy: str

    def __str__(self) -> str:
        """Return it in one line."""
        return f"{self.name}: {self.seen}; {self.remedy}"

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """Return what a log says of one."""
        return cls(**{name: values[name] for name in ("name", "step", "seen", "remedy")})

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return asdict(self)


def percent(share: float) -> str:
    """Return a share as a percentage, no more exact than it is known."""
    return f"{100 * share:.1f} %" if share < 0.1 else f"{100 * share:.0f} %"
