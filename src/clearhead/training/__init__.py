"""Learning: loss, schedule, state and one loop (§5 of the paper)."""
