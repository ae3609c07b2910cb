"""Looking inside: every attention of a real translation; knows ids, pieces and a model, no Translator."""
