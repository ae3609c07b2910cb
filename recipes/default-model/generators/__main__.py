"""Print synthetic rows as tab-separated values, English, French, Spanish, German.

Usage: python recipes/default-model/generators COUNT [--seed 1]
"""

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent))
from generators import lines

if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("count", type=int)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    sys.stdout.reconfigure(encoding="utf-8")  # type: ignore[union-attr]
    for row in lines(arguments.seed, arguments.count):
        print("\t".join(row))
