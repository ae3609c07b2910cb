"""GNMT's length penalty (§6.1; Wu et al. 2016, Eq. 14)."""

from typing import TYPE_CHECKING, overload

from clearhead.errors import ConfigError

if TYPE_CHECKING:  # translating with another engine needs no torch
    from torch import Tensor


def check_alpha(alpha: float) -> None:
    """Refuse a negative exponent with ConfigError: it would reward shortness and void the stopping bound."""
    if not alpha >= 0:
        raise ConfigError(f"alpha must be at least 0 (no length penalty), got {alpha}; the paper uses 0.6")


@overload
def length_penalty(length: int, alpha: float) -> float: ...
@overload
def length_penalty(length: "Tensor", alpha: float) -> "Tensor": ...
def length_penalty(length: "int | Tensor", alpha: float) -> "float | Tensor":
    """Return ((5 + length) / 6) ** alpha; `length` counts the EOS, so the shortest output has penalty 1."""
    penalty: float | Tensor = ((5 + length) / 6) ** alpha
    return penalty
