"""`python -m clearhead`."""

import os
import sys

# Python has put the working directory in front: a `struct.py` that lies there would be run in place of Python's own.
# It stays where the package itself is in it. Nothing is imported before but what Python has loaded already.
if not sys.flags.safe_path and sys.path[0] != os.path.dirname(os.path.dirname(__file__)):
    try:
        if sys.path[0] == os.getcwd():
            del sys.path[0]
    except OSError:  # it was removed
        pass

from clearhead.cli import main

main()
