"""Reading parallel text: the formats of files, which lines belong together, word alignments."""
