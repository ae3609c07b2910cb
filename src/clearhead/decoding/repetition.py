"""Finding endless loops in finished outputs: what `constraints.RepetitionGuard` refuses while it searches."""

from collections.abc import Sequence

LONGEST_BLOCK, COPIES, SINGLE_COPIES = 8, 4, 10
"""Ordinary text has no block of 2 to 8 tokens four times in a row, and no token ten times; see RepetitionGuard."""

_FEWEST = min(2 * (COPIES - 1), SINGLE_COPIES - 1)
"""Tokens that have stood before, in the shortest loop there is."""


def repeats(tokens: Sequence[int]) -> bool:
    """Say whether a block of tokens is repeated over and over without a gap."""
    if len(tokens) - len(set(tokens)) < _FEWEST:  # as nearly always
        return False
    for block in range(1, LONGEST_BLOCK + 1):
        needed = block * ((SINGLE_COPIES if block == 1 else COPIES) - 1)
        equal = 0
        for place in range(block, len(tokens)):
            equal = equal + 1 if tokens[place] == tokens[place - block] else 0
            if equal == needed:
                return True
    return False
