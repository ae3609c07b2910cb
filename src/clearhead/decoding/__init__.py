"""From log-probabilities to token ids: one loop, three strategies (§6.1 of the paper); knows no model, no text."""
