"""A "real" service for these tests: over TLS, on a port of this machine, with secrets in it."""

from __future__ import annotations

import contextlib
import ssl
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import trustme

from whereasync.upstreams.company import Wanted

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

HOST = "api.example.com"
PAGE = "it is <b>here</b>\n" * 100


class Real(BaseHTTPRequestHandler):
    """A "real" service: it knows no stand-in."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        """Answer a page, a token, or nothing at all."""
        if self.path == "/broken":
            self.close_connection = True
            return
        body, kind = PAGE.encode(), "text/html"
        if self.path.startswith("/token"):
            body, kind = b'{"access_token": "s3cret"}', "application/json"
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Set-Cookie", "session=s3cret; Path=/")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    do_HEAD = do_GET  # noqa: N815 # http.server's names

    def do_POST(self) -> None:
        """Answer with what came."""
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(201)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serve_really(directory: Path) -> Iterator[Wanted]:
    """Run the "real" service; give what finds it and trusts it."""
    ca = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    ca.issue_cert(HOST).configure_cert(context)
    ca.cert_pem.write_to_path(str(directory / "real.pem"))
    with ThreadingHTTPServer(("127.0.0.1", 0), Real) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield Wanted(
                addresses={f"{HOST}:443": f"127.0.0.1:{server.server_port}"},
                trusted=str(directory / "real.pem"),
            )
        finally:
            server.shutdown()
            thread.join()
            server.socket.close()
