"""The examples as tests see them: a program beside an issuer, and the question who a token belongs to.

The one in Swift is to be built before: `swift build --package-path examples/swift`. MARTLET_SWIFT_EXAMPLE_BIN names it in another
place.
Between an issuer and its consumers may stand a proxy that counts the requests for each path.
"""

import collections
import http.client
import http.server
import os
import pathlib
import subprocess
import sys
import threading
from dataclasses import dataclass

from martlet_server import PACKAGE, Answer, free_port, until

EXAMPLES = PACKAGE / "examples"
COMMANDS = {
    "python-django": [sys.executable, "app.py"],
    "node": ["node", "server.mjs"],
    "swift": [os.environ.get("MARTLET_SWIFT_EXAMPLE_BIN", EXAMPLES / "swift" / ".build" / "debug" / "API")],
}


@dataclass
class ResourceServer:
    """A running example."""

    name: str
    port: int
    process: subprocess.Popen
    log_path: pathlib.Path

    def get(self, path, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request("GET", path, headers=headers or {})
            response = connection.getresponse()
            return Answer(response.status, response.headers, response.read())
        finally:
            connection.close()

    def whoami(self, token, scheme="Bearer"):
        return self.get("/whoami", {"Authorization": f"{scheme} {token}"})

    @property
    def feed_age(self):
        """Seconds since the issuer signed the last document of the feed; None before the first."""
        return self.get("/healthz").json.get("feed_age")

    def is_up(self):
        assert self.process.poll() is None, f"{self.name} ended:\n{self.log_path.read_text()[-4000:]}"
        try:
            return self.get("/healthz").status == 200
        except OSError:
            return False

    def follow(self):
        """Waits until the feed is followed."""
        until(lambda: self.feed_age is not None, seconds=20, what=f"{self.name} with the feed ({self.log_path})")
        return self

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        log = self.log_path.read_text(errors="replace")
        for sign in ("Traceback", "UnhandledPromise", "Fatal error"):
            assert sign not in log, log[-4000:]


def launch(name, folder, issuer, **settings):
    """Starts an example and waits until it answers."""
    port = free_port()
    log_path = folder / f"{name}-{port}.txt"
    environment = {**os.environ, "ISSUER": issuer, "PORT": str(port), "PYTHONUNBUFFERED": "1", **settings}
    with open(log_path, "wb") as log:
        process = subprocess.Popen(COMMANDS[name], stdout=log, stderr=log, env=environment, cwd=EXAMPLES / name)
    server = ResourceServer(name, port, process, log_path)
    until(server.is_up, seconds=30, pause=0.05, what=f"{name}'s answer")
    return server


class CountingProxy:
    """Hands requests on to `port`, counting them by path."""

    def __init__(self):
        counts, proxy = collections.Counter(), self
        self.counts, self.port = counts, None

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                counts[self.path.partition("?")[0]] += 1
                try:
                    self.hand_on()
                except (OSError, http.client.HTTPException):
                    self.close_connection = True  # one side went away, as they do at the end of a test

            def hand_on(self):
                connection = http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=60)
                connection.request("GET", self.path, headers={"Host": self.headers["Host"]})
                answer = connection.getresponse()
                body = answer.read()
                connection.close()
                self.send_response(answer.status)
                for name in ("Content-Type", "Cache-Control", "ETag"):
                    if value := answer.headers[name]:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def key_fetches(self):
        return self.counts["/.well-known/jwks.json"]

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
