"""`[decoding]`: how a trained model searches (§6.1 of the paper)."""

from dataclasses import dataclass

from clearhead.config.checks import check


@dataclass(frozen=True, kw_only=True)
class DecodingConfig:
    """How a trained model searches for a translation (§6.1); kept with the model as its defaults."""

    beam_size: int = 4
    alpha: float = 0.6
    """Exponent of the length penalty ((5 + n) / 6) ** alpha; 0: none."""
    max_length_factor: float = 2.0
    """A translation may have this many tokens for each source token ..."""
    max_length_offset: int = 20
    """... plus so many."""
    form: bool = False
    """Translations end as their source does and are written in its case; bullets, cells and brackets stay outside."""
    literals: bool = False
    """Put right addresses, codes and long numbers that come out a letter otherwise than the source has them."""

    def __post_init__(self) -> None:
        check(self.beam_size >= 1, "decoding.beam_size", self.beam_size, "1 or more")
        check(self.alpha >= 0, "decoding.alpha", self.alpha, "0 or more")
        check(self.max_length_factor >= 0, "decoding.max_length_factor", self.max_length_factor, "0 or more")
        check(self.max_length_offset >= 1, "decoding.max_length_offset", self.max_length_offset, "1 or more")

    def max_length(self, num_src_tokens: int) -> int:
        """Return the largest number of target tokens for a source of so many tokens."""
        return int(self.max_length_factor * num_src_tokens) + self.max_length_offset
