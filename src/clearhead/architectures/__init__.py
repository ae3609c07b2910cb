"""Sequence models beside the paper's, behind the same calls."""
