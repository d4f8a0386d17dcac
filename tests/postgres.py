"""A PostgreSQL server of the tests' own: a cluster in a temporary directory, on 127.0.0.1 and a free port.

It knows how to run PostgreSQL, nothing about netspy. `tests/conftest.py` starts it when the first test asks for it.
"""

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from itertools import count
from pathlib import Path
from typing import TypedDict

SUPERUSER = "postgres"
GUARDED = "guarded"
"""A role that has to show its password; all others are let in without one."""
PASSWORD = "s3cret-w0rd"  # of the guarded role
_SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
}
_READY = "ready"
"""What the server writes into the eighth line of its pid file once it takes connections."""


class Rights(TypedDict, total=False):
    """Options of `subprocess`: as whom a program runs."""

    user: int
    group: int
    extra_groups: list[int]


class Postgres:
    """A running server. `start` and `stop` do nothing where there is nothing to do; port and data outlive a stop."""

    def __init__(self, programs: Path) -> None:
        self._programs = programs
        self._rights = unprivileged()
        self._folder = _folder_of(self._rights)
        self._data = self._folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = count(1)
        self.port = _free_port()
        try:
            self._make_cluster()
            self.start()
            self.sql(f"CREATE ROLE {GUARDED} LOGIN PASSWORD '{PASSWORD}'")
        except BaseException:
            self.remove()
            raise

    def url(self, database: str, *, login: str = SUPERUSER) -> str:
        """`login` is a role's name, or name:password."""
        return f"postgresql://{login}@127.0.0.1:{self.port}/{database}"

    def create_database(self) -> str:
        """The URL of a new, empty database."""
        name = f"test_{next(self._numbers)}"
        self.sql(f"CREATE DATABASE {name}")
        return self.url(name)

    def sql(self, statement: str, *, url: str | None = None) -> str:
        """What psql prints, a row a line; the superuser's own database unless `url` names another."""
        psql = ("psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement, url or self.url(SUPERUSER))
        return self._run(*psql).strip()

    def start(self) -> None:
        """Returns when it takes connections."""
        if self._process is not None:
            return
        settings = [word for name, value in _SETTINGS.items() for word in ("-c", f"{name}={value}")]
        command = (str(self._programs / "postgres"), "-D", str(self._data), "-p", str(self.port), *settings)
        with self._log.open("ab") as log:
            # A session of its own: a Ctrl-C at the terminal is for pytest.
            self._process = subprocess.Popen(
                command, cwd=self._folder, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                **self._rights,
            )  # fmt: skip
        while not self._is_ready(self._process):
            if self._process.poll() is not None:
                raise RuntimeError(f"PostgreSQL ended at its start:\n{self._log.read_text()}")
            time.sleep(0.01)

    def stop(self) -> None:
        """A fast shutdown: clients are cut off. Returns when it is gone."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)
            self._process.wait()
            self._process = None

    def remove(self) -> None:
        self.stop()
        shutil.rmtree(self._folder)

    @property
    def _log(self) -> Path:
        return self._folder / "log"

    def _make_cluster(self) -> None:
        self._run("initdb", "-D", str(self._data), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--no-locale", "-N")
        access = self._data / "pg_hba.conf"
        access.write_text(f"host all {GUARDED} 127.0.0.1/32 scram-sha-256\n{access.read_text()}")

    def _is_ready(self, process: subprocess.Popen[bytes]) -> bool:
        try:
            lines = (self._data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return lines[:1] == [str(process.pid)] and [line.strip() for line in lines[7:8]] == [_READY]

    def _run(self, program: str, *arguments: str) -> str:
        command = (str(self._programs / program), *arguments)
        done = subprocess.run(command, cwd=self._folder, capture_output=True, text=True, check=False, **self._rights)
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stderr}")
        return done.stdout


def find_programs() -> Path | None:
    """The folder with the newest PostgreSQL server of this machine. Debian keeps them out of PATH."""
    debian = Path("/usr/lib/postgresql").glob("*/bin")
    newest_first = sorted(
        debian, key=lambda folder: [int(part) for part in folder.parent.name.split(".")], reverse=True
    )
    on_path = [Path(found).resolve().parent for found in [shutil.which("pg_ctl")] if found]
    complete = (folder for folder in [*newest_first, *on_path] if _is_complete(folder))
    return next(complete, None)


def _is_complete(folder: Path) -> bool:
    return all((folder / program).is_file() for program in ("initdb", "pg_ctl", "postgres", "psql"))


def unprivileged() -> Rights:
    """PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    known = {entry.pw_name: entry for entry in pwd.getpwall()}
    user = known.get("postgres") or known["nobody"]
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _folder_of(rights: Rights) -> Path:
    """A folder for the server's user alone. Not pytest's: that user may not pass through those."""
    folder = Path(tempfile.mkdtemp(prefix="netspy-postgres-", dir="/tmp"))
    if rights:
        os.chown(folder, rights["user"], rights["group"])
    return folder


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port
