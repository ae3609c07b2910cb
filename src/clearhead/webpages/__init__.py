"""Formats of the web: HTML, Markdown, EPUB. What is not translated stays byte for byte."""
