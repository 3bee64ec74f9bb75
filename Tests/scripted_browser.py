"""A browser without a screen, step by step: each answer is looked at before it goes on. Keeps cookies, and posts the forms that it was shown.
browser_flow.py has one for whole ways.
"""

import base64
import hashlib
import secrets
import urllib.parse

from browser_flow import PageReader, cookies_of
from martlet_server import PASSWORD

FORM = "application/x-www-form-urlencoded"


class Page:
    """An answer as a browser has it."""

    def __init__(self, path, answer):
        self.path, self.status, self.headers = path, answer.status, answer.headers
        self.text = answer.body.decode()
        self.location = answer.headers.get("location")
        read = PageReader(self.text if answer.headers.get("content-type", "").startswith("text/html") else "")
        self.forms, self.links = read.forms, read.links

    @property
    def form(self):
        [form] = self.forms
        return form

    @property
    def answer(self):
        """What the client is told: the parameters of the redirect, or of the form that is posted to it."""
        if self.location is None:
            return dict(self.form.fields)
        parts = urllib.parse.urlsplit(self.location)
        pairs = urllib.parse.parse_qsl(parts.fragment or parts.query, strict_parsing=True)
        assert len(dict(pairs)) == len(pairs)
        return dict(pairs)

    def __repr__(self):
        return f"<{self.path} {self.status} {self.location} {self.text[:600]}>"


class Browser:
    """One person's browser."""

    def __init__(self, server, **fields):
        self.server, self.fields = server, fields
        self.cookies = {}
        self.set_cookies = []

    def send(self, method, path, fields=None, headers=None):
        sent = {"Sec-Fetch-Site": "same-origin", **self.fields, **(headers or {})}
        sent = {name: value for name, value in sent.items() if value is not None}
        if self.cookies:
            sent["Cookie"] = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        body = None
        if fields is not None:
            body = fields if isinstance(fields, bytes) else urllib.parse.urlencode(fields, doseq=True).encode()
            sent.setdefault("Content-Type", FORM)
        answer = self.server.send(method, path, body, sent)
        self.set_cookies += answer.headers.get_all("set-cookie") or []
        for name, value in cookies_of(answer):
            self.cookies.pop(name, None)
            if value:
                self.cookies[name] = value
                self.server.secrets.add(value)
        page = Page(path, answer)
        if page.location and not page.location.startswith("/") and "code" in page.answer:
            self.server.secrets.add(page.answer["code"])
        return page

    def follow(self, page):
        """Goes where it is sent, as long as that is here."""
        while page.location and page.location.startswith("/"):
            page = self.get(page.location)
        return page

    def get(self, path, **options):
        return self.send("GET", path, **options)

    def go(self, path, **options):
        return self.follow(self.get(path, **options))

    def submit(self, page, headers=None, **fields):
        """Posts the page's form; a field of None is left out."""
        sent = {**page.form.fields, **fields}
        sent = {name: value for name, value in sent.items() if value is not None}
        return self.send("POST", page.form.action, sent, headers)

    def sign_in(self, page, username, password=PASSWORD):
        return self.follow(self.submit(page, username=username, password=password))


class Asker:
    """A client that asks for access: its parameters, with a new verifier and state each time."""

    def __init__(self, server, client, redirect_uri, **usual):
        self.server, self.client, self.redirect_uri, self.usual = server, client, redirect_uri, usual
        self.again()

    def again(self):
        self.verifier = secrets.token_urlsafe(48)
        self.state = secrets.token_urlsafe(12)
        return self

    @property
    def parameters(self):
        digest = hashlib.sha256(self.verifier.encode()).digest()
        return {
            "response_type": "code", "client_id": self.client["client_id"], "redirect_uri": self.redirect_uri, "state": self.state,
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(), "code_challenge_method": "S256", **self.usual,
        }

    def path(self, **changes):
        """The address of the request; a parameter of None is left out."""
        fields = {name: value for name, value in {**self.parameters, **changes}.items() if value is not None}
        return "/oauth2/authorize?" + urllib.parse.urlencode(fields, doseq=True)

    def proof(self):
        if "client_secret" not in self.client:
            return {}, {"client_id": self.client["client_id"]}
        pair = f"{self.client['client_id']}:{self.client['client_secret']}"
        return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}, {}

    def token(self, **fields):
        headers, more = self.proof()
        body = urllib.parse.urlencode({**more, **{name: value for name, value in fields.items() if value is not None}}).encode()
        answer = self.server.send("POST", "/oauth2/token", body, {"Content-Type": FORM, **headers})
        for member in ("access_token", "refresh_token"):
            if answer.json.get(member):
                self.server.secrets.add(answer.json[member])
        return answer

    def redeem(self, code, **changes):
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": self.redirect_uri, "code_verifier": self.verifier}
        return self.token(**{**fields, **changes})
