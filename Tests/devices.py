"""Devices as tests see them (RFC 8628): what one asks and polls, and a browser that its owner answers with."""

import base64
import hashlib
import html
import json
import re
import secrets
import sqlite3
import time
import urllib.parse

GRANT = "urn:ietf:params:oauth:grant-type:device_code"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}


def made(server, *arguments, metadata=None):
    path = server.folder / f"{secrets.token_hex(8)}.json"
    path.write_text(json.dumps(metadata or {}))
    client = json.loads(server.cli("client", "add", "--json", "--metadata", path, *arguments).stdout)
    server.secrets.add(client.get("client_secret", "no secret at all"))
    return client


def database(server):
    return sqlite3.connect(server.folder / "data" / "martlet.db", timeout=10, isolation_level=None)


class Browser:
    """A browser, with its cookies, that somebody may be signed in with."""

    def __init__(self, server, username=None):
        self.server, self.cookies = server, {}
        if username:
            self.sign_in(username)

    def sign_in(self, username):
        value = secrets.token_bytes(32)
        now = int(time.time() * 1000)
        with database(self.server) as db:
            user, = db.execute("SELECT id FROM users WHERE username = ?", [username]).fetchone()
            db.execute(
                "INSERT INTO browser_sessions VALUES (?, ?, ?, ?, '[\"pwd\"]', ?, ?, ?, '127.0.0.1', '')",
                [secrets.token_hex(8), hashlib.sha256(value).digest(), user, now, now, now + 3_600_000, now + 3_600_000])
        self.cookies = {"martlet-session": base64.urlsafe_b64encode(value).rstrip(b"=").decode()}
        self.server.secrets.add(self.cookies["martlet-session"])

    def send(self, method, path, fields=None, headers=None):
        sent = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items()), **(headers or {})}
        body = None
        if fields is not None:
            body = urllib.parse.urlencode(fields).encode()
            sent = {**FORM, **sent}
        answer = self.server.send(method, path, body, sent)
        for cookie in answer.headers.get_all("set-cookie") or []:
            name, _, value = cookie.partition(";")[0].partition("=")
            self.cookies[name] = value
        answer.text = answer.body.decode()
        return answer

    def open(self, path):
        return self.send("GET", path)

    def post(self, page, **fields):
        """The form of a page, with these values."""
        hidden = {name: html.unescape(value) for name, value in re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)}
        action = html.unescape(re.search(r'<form method="post" action="([^"]*)"', page.text)[1])
        return self.send("POST", action, {**hidden, **fields})


def ask(server, client, **fields):
    answer = server.send("POST", "/oauth2/device_authorization", urllib.parse.urlencode(
        {**proof(client), **fields}, doseq=True).encode(), FORM)
    if answer.status == 200:
        server.secrets.update((answer.json["device_code"], answer.json["user_code"]))
    return answer


def proof(client):
    return {name: client[name] for name in ("client_id", "client_secret") if name in client}


def poll(server, client, device_code, **fields):
    answer = server.send("POST", "/oauth2/token", urllib.parse.urlencode(
        {"grant_type": GRANT, "device_code": device_code, **proof(client), **fields}).encode(), FORM)
    if answer.status == 200:
        server.secrets.update(answer.json[name] for name in ("access_token", "refresh_token") if name in answer.json)
    return answer


def wait_out(server, device_code, **columns):
    """As if the time for the next poll had come; other columns as they are given."""
    columns = {"polled_at": None, **columns}
    with database(server) as db:
        db.execute(
            f"UPDATE device_requests SET {', '.join(f'{name} = ?' for name in columns)} WHERE hash_device_code = ?",
            [*columns.values(), hashlib.sha256(device_code.encode()).digest()])


def error(answer):
    return answer.status, answer.json["error"]


def confirm(browser, user_code, decision="allow"):
    page = browser.open(f"/oauth2/device?user_code={user_code}")
    assert page.status == 200, page
    return browser.post(page, decision=decision)
