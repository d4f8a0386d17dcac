"""Threads and their turns in SQLite or PostgreSQL: the only SQL in netspy."""

from bot.storage.opening import open_store
from bot.storage.store import SqlThreadStore

__all__ = ["SqlThreadStore", "open_store"]
