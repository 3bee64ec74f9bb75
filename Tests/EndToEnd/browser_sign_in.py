"""Somebody who is signed in with a browser, written into the service's database as a sign-in page would: for tests that begin after it."""

import base64
import hashlib
import json
import secrets
import sqlite3
import time
import urllib.parse
import uuid


def made(server, *arguments, **metadata):
    """A client that the operator makes, with metadata beside the arguments."""
    if metadata:
        path = server.folder / f"{uuid.uuid4()}.json"
        path.write_text(json.dumps(metadata))
        arguments = (*arguments, "--metadata", path)
    client = json.loads(server.cli("client", "add", "--json", *arguments).stdout)
    server.secrets.add(client.get("client_secret", "no secret at all"))
    return client


def app(server, name, **metadata):
    """A public client of that name."""
    usual = {"redirect_uris": [f"https://{name}.example/cb"], "post_logout_redirect_uris": [f"https://{name}.example/bye"],
             "grant_types": ["authorization_code", "refresh_token"], "token_endpoint_auth_method": "none"}
    return made(server, "--name", f"The {name}", **{**usual, **metadata})["client_id"]


def form(server, path, fields, headers=None):
    return server.send("POST", path, urllib.parse.urlencode(fields).encode(), {
        "Content-Type": "application/x-www-form-urlencoded", **(headers or {})})


class Browser:
    """A browser that `session`'s user is signed in with."""

    def __init__(self, server, session):
        self.server, self.user, self.sid = server, session.user_id, str(uuid.uuid4())
        self.cookie = secrets.token_bytes(32)
        now = int(time.time() * 1000)
        self._write(
            "INSERT INTO browser_sessions (id, hash_cookie, user_id, authenticated_at, methods, created_at, idle_expires_at, expires_at, ip,"
            " user_agent) VALUES (?, ?, ?, ?, '[\"pwd\"]', ?, ?, ?, '127.0.0.1', 'test')",
            (self.sid, hashlib.sha256(self.cookie).digest(), self.user, now, now, now + 3_600_000, now + 3_600_000))

    @property
    def headers(self):
        value = base64.urlsafe_b64encode(self.cookie).rstrip(b"=").decode()
        return {"Cookie": f"martlet-session={value}"}

    @property
    def is_signed_in(self):
        return "form_token" in self.get().body.decode()

    def let_in(self, client_id, scope="openid", resources=()):
        """The tokens of a public client: a code, redeemed at the token endpoint."""
        code, verifier = secrets.token_urlsafe(32), secrets.token_urlsafe(48)
        now = int(time.time() * 1000)
        details = {"sid": self.sid, "refresh": True, "auth_time": now // 1000, **({"resources": list(resources)} if resources else {})}
        self._write(
            "INSERT INTO authorization_codes (hash_code, client_id, user_id, redirect_uri, challenge, scope, details, browser_session_id,"
            " expires_at, purge_at) VALUES (?, ?, ?, 'https://x.example/', ?, ?, ?, ?, ?, ?)",
            (hashlib.sha256(code.encode()).digest(), client_id, self.user, hashlib.sha256(verifier.encode()).digest(), scope,
             json.dumps(details), self.sid, now + 60_000, now + 600_000))
        answer = form(self.server, "/oauth2/token", {
            "grant_type": "authorization_code", "client_id": client_id, "code": code, "code_verifier": verifier})
        assert answer.status == 200, answer
        self.server.secrets |= {text for name, text in answer.json.items() if name.endswith("_token")}
        return answer.json

    def get(self, **parameters):
        query = "?" + urllib.parse.urlencode(parameters) if parameters else ""
        return self.server.send("GET", "/oauth2/logout" + query, headers=self.headers)

    def answer(self, decision, **parameters):
        """Asks, and answers the question."""
        page = self.get(**parameters).body.decode()
        token = page.partition('name="form_token" value="')[2].partition('"')[0]
        return form(self.server, "/oauth2/logout", {**parameters, "form_token": token, "decision": decision}, {
            **self.headers, "Sec-Fetch-Site": "same-origin"})

    def _write(self, statement, values):
        connection = sqlite3.connect(self.server.folder / "data" / "martlet.db", timeout=20)
        with connection:
            connection.execute(statement, values)
        connection.close()
