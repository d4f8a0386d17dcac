"""Everyday programs between two namespaces: a web server, a cache, a database, names, and a long connection."""

import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.kernel.lab_programs import NAMED
from tests.kernel.namespaces import Pair
from tests.postgres import find_programs, unprivileged

NAME_SERVER = (
    NAMED
    + r"""
import threading
named("named")
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("", 53))
print("ready", flush=True)
RCODES = {b"missing": 3, b"broken": 2, b"private": 5}
def answer(query, asker):
    label = query[13:13 + query[12]].lower()
    if label == b"silent": return
    if label == b"slow": time.sleep(1.5)
    end = query.index(b"\0", 12) + 5
    code, is_a = RCODES.get(label, 0), query[end - 4:end - 2] == b"\0\1"
    found = b"\xc0\x0c\0\1\0\1\0\0\0\x3c\0\4\x0a\x63\0\2" if is_a and not code else b""
    head = struct.pack(">HHHHH", 0x8180 | code, 1, bool(found), 0, 0)
    try: server.sendto(query[:2] + head + query[12:end] + found, asker)
    except OSError: pass
while True:
    threading.Thread(target=answer, args=server.recvfrom(512)).start()
"""
)
LONG_SERVER = (
    NAMED
    + """
named("sshd")
server = socket.create_server(("", 22))
print("ready", flush=True)
while True:
    peer, _ = server.accept()
    while data := peer.recv(4096): peer.sendall(data)
    peer.close()
"""
)
LONG_CLIENT = (
    NAMED
    + """
named("ssh")
client = socket.create_connection((sys.argv[1], 22))
for _ in range(int(sys.argv[2])):
    client.sendall(bytes(64)); client.recv(4096); time.sleep(1)
client.close()
"""
)
NGINX = """
daemon off; pid {folder}/nginx.pid; error_log /dev/null; worker_processes 1;
events {{ worker_connections 64; }}
http {{ access_log off; client_body_temp_path {folder}; proxy_temp_path {folder}; fastcgi_temp_path {folder};
uwsgi_temp_path {folder}; scgi_temp_path {folder};
server {{ listen 80; listen [::]:80; location / {{ return 200 "hello\\n"; }} }} }}
"""
_LOOP = "sleep 1.5; while :; do {command}; sleep {every_s}; done"

Start = Callable[[Pair, Path, ExitStack], None]


def _web(pair: Pair, folder: Path, stack: ExitStack) -> None:
    configuration = folder / "nginx.conf"
    configuration.write_text(NGINX.format(folder=folder))
    stack.enter_context(pair.server.running("nginx", "-c", configuration, "-p", folder))
    _repeated(pair, stack, f"curl -s http://web.lab/ http://[{pair.server.address6}]/", every_s=1.5)


def _cache(pair: Pair, folder: Path, stack: ExitStack) -> None:
    stack.enter_context(
        pair.server.running("redis-server", "--bind", "0.0.0.0", "--protected-mode", "no", "--dir", folder)
    )
    _repeated(pair, stack, f"redis-cli -h {pair.server.address} incr visits", every_s=2)


def _database(pair: Pair, folder: Path, stack: ExitStack) -> None:
    """PostgreSQL does not run as root."""
    data, rights, programs = folder / "postgres", unprivileged(), find_programs() or Path()
    data.mkdir()
    shutil.chown(data, rights["user"], rights["group"])
    folder.chmod(0o755)
    words = [str(programs / "initdb"), "-D", str(data), "-A", "trust", "-U", "lab", "--no-sync"]
    subprocess.run(words, check=True, capture_output=True, cwd="/", **rights)
    (data / "pg_hba.conf").write_text("host all all 0.0.0.0/0 trust\n")
    as_user = ("setpriv", f"--reuid={rights['user']}", f"--regid={rights['group']}", "--clear-groups")
    options = ("-c", "listen_addresses=0.0.0.0", "-c", "unix_socket_directories=", "-c", "fsync=off")
    stack.enter_context(pair.server.running(*as_user, programs / "postgres", "-D", data, *options))
    _repeated(pair, stack, f"psql -h {pair.server.address} -U lab -c 'select 1' postgres", every_s=3)


def _names(pair: Pair, folder: Path, stack: ExitStack) -> None:
    del folder
    stack.enter_context(pair.server.serving(NAME_SERVER))
    for name in ("missing", "broken", "private", "silent", "slow"):
        command = f"dig +time=1 +tries=1 @{pair.server.address} {name}.lab"
        _repeated(pair, stack, command, every_s=6)


def _long_connection(pair: Pair, folder: Path, stack: ExitStack) -> None:
    del folder
    stack.enter_context(pair.server.serving(LONG_SERVER))
    stack.enter_context(pair.client.running_code(LONG_CLIENT, pair.server.address, 25))


def _repeated(pair: Pair, stack: ExitStack, command: str, *, every_s: float) -> None:
    stack.enter_context(pair.client.running("sh", "-c", _LOOP.format(command=command, every_s=every_s)))


PROGRAMS: dict[Start, tuple[str, ...]] = {
    _names: ("dig",),
    _web: ("nginx", "curl"),
    _cache: ("redis-server", "redis-cli"),
    _database: ("pg_ctl", "psql", "setpriv"),
    _long_connection: (),
}


@contextmanager
def everyday_traffic(pair: Pair) -> Iterator[tuple[str, ...]]:
    """Yields the programs that are not installed; what needs them is left out."""
    missing = tuple(name for names in PROGRAMS.values() for name in names if not shutil.which(name))
    with tempfile.TemporaryDirectory(prefix="lab-") as folder, ExitStack() as stack:
        stack.enter_context(_resolver(pair))
        for start, names in PROGRAMS.items():
            if not set(names) & set(missing):
                start(pair, Path(folder), stack)
        yield missing


@contextmanager
def _resolver(pair: Pair) -> Iterator[None]:
    """Programs in the client's namespace ask its name server. `ip netns exec` puts this file in the place of /etc's."""
    folder = Path("/etc/netns", pair.client.name)
    folder.mkdir(parents=True)
    (folder / "resolv.conf").write_text(f"nameserver {pair.server.address}\noptions timeout:1 attempts:1\n")
    try:
        yield
    finally:
        shutil.rmtree(folder)
