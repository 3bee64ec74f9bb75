"""`martlet shadow` as tests see it: a process between a frontend and the old service, its report and summary; and services that say
exactly what a test wrote for them.
"""

import json
import re
import secrets
import signal
import socket
import subprocess
import threading
from dataclasses import dataclass, field

import martlet_server
from martlet_server import announcement, binary, clean_environment, drain, free_port, until

USUAL_SETTINGS = {
    "MARTLET_LISTEN": "127.0.0.1:0", "MARTLET_METRICS_LISTEN": "off", "MARTLET_LOG_LEVEL": "debug", "MARTLET_SHADOW": "logins",
}


@dataclass
class Shadow(martlet_server.Server):
    """A running `martlet shadow`. Its log and its summaries are in one file; the report is another."""

    @property
    def report_path(self):
        return self.folder / "report.jsonl"

    @property
    def report(self):
        """The lines so far."""
        return [json.loads(line) for line in self.report_path.read_text().splitlines()]

    @property
    def surprises(self):
        return [line for line in self.report if line["expected"] is None]

    def summary(self):
        """Asks for a summary and reads it."""
        before = self.summaries()
        self.process.send_signal(signal.SIGUSR1)
        until(lambda: len(self.summaries()) > len(before), what="the summary")
        return self.summaries()[-1]

    def summaries(self):
        return [json.loads(line) for line in self.log.splitlines() if line.startswith('{"answered":')]

    def settled(self, requests, seconds=15):
        """The summary once so many requests are judged, one way or another."""
        def judged():
            summary = self.summary()
            return summary if summary["compared"] + sum(summary["skipped"].values()) >= requests else None

        return until(judged, seconds=seconds, pause=0.05, what=f"the judgement of {requests} requests")


def launch(folder, old, new, *arguments, **settings):
    """Starts a proxy before `old` that asks `new` the same. Summaries are JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {
        **USUAL_SETTINGS, "MARTLET_OLD": f"http://127.0.0.1:{old.port}", "MARTLET_NEW": f"http://127.0.0.1:{new.port}",
        "MARTLET_REPORT": str(folder / "report.jsonl"), **settings,
    }
    metrics_port = None
    if wanted["MARTLET_METRICS_LISTEN"] == "any":
        metrics_port = free_port()
        wanted["MARTLET_METRICS_LISTEN"] = f"127.0.0.1:{metrics_port}"
    environment = clean_environment({name: value for name, value in wanted.items() if value is not None})
    log_path = folder / f"shadow-{secrets.token_hex(4)}.txt"
    # Standard error has the log and, with --json, the announcement.
    process = subprocess.Popen(
        [binary(), "shadow", "--json", *map(str, arguments)], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment, cwd=folder,
        start_new_session=True)
    line = announcement(Announced(process))
    assert line, f"the proxy ended with {process.wait()}"
    threading.Thread(target=drain, args=(process.stderr, log_path), daemon=True).start()
    threading.Thread(target=drain, args=(process.stdout, log_path), daemon=True).start()
    port = int(re.search(r"\(listening on 127\.0\.0\.1:(\d+)\)", line)[1])
    log_path.touch()
    return Shadow(f"http://127.0.0.1:{port}", port, process, folder, log_path, environment, metrics_port)


def fail(**settings):
    """Tries to start a proxy that must not start: what it says."""
    wanted = {**USUAL_SETTINGS, "MARTLET_OLD": "http://127.0.0.1:1", "MARTLET_NEW": "http://127.0.0.1:2", **settings}
    environment = clean_environment({name: value for name, value in wanted.items() if value is not None})
    result = subprocess.run([binary(), "shadow"], capture_output=True, text=True, env=environment, timeout=30)
    assert result.returncode == 1 and result.stdout == "", result
    return result.stderr


@dataclass
class Announced:
    """A process whose announcement comes on standard error."""

    process: subprocess.Popen

    @property
    def stdout(self):
        return self.process.stderr

    def kill(self):
        self.process.kill()


@dataclass
class Asked:
    """A request as it came over the wire."""

    line: str
    fields: list
    body: bytes

    def field(self, name):
        """The only value of a field; None without one."""
        values = [value for other, value in self.fields if other == name]
        assert len(values) <= 1, values
        return values[0] if values else None

    @property
    def path(self):
        return self.line.split(" ")[1]


@dataclass
class Scripted:
    """A service on loopback: `answer(asked)` gives the bytes to send, None to hang up. Every connection serves one request."""

    answer: object
    requests: list = field(default_factory=list)

    def __post_init__(self):
        self.socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.port = self.socket.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def asked(self, path):
        return [request for request in self.requests if request.path == path]

    def stop(self):
        # Closing alone leaves the thread that accepts, and with it the port.
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()

    def _accept(self):
        while True:
            try:
                connection, _ = self.socket.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection):
        with connection:
            received = b""
            while b"\r\n\r\n" not in received:
                part = connection.recv(65536)
                if not part:
                    return
                received += part
            head, _, body = received.partition(b"\r\n\r\n")
            line, *lines = head.decode("latin-1").split("\r\n")
            fields = [(name.lower(), value.strip()) for name, _, value in (line.partition(":") for line in lines)]
            length = int(dict(fields).get("content-length", 0))
            while len(body) < length:
                body += connection.recv(65536)
            asked = Asked(line, fields, body)
            self.requests.append(asked)
            answer = self.answer(asked)
            if answer is not None:
                try:
                    connection.sendall(answer)
                except OSError:
                    pass


def plain(status, body=b"", *fields, reason="Whatever"):
    """An answer as bytes."""
    lines = [f"HTTP/1.1 {status} {reason}", *fields, f"Content-Length: {len(body)}", "Connection: close"]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def as_json(status, value, *fields):
    return plain(status, json.dumps(value).encode(), "Content-Type: application/json", *fields)
