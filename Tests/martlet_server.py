"""The service as tests see it: a process with a folder of its own, and a client that remembers every secret it handled.

MARTLET_BIN names the program; by default it is the debug build of this package, then the release build. When a server is
stopped, its log is searched for a crash and for every password and token that went over the wire.
"""

import http.client
import itertools
import json
import os
import pathlib
import re
import secrets
import signal
import socket
import subprocess
import threading
import time
from dataclasses import dataclass, field

PACKAGE = pathlib.Path(__file__).resolve().parents[1]
PASSWORD = "seven swifts over the mill"
ADMIN = "warden"
ADMIN_PASSWORD = "a warden's long password"

# Argon2 as cheap as it may be, so that the suite is not about hashing; limits out of the way where they are not the topic.
USUAL_SETTINGS = {
    "MARTLET_LISTEN": "127.0.0.1:0",
    "MARTLET_METRICS_LISTEN": "off",
    "MARTLET_ARGON2_MEMORY_KIB": "64",
    "MARTLET_ARGON2_ITERATIONS": "1",
    "MARTLET_LOGIN_ATTEMPTS": "off",
    "MARTLET_LOG_LEVEL": "debug",
}
SECRET_MEMBERS = {"password", "current_password", "new_password", "refresh", "access", "token", "client_secret", "registration_access_token"}
START_SECONDS = 30


def binary():
    """The program under test."""
    if named := os.environ.get("MARTLET_BIN"):
        return pathlib.Path(named).resolve()
    for kind in ("debug", "release"):
        path = PACKAGE / ".build" / kind / "martlet"
        if path.exists():
            return path
    raise FileNotFoundError("Build the package first, or set MARTLET_BIN.")


# Below what the system gives to connections on its own, and other ports for each worker: between the asking and the listening nobody
# else takes one.
PORTS = itertools.cycle(range(start := 12_000 + 2_000 * (int((os.environ.get("PYTEST_XDIST_WORKER") or "gw0")[2:]) % 8), start + 2_000))


def free_port():
    for port in itertools.islice(PORTS, 2_000):
        with socket.socket() as sock:
            try:
                sock.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError("no port is free")


def clean_environment(settings=None):
    """The environment without anybody's settings, then these."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MARTLET_")}
    environment.update({name: str(value) for name, value in (settings or {}).items()})
    return environment


def name(prefix="ada"):
    """A username that no other test has."""
    return f"{prefix}.{secrets.token_hex(5)}"


def until(condition, seconds=5.0, pause=0.02, what="the condition"):
    """The first true value of `condition`; fails when there is none in time."""
    end = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < end, f"{what} did not come about in {seconds} s"
        time.sleep(pause)


@dataclass
class Answer:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)

    @property
    def code(self):
        """The `code` of an error body; None for anything else."""
        try:
            return self.json.get("code")
        except (ValueError, AttributeError):
            return None

    def __iter__(self):
        """`status, code = answer`, for comparing with a table."""
        return iter((self.status, self.code))

    def __repr__(self):
        return f"<{self.status} {self.body[:300]!r}>"


@dataclass
class Session:
    """One login and what it was given."""

    server: "Server"
    username: str
    password: str
    body: dict

    @property
    def access(self):
        return self.body["access"]

    @property
    def refresh_token(self):
        return self.body["refresh"]

    @property
    def user_id(self):
        return self.body["user"]["id"] if "user" in self.body else claims(self.access)["sub"]

    @property
    def sid(self):
        """The session's id as the list of sessions has it."""
        return claims(self.refresh_token)["sid"]

    def call(self, method, path, body=None, **options):
        return self.server.call(method, path, body, token=self.access, **options)

    def me(self):
        return self.call("GET", "/api/v1/users/me")

    def refresh(self, **members):
        """Refreshes; on success takes up the new tokens."""
        answer = self.server.post("/auth/refresh", {"refresh": self.refresh_token, **members})
        if answer.status == 200:
            self.body = {**self.body, **answer.json}
        return answer


@dataclass
class Server:
    """A running service."""

    url: str
    port: int
    process: subprocess.Popen
    folder: pathlib.Path
    log_path: pathlib.Path
    environment: dict
    metrics_port: int | None = None
    secrets: set = field(default_factory=lambda: {PASSWORD, ADMIN_PASSWORD})
    has_stopped: bool = False
    _local: threading.local = field(default_factory=threading.local)

    # Requests

    def send(self, method, path, content=None, headers=None, *, fresh=False, timeout=60):
        """One request, its header fields exactly these and Host; `content` are the bytes of the body."""
        connection = None if fresh else getattr(self._local, "connection", None)
        is_new = connection is None
        connection = connection or http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            connection.request(method, path, body=content, headers=headers or {})
            response = connection.getresponse()
            body = response.read()
        except (ConnectionError, http.client.BadStatusLine, OSError):
            connection.close()
            self._local.connection = None
            # A kept connection may have been closed since; a new one has no excuse.
            if is_new or self.process.poll() is not None:
                raise
            return self.send(method, path, content, headers, fresh=True, timeout=timeout)
        if not fresh:
            self._local.connection = None if response.will_close else connection
        else:
            connection.close()
        return Answer(response.status, response.headers, body)

    def call(self, method, path, body=None, *, token=None, headers=None, **options):
        """One request with a JSON body and a bearer token."""
        fields = dict(headers or {})
        content = None
        if body is not None:
            content = json.dumps(body).encode()
            fields.setdefault("Content-Type", "application/json")
            self._remember(body)
        if token is not None:
            fields["Authorization"] = f"Bearer {token}"
            self._remember({"token": token})
        answer = self.send(method, path, content, fields, **options)
        try:
            self._remember(answer.json)
        except ValueError:
            pass
        return answer

    def get(self, path, **options):
        return self.call("GET", path, **options)

    def post(self, path, body=None, **options):
        return self.call("POST", path, body, **options)

    def raw(self, data, *, timeout=10, shut=False):
        """Sends bytes on a connection of its own; whatever comes back until the end."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=timeout) as sock:
            try:
                sock.sendall(data)
                if shut:
                    sock.shutdown(socket.SHUT_WR)
            except (BrokenPipeError, ConnectionResetError):
                pass
            return read_all(sock)

    def token_keys(self):
        """The published keys that sign access tokens: those that do not say that they sign something else."""
        return [key for key in self.get("/.well-known/jwks.json").json["keys"] if "signs" not in key]

    # Accounts

    def register(self, username=None, password=PASSWORD, **members):
        username = username or name()
        answer = self.post("/auth/register", {"username": username, "password": password, **members})
        assert answer.status == 201, answer
        return Session(self, username, password, answer.json)

    def login(self, username, password=PASSWORD, headers=None, **members):
        answer = self.post("/auth/login", {"username": username, "password": password, **members}, headers=headers)
        assert answer.status == 200, answer
        return Session(self, username, password, answer.json)

    def admin(self):
        """The administrator that the settings name."""
        return self.login(ADMIN, ADMIN_PASSWORD)

    # The command line

    def cli(self, *arguments, text=None, check=True, settings=None):
        """Runs a command on this server's database. Stands beside the server, as an operator does."""
        environment = {**self.environment, **(settings or {})}
        for unwanted in ("MARTLET_ADMIN_USERNAME", "MARTLET_ADMIN_PASSWORD", "LD_PRELOAD"):
            environment.pop(unwanted, None)
        result = subprocess.run(
            [binary(), *map(str, arguments)], input=text, capture_output=True, text=True, env=environment, cwd=self.folder.parent, timeout=60
        )
        if check:
            assert result.returncode == 0, result
        return result

    def metrics(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.metrics_port, timeout=10)
        connection.request("GET", "/metrics")
        text = connection.getresponse().read().decode()
        connection.close()
        return {line.rpartition(" ")[0]: float(line.rpartition(" ")[2]) for line in text.splitlines() if line and line[0] != "#"}

    # The process

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    def kill(self):
        """As a power cut would: no chance to tidy up."""
        self.process.kill()
        self.process.wait()
        self.has_stopped = True
        self.check_log()

    def stop(self):
        """SIGTERM, then the checks that every server has to pass."""
        if self.has_stopped:
            return
        self.has_stopped = True
        early = self.process.poll()
        if early is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise AssertionError("the service did not stop within 20 s of SIGTERM\n" + self.log[-2000:])
        assert early is None, f"the service had ended by itself with {early}\n{self.log[-4000:]}"
        assert self.process.returncode == 0, f"it ended with {self.process.returncode}\n{self.log[-4000:]}"
        self.check_log()

    def check_log(self):
        """No crash and no secret in the log."""
        log = self.log
        for sign in ("Fatal error", "*** Signal", "*** Program crashed", "Illegal instruction", "Sanitizer"):
            assert sign not in log, log[-4000:]
        assert not re.search(r"eyJ[A-Za-z0-9_-]{10,}", log), "a token stands in the log"
        for secret in self.secrets:
            assert secret not in log, "a secret stands in the log"

    def _remember(self, value):
        if isinstance(value, dict):
            for member, inner in value.items():
                if member in SECRET_MEMBERS and isinstance(inner, str) and len(inner) >= 8 and not inner.isspace():
                    self.secrets.add(inner)


def launch(folder, *arguments, fresh_admin=True, preexec=None, **settings):
    """Starts a service in `folder` and waits for its announcement. A setting of None is left out."""
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {**USUAL_SETTINGS, "MARTLET_DATA_DIR": str(folder / "data")}
    if fresh_admin:
        wanted |= {"MARTLET_ADMIN_USERNAME": ADMIN, "MARTLET_ADMIN_PASSWORD": ADMIN_PASSWORD}
    wanted |= settings
    metrics_port = None
    if wanted["MARTLET_METRICS_LISTEN"] == "any":
        metrics_port = free_port()
        wanted["MARTLET_METRICS_LISTEN"] = f"127.0.0.1:{metrics_port}"
    environment = clean_environment({name: value for name, value in wanted.items() if value is not None})
    # Somebody else may take the port between the asking and the listening; once more is enough.
    for attempt in range(3):
        log_path = folder / f"log-{secrets.token_hex(4)}.txt"
        with open(log_path, "wb") as log:
            process = subprocess.Popen(
                [binary(), "serve", *map(str, arguments)], stdout=subprocess.PIPE, stderr=log, env=environment, cwd=folder,
                preexec_fn=preexec, start_new_session=True,
            )
        line = announcement(process)
        if line:
            break
        process.wait()
        log = log_path.read_text(errors="replace")
        if "Cannot listen" not in log or attempt == 2:
            raise StartFailure(process.returncode, log)
    found = re.search(r"serves (\S+) \(listening on (\S+)\)", line)
    assert found, f"the announcement is {line!r}"
    threading.Thread(target=drain, args=(process.stdout, log_path), daemon=True).start()
    port = int(found[2].rpartition(":")[2]) if ":" in found[2] and not found[2].startswith("unix:") else 0
    return Server(found[1], port, process, folder, log_path, environment, metrics_port)


class StartFailure(Exception):
    """The service did not start."""

    def __init__(self, returncode, log):
        super().__init__(f"the service ended with {returncode}:\n{log[-4000:]}")
        self.returncode = returncode
        self.log = log


def announcement(process):
    """The line that says where the service listens; empty when it ended before."""
    timer = threading.Timer(START_SECONDS, process.kill)
    timer.start()
    try:
        for line in process.stdout:
            if b" serves " in line:
                return line.decode()
        return ""
    finally:
        timer.cancel()


def drain(stream, log_path):
    """What the service prints later belongs to its log."""
    with open(log_path, "ab") as log:
        for line in stream:
            log.write(line)
            log.flush()


def read_all(sock):
    """Everything until the peer closes or nothing more comes."""
    parts = []
    while True:
        try:
            part = sock.recv(65536)
        except (TimeoutError, ConnectionResetError):
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts)


def parse(raw):
    """One response out of raw bytes: status, header fields in lower case, body."""
    head, _, body = raw.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    assert lines[0].startswith("HTTP/1.1 "), raw[:200]
    fields = {}
    for line in lines[1:]:
        field_name, _, value = line.partition(":")
        fields[field_name.strip().lower()] = value.strip()
    return int(lines[0].split(" ")[1]), fields, body


def decode(part):
    import base64

    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def claims(token):
    """The claims of a token, unverified."""
    return decode(token.split(".")[1])


def header(token):
    """The header of a token, unverified."""
    return decode(token.split(".")[0])
