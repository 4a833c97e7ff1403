"""HTTP without a client's kindness: raw bytes in and out over one connection."""

import http.client
import json
from dataclasses import dataclass


@dataclass(frozen=True)
class Reply:
    """An answer as it came. `whole` is false when the body was cut off."""

    status: int
    headers: dict[str, str]
    body: bytes
    whole: bool = True

    def json(self):
        return json.loads(self.body)


class Connection:
    """One keep-alive connection; `renewed` tells whether it had to be opened again."""

    def __init__(self, port, limit_s=20):
        self._http = http.client.HTTPConnection("127.0.0.1", port, timeout=limit_s)
        self._http.connect()
        self._socket = self._http.sock

    @property
    def renewed(self):
        return self._http.sock is not self._socket

    def ask(self, method, path, body=None, headers=None, on_first=None):
        """One exchange; `on_first` is called as soon as the first bytes of the body are here."""
        kind = {"content-type": "application/json"} if body is not None else {}
        self._http.request(method, path, body, kind | (headers or {}))
        response = self._http.getresponse()
        named = {name.lower(): value for name, value in response.getheaders()}
        body, whole = b"", True
        try:
            # Piece by piece: `read` would throw away what came before a break.
            while piece := response.read1():
                body += piece
                if on_first:
                    on_first()
                    on_first = None
            response.read()  # tells a short body from a whole one, and frees the connection
        except (http.client.IncompleteRead, ConnectionResetError):
            whole = False
        return Reply(response.status, named, body, whole)

    def close(self):
        self._http.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


def get(port, path, headers=None):
    with Connection(port) as connection:
        return connection.ask("GET", path, headers=headers)


def post(port, path, body, headers=None, on_first=None):
    """Posts bytes as they are, everything else as JSON."""
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    with Connection(port) as connection:
        return connection.ask("POST", path, raw, headers, on_first)
