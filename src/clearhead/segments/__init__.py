"""What a document is made of: text with inline tags, the protocol of a format, tags moved into a translation."""
