"""The surface of a text: what a translation keeps of its source letter by letter, and the form it is written in."""
