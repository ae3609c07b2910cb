"""Parallel text to batches of ids; no torch."""
