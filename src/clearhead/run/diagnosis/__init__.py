"""What goes wrong in a run, found in its log and said in words: a file for each finding."""
