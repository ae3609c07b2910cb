"""Files that keep their shape: what a person reads in them is translated, all else stays byte for byte.

A format gives `Segment`s, text with its inline tags, and takes their translations back (`protocol.Document`). There is
a file for each format; `formats` knows them by name and by the ending of a file.
"""
