"""Token ids from log-probabilities: one loop, three strategies (§6.1); knows neither model nor text."""
