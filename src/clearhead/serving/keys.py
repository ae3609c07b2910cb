"""API keys in SQLite: what is kept is a hash, so a stolen file gives no key.

A key is 256 random bits, which nobody guesses, so one SHA-256 keeps it (a slow hash such as scrypt is for what people
choose). Its first part names its row, its second is compared in constant time.
"""

import hashlib
import hmac
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from clearhead.errors import ConfigError

_TABLE = """create table if not exists keys (
    id text primary key, label text not null, hash blob not null, created text not null, revoked text
) strict"""
_PREFIX = "ch"
_LONGEST_KEY = 200
_NO_HASH = bytes(32)
MAX_LABEL = 100
"""Most characters of a label."""


@dataclass(frozen=True, kw_only=True)
class Key:
    """What is known of a key: never the key itself."""

    id: str
    label: str
    created: str
    """UTC, as ISO 8601 has it."""
    revoked: str | None = None


class Keys:
    """The keys in a file. Raises ConfigError where the file is missing (unless keys are added) or is something else."""

    def __init__(self, path: Path | str) -> None:
        self.path = Path(path)

    def add(self, label: str) -> str:
        """Make a key and return it: this is the only time that it can be seen."""
        label = label.strip()
        if not label or len(label) > MAX_LABEL or not label.isprintable():
            raise ConfigError(
                f"a label must be 1 to {MAX_LABEL} printable characters, got {label[:MAX_LABEL]!r}"
            )
        identity, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
        with self._open(create=True) as database:
            database.execute(
                "insert into keys (id, label, hash, created) values (?, ?, ?, ?)",
                (identity, label, _hash(secret), _now()),
            )
        return f"{_PREFIX}_{identity}_{secret}"

    def revoke(self, identity: str) -> Key:
        """Refuse a key from now on; a running service obeys at once. Raises ConfigError for an unknown id."""
        with self._open() as database:
            database.execute(
                "update keys set revoked = coalesce(revoked, ?) where id = ?", (_now(), identity)
            )
            row = _row(database, identity)
        if row is None:
            raise ConfigError(
                f"no key has the id {identity[:40]!r} in {self.path}; `clearhead keys list` shows the ids"
            )
        return _key(row)

    def listed(self) -> list[Key]:
        """Return all keys, the oldest first."""
        with self._open() as database:
            rows = database.execute("select id, label, hash, created, revoked from keys order by created, id")
            return [_key(row) for row in rows]

    def known(self, key: str) -> Key | None:
        """Return what is known of a key; None where it was never given out, or is revoked."""
        if len(key) > _LONGEST_KEY or not key.isascii():
            return None
        prefix, _, rest = key.partition("_")
        identity, _, secret = rest.partition("_")
        with self._open() as database:
            row = _row(database, identity)
        # Compared also where there is no such row, so that the time does not say which ids exist.
        same = hmac.compare_digest(row[2] if row else _NO_HASH, _hash(secret))
        return _key(row) if row and same and prefix == _PREFIX and row[4] is None else None

    @contextmanager
    def _open(self, create: bool = False) -> Iterator[sqlite3.Connection]:
        """Yield a connection whose changes are kept if the block ends well; a new file is for its owner only."""
        if create:
            os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        elif not self.path.is_file():
            raise ConfigError(
                f"there is no file of keys at {self.path}; `clearhead keys add LABEL` begins one"
            )
        try:
            with closing(sqlite3.connect(self.path, timeout=5)) as database, database:
                if create:
                    database.execute(_TABLE)
                yield database
        except sqlite3.DatabaseError as error:
            raise ConfigError(
                f"{self.path} cannot be used as a file of keys: {error}; name another file"
            ) from None


def _row(database: sqlite3.Connection, identity: str) -> tuple[str, str, bytes, str, str | None] | None:
    row: tuple[str, str, bytes, str, str | None] | None = database.execute(
        "select id, label, hash, created, revoked from keys where id = ?", (identity,)
    ).fetchone()
    return row


def _key(row: tuple[str, str, bytes, str, str | None]) -> Key:
    return Key(id=row[0], label=row[1], created=row[3], revoked=row[4])


def _hash(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
