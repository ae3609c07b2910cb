"""A trained model in the form of another program, proved to translate as our own code does."""
