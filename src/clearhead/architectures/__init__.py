"""Sequence models beside the paper's, and the one place that builds a model of any kind."""
