"""Markup inside sentences: tags at the right words of a translation."""
