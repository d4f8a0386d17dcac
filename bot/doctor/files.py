"""The files that settings name: whether netspy may read or write them. What stands in them their own parts know."""

import asyncio
import os
import shutil
from pathlib import Path

from bot.app import open_threads
from bot.domain.message import ThreadKey
from bot.domain.ports import Check
from bot.setting_values import finding_of
from bot.settings import Settings
from bot.tables.units import human_bytes

LITTLE_BYTES = 100_000_000
"""On the database's disk: a busy year of threads takes about as much."""
_NO_THREAD = ThreadKey("doctor", "", "", "")


async def check_storage(settings: Settings) -> Check:
    """Raises: StorageError for one that can only be read."""
    async with open_threads(settings) as store:
        check = await store.check()
        if check.state == "ok":
            await store.hush(_NO_THREAD, quiet=False)  # changes nothing, and has to be allowed to
    return _with_room(check) if check.state == "ok" else check


def _with_room(check: Check) -> Check:
    """A database in a file names the file; one on a server sees to its own disk."""
    file = Path(check.detail)
    if not file.is_file() or (free := shutil.disk_usage(file.parent).free) >= LITTLE_BYTES:
        return check
    detail = f"{check.detail}: only {human_bytes(free)} are free on its disk"
    return Check(check.part, "warning", detail, "free some space", "disk-almost-full")


async def check_audit(path: str) -> Check:
    return await asyncio.to_thread(_audit, path)


def _audit(path: str) -> Check:
    """Nothing is written for a test: whether it could be is asked of the file, or of the folder that it would be in."""
    file = Path(path).expanduser()
    asked = f"NETSPY_AUDIT_FILE, {file}"
    try:
        return _writable(file, asked)
    except OSError as error:  # a folder above it that may not be entered
        return _unusable("audit", asked, error)


def _writable(file: Path, asked: str) -> Check:
    if file.is_dir():
        return Check("audit", "fault", f"{asked}: it is a folder", "name a file", "no-file")
    if not file.exists() and not file.parent.is_dir():
        return Check("audit", "fault", f"{asked}: its folder does not exist", "make that folder", "no-such-file")
    place = file if file.exists() else file.parent
    if not os.access(place, os.W_OK, effective_ids=os.access in os.supports_effective_ids):
        remedy = "let the user that netspy runs as write there, or name another file"
        return Check("audit", "fault", f"{asked}: this user may not write there", remedy, "permission-denied")
    return Check("audit", "ok", str(file))


def _unusable(part: str, asked: str, error: OSError) -> Check:
    got = (error.strerror or "it cannot be read").lower()
    return Check(part, "fault", f"{asked}: {got}", "name a file that netspy may read", finding_of(error))
