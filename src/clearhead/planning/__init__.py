"""What is decided before a run: settings that fit a corpus, pairs to validate on, what training will take."""
