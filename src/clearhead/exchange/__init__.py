"""A trained model in the form of another program, or from it, proved to translate alike in both."""
