"""Limits that every engine checks before it searches; no torch is needed for them."""

from collections.abc import Iterable

from clearhead.errors import ConfigError


def check_limits(min_lengths: Iterable[int], max_lengths: Iterable[int]) -> None:
    """Raise ConfigError for a sentence whose least and greatest length, in tokens, contradict each other."""
    for number, (least, most) in enumerate(zip(min_lengths, max_lengths, strict=True)):
        if not 0 <= least <= most:
            raise ConfigError(
                f"sentence {number} has minimum length {least} and maximum length {most}; "
                "0 <= minimum <= maximum must hold: lower the minimum or raise the maximum"
            )


def check_beam(num_hypotheses: int, beam_size: int) -> None:
    """Raise ConfigError where more hypotheses are asked for than a beam holds, or none."""
    if not 1 <= num_hypotheses <= beam_size:
        raise ConfigError(
            f"num_hypotheses must be from 1 to the beam size {beam_size}, got {num_hypotheses}; "
            "use a wider beam or fewer hypotheses"
        )
