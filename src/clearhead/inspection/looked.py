"""What reading and drawing attention need, whichever class holds it."""

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from clearhead.inspection.tokens import Choice, Guess, Maps, Tokens


class Pair(Protocol):
    """A sentence, its translation, and the attention between them."""

    @property
    def source(self) -> Tokens:
        """The keys of `cross`."""

    @property
    def target(self) -> Tokens:
        """What was produced, the queries of `cross`."""

    @property
    def cross(self) -> Maps:
        """[layer, head, target, source]."""

    @property
    def probabilities(self) -> np.ndarray[Any, np.dtype[np.float32]]:
        """Of each target token."""


class Looked(Pair, Protocol):
    """All three attentions of a pair, and the numbers around them."""

    @property
    def encoder(self) -> Maps:
        """[layer, head, source, source]."""

    @property
    def decoder(self) -> Maps:
        """[layer, head, target, target]."""

    @property
    def read(self) -> tuple[str, ...]:
        """Target pieces as the decoder reads them, the start first."""

    @property
    def guesses(self) -> tuple[tuple[Guess, ...], ...]:
        """The most probable tokens at each step, best first."""

    @property
    def search(self) -> tuple[tuple[Choice, ...], ...]:
        """The choices of each step of a search, best first."""

    @property
    def measures(self) -> Mapping[str, Maps]:
        """What goes beyond raw attention, by method and place."""

    @property
    def inner(self) -> Mapping[str, Maps]:
        """Every vector on the way, by place."""
