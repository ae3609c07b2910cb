"""The composition root: wires text, data, model, training, decoding and files into commands."""
