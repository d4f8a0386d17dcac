"""Codes of programs that meet the faults of a network, or make them; each with a name of its own."""

NAMED = """
def named(name):
    open("/proc/self/comm", "w").write(name)
"""
CLIENT = (
    NAMED
    + """
name, host, port, timeout = sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4])
named(name)
for _ in range(int(sys.argv[5])):
    client = socket.socket()
    client.settimeout(timeout or None)
    if len(sys.argv) > 6: client.setsockopt(socket.IPPROTO_TCP, socket.TCP_SYNCNT, int(sys.argv[6]))
    try:
        client.connect((host, port))
        client.sendall(b"GET / HTTP/1.0\\r\\n\\r\\n")
        while client.recv(4096): pass
    except OSError: pass
    client.close()
    time.sleep(0.8)
"""
)
_SERVER = (
    NAMED
    + """
named(sys.argv[1])
server = socket.create_server(("", int(sys.argv[2])))
print("ready", flush=True)
while True:
    peer, _ = server.accept()
"""
)
SLOW = _SERVER + "    peer.recv(99); time.sleep(2); peer.sendall(b'late'); peer.close()\n"
RESETS = (
    _SERVER
    + "    peer.recv(99); peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0)); peer.close()\n"
)
LEAVES_UNREAD = _SERVER + "    time.sleep(0.05); peer.close()\n"
ANSWERS = _SERVER + "    peer.recv(99); peer.sendall(b'hello'); peer.close()\n"
SENDS_MUCH = (
    _SERVER
    + """
    peer.recv(99)
    try: peer.sendall(bytes(400_000))
    except OSError: pass
    peer.close()
"""
)
WITHOUT_DESCRIPTORS = (
    NAMED
    + """
import resource
named(sys.argv[1])
server = socket.create_server(("", int(sys.argv[2])))
resource.setrlimit(resource.RLIMIT_NOFILE, (4, 4))
print("ready", flush=True)
while True:
    try: server.accept()
    except OSError: time.sleep(1)
"""
)
DATAGRAMS = (
    NAMED
    + """
named(sys.argv[1])
for _ in range(int(sys.argv[5])):
    client = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    client.connect((sys.argv[2], int(sys.argv[3])))
    for _ in range(2):
        try: client.send(b"metric 1")
        except OSError: pass
        time.sleep(0.2)
    time.sleep(float(sys.argv[4]))
"""
)
FROM_ELSEWHERE = (
    NAMED
    + """
named(sys.argv[1])
for _ in range(int(sys.argv[5])):
    client = socket.socket()
    client.bind(("10.77.0.1", 0))
    client.settimeout(float(sys.argv[4]))
    try: client.connect((sys.argv[2], int(sys.argv[3])))
    except OSError: pass
    client.close()
    time.sleep(1)
"""
)
FEW_PORTS = (
    NAMED
    + """
named(sys.argv[1])
held = []
for _ in range(6):
    client = socket.socket()
    client.setsockopt(socket.IPPROTO_IP, 51, struct.pack("I", 50001 << 16 | 50000))  # IP_LOCAL_PORT_RANGE
    try: client.connect((sys.argv[2], int(sys.argv[3])))
    except OSError: pass
    held.append(client)
time.sleep(3)
"""
)
MISSING_SOCKET = (
    NAMED
    + """
named(sys.argv[1])
for _ in range(5):
    try: socket.socket(socket.AF_UNIX).connect("/run/lab/agent.sock")
    except OSError: pass
    time.sleep(1)
"""
)
