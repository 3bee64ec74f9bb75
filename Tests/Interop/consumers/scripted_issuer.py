"""An issuer whose private keys tests have, so that they can say what the real one never would."""

import base64
import hashlib
import http.server
import json
import queue
import secrets
import threading
import time
import urllib.parse

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm

FEED = "revocations+jwt"


def digest(kind, identifier):
    return hashlib.sha256(f"{kind}:{identifier}".encode()).digest()[:16]


class ScriptedIssuer:
    """Keys, metadata and a feed. `say` hands the feed's follower the next document; without one it gets an empty delta."""

    def __init__(self):
        self.keys = {name: ec.generate_private_key(ec.SECP256R1()) for name in ("access", "feed")}
        self.lineage, self.seq, self.revoked, self.news = "first", 1, [], queue.Queue()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler())
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handler(self):
        issuer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                body = issuer.answer(urllib.parse.urlsplit(self.path))
                try:
                    self.send_response(200 if body else 404)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)
                except OSError:
                    pass

            def log_message(self, *_):
                pass

        return Handler

    def answer(self, target):
        if target.path == "/.well-known/oauth-authorization-server":
            return json.dumps({"issuer": self.url, "jwks_uri": f"{self.url}/keys", "revocations_uri": f"{self.url}/feed"}).encode()
        if target.path == "/keys":
            return json.dumps({"keys": [self.public("access"), {**self.public("feed"), "signs": FEED}]}).encode()
        if target.path != "/feed":
            return b""
        after = dict(urllib.parse.parse_qsl(target.query)).get("after")
        if after is None:
            return self.document(sid=self.revoked).encode()
        try:
            return self.news.get(timeout=0.3).encode()
        except queue.Empty:
            return self.document(after=int(after)).encode()

    def public(self, name):
        return {**ECAlgorithm.to_jwk(self.keys[name].public_key(), as_dict=True), "kid": name, "use": "sig", "alg": "ES256"}

    def document(self, key="feed", typ=FEED, sid=(), **members):
        """A document that revokes these sessions; a delta if it has `after`."""
        now = int(time.time())
        hashes = base64.urlsafe_b64encode(b"".join(digest("sid", name) for name in sid)).rstrip(b"=").decode()
        body = {"iss": self.url, "iat": now, "exp": now + 60, "lineage": self.lineage, "seq": self.seq}
        body |= {"revoked": {"sid": [[now + 600, hashes]]}} if sid else {}
        return jwt.encode({**body, **members}, self.keys[key], algorithm="ES256", headers={"typ": typ, "kid": key})

    def say(self, document):
        self.news.put(document)

    def revoke(self, sid):
        """As an issuer should: one more event, told to the follower and in every snapshot from now on."""
        self.seq += 1
        self.revoked.append(sid)
        self.say(self.document(sid=[sid], after=self.seq - 1))

    def token(self, sid, key="access", **members):
        now = int(time.time())
        body = {"iss": self.url, "sub": "ada", "aud": self.url, "iat": now, "exp": now + 600, "jti": secrets.token_hex(8)}
        body |= {"client_id": "martlet", "scope": "account", "sid": sid}
        return jwt.encode({**body, **members}, self.keys[key], algorithm="ES256", headers={"typ": "at+jwt", "kid": key})

    def stop(self):
        self.server.shutdown()
        self.server.server_close()
