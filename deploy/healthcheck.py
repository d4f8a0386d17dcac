"""Whether what runs in this container answers: exit status 0 or 1. For HEALTHCHECK; Kubernetes asks by itself.

Standard library only, and little of it: this is started every 30 seconds. It takes a port and a path.
"""  # noqa: INP001 - a script that is copied into the images, no module

import sys
from contextlib import closing
from http.client import HTTPConnection, HTTPException

_TIMEOUT_S = 3


def main(port: str, path: str) -> int:
    connection = HTTPConnection("127.0.0.1", int(port), timeout=_TIMEOUT_S)  # which no proxy's variable can divert
    try:
        with closing(connection):
            connection.request("GET", path)
            said = f"status {connection.getresponse().status}"
    except (OSError, HTTPException) as error:
        said = str(error)
    sys.stderr.write(f"127.0.0.1:{port}{path}: {said}\n")  # docker inspect shows it
    return 0 if said == "status 200" else 1


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
