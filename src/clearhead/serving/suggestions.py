"""Better translations that people suggest, in SQLite, and as a table that `clearhead learn` reads.

`python -m clearhead.serving.suggestions FILE FROM TO` writes the table of one direction to standard output.
"""

import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

from clearhead.errors import DataError
from clearhead.serving.failures import ServiceFailure

_MOST = 100_000
"""Suggestions that are kept."""
_TABLE = """CREATE TABLE IF NOT EXISTS suggestions (
    id INTEGER PRIMARY KEY, source TEXT NOT NULL, target TEXT NOT NULL, text TEXT NOT NULL, suggestion TEXT NOT NULL,
    added TEXT NOT NULL DEFAULT CURRENT_TIMESTAMP, UNIQUE (source, target, text, suggestion))"""


class Suggestions:
    """A database of suggestions, which several processes may share."""

    def __init__(self, file: Path) -> None:
        """Open or create it. Raises DataError where that cannot be done."""
        self._file = file
        try:
            with closing(self._connected()) as database, database:
                database.execute("PRAGMA journal_mode=WAL")
                database.execute(_TABLE)
        except sqlite3.Error as error:
            raise DataError(
                f"cannot keep suggestions in {file}: {error}; give another --suggestions-file"
            ) from None

    def _connected(self) -> sqlite3.Connection:
        return sqlite3.connect(self._file, timeout=5)

    def add(self, source: str, target: str, text: str, suggestion: str) -> None:
        """Keep a suggestion; one that is there already stays once. Raises ServiceFailure 503 above 100,000."""
        with closing(self._connected()) as database, database:
            ((count,),) = database.execute("SELECT COUNT(*) FROM suggestions")
            if count >= _MOST:
                raise ServiceFailure(
                    503, "suggestions_full", f"all {_MOST:,} places for suggestions are taken"
                )
            database.execute(
                "INSERT OR IGNORE INTO suggestions (source, target, text, suggestion) VALUES (?, ?, ?, ?)",
                (source, target, text, suggestion),
            )

    def rows(self, source: str, target: str) -> Iterator[str]:
        """Yield the suggestions of one direction, oldest first, as lines of a table with tabs.

        Tabs and line breaks within a text become spaces: a line is a pair.
        """
        wanted = "SELECT text, suggestion FROM suggestions WHERE source = ? AND target = ? ORDER BY id"
        with closing(self._connected()) as database:
            for pair in database.execute(wanted, (source, target)):
                yield "\t".join(" ".join(side.split()) for side in pair)


def main(arguments: list[str]) -> None:
    """Write the suggestions of one direction."""
    if len(arguments) != 3 or not Path(arguments[0]).is_file():
        sys.exit(
            "usage: python -m clearhead.serving.suggestions FILE FROM TO; FILE is that of --suggestions-file"
        )
    file, source, target = arguments
    sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
    for line in Suggestions(Path(file)).rows(source, target):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
