"""The consuming side as tests see it: `martlet api` as a process, the feed as a reader who trusts nobody, and a proxy between
the two that counts, and does wrong when told to.

The issuer's name is the address that consumers ask, so a service behind the proxy is started with the proxy's address as its
issuer: `behind(start)`.
"""

import base64
import collections
import hashlib
import http.client
import http.server
import json
import re
import secrets
import shutil
import socket
import struct
import subprocess
import threading
import time

import jwt

import martlet_server
from martlet_server import Answer, announcement, binary, clean_environment, drain, free_port, header, until

KEYS = "/.well-known/jwks.json"
METADATA = "/.well-known/oauth-authorization-server"
FEED = "/.well-known/revocations"
WHOAMI = "/api/v1/whoami"
FLEET_SECRET = "a secret that the whole fleet of consumers has"

USUAL_SETTINGS = {"MARTLET_LISTEN": "127.0.0.1:0", "MARTLET_METRICS_LISTEN": "off", "MARTLET_LOG_LEVEL": "info"}


class Consumer(martlet_server.Server):
    """A running `martlet api`. Requests, stopping and the checks of the log are those of any server."""

    def whoami(self, token, **options):
        return self.get(WHOAMI, token=token, **options)

    def accepts(self, token):
        return self.whoami(token).status == 200

    def refuses(self, token, code="token_revoked"):
        """Whether the token is refused, and for this reason; any other refusal is a mistake."""
        answer = self.whoami(token)
        if answer.status == 200:
            return False
        assert (*answer,) == (401, code), answer
        return True

    def is_ready(self):
        return self.get("/readyz").status == 200

    def ready(self):
        """Waits until keys and revocations are known."""
        until(self.is_ready, seconds=15, what=f"the readiness of {self.log_path}")
        return self


def launch_api(folder, issuer, *arguments, **settings):
    """Starts a consumer of `issuer` and waits for its announcement. A setting of None is left out."""
    folder.mkdir(parents=True, exist_ok=True)
    wanted = {**USUAL_SETTINGS, "MARTLET_ISSUER": issuer, **settings}
    metrics_port = None
    if wanted["MARTLET_METRICS_LISTEN"] == "any":
        metrics_port = free_port()
        wanted["MARTLET_METRICS_LISTEN"] = f"127.0.0.1:{metrics_port}"
    environment = clean_environment({name: value for name, value in wanted.items() if value is not None})
    log_path = folder / f"api-{secrets.token_hex(4)}.txt"
    with open(log_path, "wb") as log:
        process = subprocess.Popen(
            [binary(), "api", *map(str, arguments)], stdout=subprocess.PIPE, stderr=log, env=environment, cwd=folder, start_new_session=True)
    line = announcement(process)
    if not line:
        process.wait()
        raise martlet_server.StartFailure(process.returncode, log_path.read_text(errors="replace"))
    found = re.search(r"^Martlet \S+ serves the sample API for tokens of (\S+) \(listening on 127\.0\.0\.1:(\d+)\)\.$", line.strip())
    assert found and found[1] == environment.get("MARTLET_ISSUER", found[1]), line
    threading.Thread(target=drain, args=(process.stdout, log_path), daemon=True).start()
    port = int(found[2])
    consumer = Consumer(f"http://127.0.0.1:{port}", port, process, folder, log_path, environment, metrics_port)
    if secret := environment.get("MARTLET_FLEET_SECRET"):
        consumer.secrets.add(secret)
    return consumer


def fail_api(*arguments, **settings):
    """Tries to start a consumer that must not start: its exit status and what it says."""
    result = subprocess.run(
        [binary(), "api", *map(str, arguments)], capture_output=True, text=True, env=clean_environment(settings), timeout=30)
    assert result.returncode not in (0, None) and result.stdout == "", result
    return result.stderr


# The feed


def digest(kind, name):
    """How the feed names what was taken back (api.md §6)."""
    return hashlib.sha256(f"{kind}:{name}".encode()).digest()[:16]


def unpadded(text):
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


class Document:
    """A document of the feed, believed only after PyJWT has verified it by the issuer's published keys."""

    def __init__(self, server, text, ahead=0):
        self.text = text.decode() if isinstance(text, bytes) else text
        self.header = header(self.text)
        keys = {key["kid"]: key for key in server.get(KEYS).json["keys"]}
        key = keys[self.header["kid"]]
        assert key["signs"] == "revocations+jwt" and self.header["typ"] == "revocations+jwt", (key, self.header)
        self.claims = jwt.decode(
            self.text, jwt.PyJWK(key), algorithms=["ES256"], issuer=server.url, leeway=1 + ahead,
            options={"require": ["iss", "iat", "exp", "lineage", "seq"]})

    def __getattr__(self, member):
        try:
            return self.claims[member]
        except KeyError:
            raise AttributeError(member) from None

    @property
    def entries(self):
        """Everything that is taken back: the kind and the digest, and until when it is kept."""
        found = {}
        revoked = self.claims.get("revoked", {})
        for kind in ("sid", "jti"):
            for until_, hashes in revoked.get(kind, []):
                joined = unpadded(hashes)
                assert joined and len(joined) % 16 == 0
                found |= {(kind, joined[place : place + 16]): until_ for place in range(0, len(joined), 16)}
        for kind in ("client", "key"):
            found |= {(kind, unpadded(entry["h"])): entry["until"] for entry in revoked.get(kind, [])}
        return found

    def until(self, kind, name):
        """Until when the entry of this id is kept; None without one."""
        return self.entries.get((kind, digest(kind, name)))


def feed(server, after=None, wait=None, ahead=0, **options):
    """Reads the feed: the snapshot, or what is newer than `after`. The server's clock may be `ahead` by so many seconds."""
    query = "&".join(f"{name}={value}" for name, value in (("after", after), ("wait", wait)) if value is not None)
    answer = server.get(FEED + ("?" + query if query else ""), **options)
    assert answer.status == 200 and answer.headers["Content-Type"] == "application/jwt", answer
    return Document(server, answer.body, ahead)


def news(server, after, wanted, seconds=1.0):
    """Everything since `after`, once it has `wanted` entries; they must come in time."""
    begun = time.monotonic()
    while True:
        document = feed(server, after)
        if len(document.entries) >= wanted:
            return document
        assert time.monotonic() - begun < seconds, f"{len(document.entries)} of {wanted} entries in {seconds} s"
        feed(server, document.seq, wait=1)


class LongPoll:
    """A request to the feed that is under way on a connection of its own. `source` is the address it comes from."""

    def __init__(self, server, after, wait=20, source="127.0.0.1", path=FEED):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=40, source_address=(source, 0))
        self.socket.sendall(f"GET {path}?after={after}&wait={wait} HTTP/1.1\r\nHost: {server.url.partition('//')[2]}\r\n\r\n".encode())

    def is_answered(self, seconds=0.0):
        """Whether something has come, waiting so long for it."""
        self.socket.settimeout(seconds or 0.001)
        try:
            return bool(self.socket.recv(1, socket.MSG_PEEK))
        except (TimeoutError, BlockingIOError):
            return False
        finally:
            self.socket.settimeout(40)

    def answer(self):
        response = http.client.HTTPResponse(self.socket)
        response.begin()
        return Answer(response.status, response.headers, response.read())

    def close(self, abruptly=False):
        """Hangs up as a program does that ends (FIN), or one that is torn away (RST)."""
        if abruptly:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()


# Fetching very often


class Poller:
    """Asks whoami over one kept connection with as little work as possible: for seeing when an answer turns."""

    def __init__(self, server):
        self.socket = socket.create_connection(("127.0.0.1", server.port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    @staticmethod
    def request(token):
        return f"GET {WHOAMI} HTTP/1.1\r\nHost: api\r\nAuthorization: Bearer {token}\r\n\r\n".encode()

    def status(self, request):
        self.socket.sendall(request)
        received = b""
        while b"\r\n\r\n" not in received:
            part = self.socket.recv(4096)
            assert part, "the connection was closed"
            received += part
        head, _, body = received.partition(b"\r\n\r\n")
        left = int(re.search(rb"\r\ncontent-length: (\d+)", head, re.IGNORECASE)[1]) - len(body)
        while left > 0:
            left -= len(self.socket.recv(left))
        return int(head[9:12])

    def close(self):
        self.socket.close()


def quantile(values, fraction):
    """The value that this fraction does not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * fraction))]


# Between an issuer and its consumers


class Proxy:
    """Passes requests on to `port`, counts them by path, and does what `rules` say instead: a rule by path is called with the
    query and gives a status, header fields and a body, or None to pass the request on. `tamper` by path changes what comes back.
    """

    def __init__(self, port=None):
        self.port = port
        self.rules, self.tamper = {}, {}
        self.counts = collections.Counter()
        self.lock = threading.Lock()
        # Bound but never listening: the port stays ours while the proxy is down, and connections to it are refused.
        self._place = socket.socket()
        self._place.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self._place.bind(("127.0.0.1", 0))
        self.address = self._place.getsockname()
        self.url = f"http://localhost:{self.address[1]}"
        self._server, self._connections = None, set()
        self.up()

    def up(self):
        proxy = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def handle(self):
                proxy._connections.add(self.connection)
                try:
                    super().handle()
                except OSError:
                    pass
                finally:
                    proxy._connections.discard(self.connection)

            def do_GET(self):
                proxy._answer(self)

            def log_message(self, *_):
                pass

        class Listener(http.server.ThreadingHTTPServer):
            allow_reuse_address, daemon_threads, request_queue_size = True, True, 128

        self._server = Listener(self.address, Handler)
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    def down(self):
        """Cuts every connection and refuses new ones."""
        if self._server is None:
            return
        self._server.shutdown()
        self._server.server_close()
        self._server = None
        for connection in list(self._connections):
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    def close(self):
        self.down()
        self._place.close()

    def _answer(self, handler):
        path, _, query = handler.path.partition("?")
        with self.lock:
            self.counts[path] += 1
        answer = self.rules[path](query) if path in self.rules else None
        if answer is None:
            answer = self._passed_on(handler)
        status, fields, body = answer
        if change := self.tamper.get(path):
            body = change(body)
        handler.send_response_only(status)
        for name, value in fields:
            handler.send_header(name, value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body)

    def _passed_on(self, handler):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            fields = {name: value for name, value in handler.headers.items() if name.lower() != "connection"}
            connection.request("GET", handler.path, headers=fields)
            response = connection.getresponse()
            kept = [(name, value) for name, value in response.getheaders() if name.lower() not in ("content-length", "connection")]
            return response.status, kept, response.read()
        except OSError:
            return 502, [], b""
        finally:
            connection.close()


def answers(status=200, body=b"", **fields):
    """A rule that always gives this."""
    return lambda query: (status, [(name.replace("_", "-"), value) for name, value in fields.items()], body)


def delayed(seconds):
    """A rule that lets time pass before the request goes on."""
    return lambda query: time.sleep(seconds)


# Tokens that never were


def forged(token, key_id=None):
    """A token like this one, of a key that nobody has and with a signature of noise."""
    head = {"alg": "ES256", "typ": "at+jwt", "kid": key_id or secrets.token_urlsafe(32)}
    encoded = base64.urlsafe_b64encode(json.dumps(head).encode()).decode().rstrip("=")
    return f"{encoded}.{token.split('.')[1]}.{secrets.token_urlsafe(64)}"


# Redis


class Redis:
    """A redis-server on loopback that keeps nothing on disk."""

    def __init__(self, folder):
        program = shutil.which("redis-server")
        assert program, "redis-server is missing: scripts/install-packages test"
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}"
        with open(folder / "redis.txt", "wb") as log:
            self.process = subprocess.Popen(
                [program, "--bind", "127.0.0.1", "--port", str(self.port), "--save", "", "--appendonly", "no"],
                stdout=log, stderr=log, cwd=folder)
        until(self._answers, what="Redis")

    def _answers(self):
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as sock:
                sock.sendall(b"PING\r\n")
                return sock.recv(16) == b"+PONG\r\n"
        except OSError:
            return False

    def stop(self):
        self.process.kill()
        self.process.wait(10)
