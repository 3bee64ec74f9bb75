"""The service, clients and people that the protocol table is played with."""

import base64
import contextlib
import hashlib
import json
import secrets
import time
import urllib.parse
import uuid
from dataclasses import dataclass

import jwt
from browser_flow import Landing, Person
from jwcrypto import jwk

import martlet_server
from martlet_server import PASSWORD

CALENDAR = "https://calendar.example"
FILES = "https://files.example"
SPA_ORIGIN = "https://spa.example"
SCOPES = {
    "scopes": {
        "calendar.read": {"description": "see your calendar"},
        "calendar.write": {"description": "change your calendar"},
    },
    "resources": [CALENDAR, FILES],
}
ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
DEVICE = "urn:ietf:params:oauth:grant-type:device_code"
EXCHANGE = "urn:ietf:params:oauth:grant-type:token-exchange"
ACCESS_TYPE = "urn:ietf:params:oauth:token-type:access_token"
REFRESH_TYPE = "urn:ietf:params:oauth:token-type:refresh_token"
ID_TYPE = "urn:ietf:params:oauth:token-type:id_token"
FORM = "application/x-www-form-urlencoded"

CODE = ["authorization_code", "refresh_token"]
MEMBERS = {
    # A web application's server; it may ask for anything.
    "web": {"client_name": "Web", "redirect_uris": ["https://web.example/cb"], "grant_types": CODE, "response_types": ["code"]},
    # Another one, which sends its secret in the body.
    "poster": {
        "client_name": "Poster", "redirect_uris": ["https://poster.example/cb"], "grant_types": CODE, "token_endpoint_auth_method": "client_secret_post"},
    # In a browser.
    "spa": {"client_name": "Spa", "redirect_uris": [f"{SPA_ORIGIN}/cb"], "grant_types": CODE, "token_endpoint_auth_method": "none"},
    # On a phone or a desk.
    "native": {
        "client_name": "Native", "redirect_uris": ["http://127.0.0.1/cb", "com.example.app:/cb"], "grant_types": CODE,
        "token_endpoint_auth_method": "none"},
    "two": {
        "client_name": "Two", "redirect_uris": ["https://two.example/a", "https://two.example/b?keep=1"], "grant_types": CODE,
        "token_endpoint_auth_method": "none"},
    # The operator's own: nobody is asked for consent.
    "own": {"client_name": "Own", "redirect_uris": ["https://own.example/cb"], "grant_types": CODE, "first_party": True},
    "narrow": {"client_name": "Narrow", "redirect_uris": ["https://narrow.example/cb"], "grant_types": CODE, "scope": "openid email", "resources": [FILES]},
    "once": {"client_name": "Once", "redirect_uris": ["https://once.example/cb"], "grant_types": ["authorization_code"]},
    "brief": {"client_name": "Brief", "redirect_uris": ["https://brief.example/cb"], "grant_types": CODE, "refresh_ttl": 60},
    "combine": {"client_name": "Combine", "redirect_uris": ["https://combine.example/cb"], "grant_types": CODE, "may_combine_resources": True},
    "pushy": {"client_name": "Pushy", "redirect_uris": ["https://pushy.example/cb"], "grant_types": CODE, "require_pushed_authorization_requests": True},
    "bound": {
        "client_name": "Bound", "redirect_uris": ["https://bound.example/cb"], "grant_types": CODE, "token_endpoint_auth_method": "none",
        "dpop_bound_access_tokens": True},
    "pair": {"client_name": "Pair", "redirect_uris": ["https://pair.example/cb"], "grant_types": CODE, "subject_type": "pairwise"},
    "pair2": {"client_name": "Pair 2", "redirect_uris": ["https://pair2.example/cb"], "grant_types": CODE, "subject_type": "pairwise"},
    "leaver": {
        "client_name": "Leaver", "redirect_uris": ["https://leaver.example/cb"], "grant_types": CODE,
        "post_logout_redirect_uris": ["https://leaver.example/bye"]},
    "aged": {"client_name": "Aged", "redirect_uris": ["https://aged.example/cb"], "grant_types": CODE, "default_max_age": 100},
    "es256": {"client_name": "ES256", "redirect_uris": ["https://es256.example/cb"], "grant_types": CODE, "id_token_signed_response_alg": "ES256"},
    # Clients with keys.
    "keys": {
        "client_name": "Keys", "redirect_uris": ["https://keys.example/cb"], "grant_types": CODE + ["client_credentials"],
        "token_endpoint_auth_method": "private_key_jwt"},
    "rsa": {"client_name": "RSA", "grant_types": ["client_credentials"], "token_endpoint_auth_method": "private_key_jwt"},
    # Machines.
    "machine": {"client_name": "Machine", "grant_types": ["client_credentials"], "scope": "calendar.read calendar.write"},
    "calendar": {"client_name": "Calendar", "grant_types": ["client_credentials"], "scope": "calendar.read", "resources": [CALENDAR]},
    "files": {"client_name": "Files", "grant_types": ["client_credentials"], "resources": [FILES]},
    # With neither the code's nor the machine's grant, but a redirect URI.
    "exchanger": {
        "client_name": "Exchanger", "redirect_uris": ["https://exchanger.example/cb"], "grant_types": [EXCHANGE, "client_credentials"],
        "scope": "calendar.read", "resources": [CALENDAR], "token_exchange": "delegation", "exchange_to": [FILES]},
    "tv": {"client_name": "Television", "grant_types": [DEVICE, "refresh_token"], "token_endpoint_auth_method": "none"},
    "box": {"client_name": "Box", "grant_types": [DEVICE]},
}
ES_KEY = jwk.JWK.generate(kty="EC", crv="P-256", kid="es")
RSA_KEY = jwk.JWK.generate(kty="RSA", size=2048, kid="rsa")
KEYS = {"keys": ES_KEY, "rsa": RSA_KEY}
ALGORITHMS = {"keys": "ES256", "rsa": "RS256"}


@dataclass
class Grant:
    """A code, and what its client knows about it."""

    client: str
    code: str
    verifier: str
    redirect_uri: str
    landing: Landing


class World:
    """One service; the table's rows may come in any order, so that each makes what it needs."""

    def __init__(self, folder, shim, **more):
        self.folder, self.shim = folder, shim
        self.ahead_path = folder / "ahead"
        self.ahead = 0
        scopes = folder / "scopes.json"
        scopes.write_text(json.dumps(SCOPES))
        settings = {
            "LD_PRELOAD": str(shim), "SHIM_AHEAD": str(self.ahead_path), "MARTLET_CLIENT_REGISTRATION": "open",
            "MARTLET_CORS_ORIGINS": SPA_ORIGIN, **more,
        }
        try:
            self.server = martlet_server.launch(folder / "martlet", MARTLET_SCOPES=str(scopes), **settings)
        except martlet_server.StartFailure as failure:
            # A program without the setting has nothing of the operator's own; the rows about it fail.
            assert "MARTLET_SCOPES" in failure.log, failure
            self.server = martlet_server.launch(folder / "martlet", **settings)
        wait_for_keys(self.server)
        admin = self.server.admin()
        self.clients = {}
        for name, members in MEMBERS.items():
            if name in KEYS:
                members = {**members, "jwks": {"keys": [json.loads(KEYS[name].export_public())]}}
            answer = admin.call("POST", "/admin/api/clients", members)
            assert answer.status == 201, (name, answer)
            self.clients[name] = answer.json
        # Words that every answer must bring back.
        self.state = "st & a=te+%2F é " + secrets.token_hex(4)
        self._person = None

    @property
    def redirect_uris(self):
        return {uri for client in self.clients.values() for uri in client.get("redirect_uris", [])}

    @contextlib.contextmanager
    def limited(self):
        """Another service, whose limits on guessing are not out of the way."""
        folder = self.folder / secrets.token_hex(4)
        folder.mkdir()
        other = World(folder, self.shim, MARTLET_LOGIN_ATTEMPTS="10/60")
        try:
            yield other
        finally:
            other.server.stop()

    # Time

    def now(self):
        return int(time.time()) + self.ahead

    def later(self, seconds):
        """The service's clock goes ahead, for good."""
        self.ahead += seconds
        new = self.ahead_path.with_suffix(".new")
        new.write_text(str(self.ahead))
        new.rename(self.ahead_path)

    # People

    @property
    def person(self):
        """Somebody who has an account and may be signed in."""
        if self._person is None:
            self._person = self.somebody()
        return self._person

    def somebody(self):
        """Somebody new."""
        username = martlet_server.name("ada")
        self.server.register(username, PASSWORD, email=f"{username}@people.example")
        return Person(self.server, username, PASSWORD)

    def admin(self):
        return self.server.admin()

    # Requests at the authorization endpoint

    def id(self, client):
        return self.clients[client]["client_id"] if client in self.clients else client

    def request(self, client="web", verifier=None, **overrides):
        """The parameters of a request that is in order but for what is overridden; None leaves one out."""
        registered = self.clients.get(client, {}).get("redirect_uris", [None])
        usual = {
            "response_type": "code", "client_id": self.id(client), "redirect_uri": registered[0], "scope": "openid", "state": self.state,
            "nonce": secrets.token_urlsafe(8), "code_challenge": challenge(verifier or new_verifier()), "code_challenge_method": "S256",
        }
        return {name: value for name, value in {**usual, **overrides}.items() if value is not None}

    def authorize(self, client="web", person=None, decision="allow", remember=False, method="GET", **overrides):
        return (person or self.person).authorize(decision, remember, method, **self.request(client, **overrides))

    def visit(self, client="web", person=None, **overrides):
        """The first page, or answer, of a request: nobody decides anything."""
        query = urllib.parse.urlencode(self.request(client, **overrides), doseq=True)
        return (person or self.person).get(f"/oauth2/authorize?{query}")

    def stranger(self):
        """Somebody who is not signed in."""
        return Person(self.server, "nobody", "nothing")

    def code(self, client="web", person=None, **overrides):
        verifier = new_verifier()
        request = self.request(client, verifier, **overrides)
        landing = (person or self.person).authorize(**request)
        assert isinstance(landing, Landing) and landing.get("code"), f"no code: {landing}"
        return Grant(client, landing["code"], verifier, request.get("redirect_uri"), landing)

    # Requests at the endpoints for clients

    def proof(self, client, fields):
        """Header fields and parameters by which a client proves itself as it registered."""
        if client is None:
            return {}, fields
        if isinstance(client, dict):
            return client, fields
        record = self.clients[client]
        method = record["token_endpoint_auth_method"]
        if method == "none":
            return {}, {"client_id": record["client_id"], **fields}
        if method == "client_secret_post":
            return {}, {"client_id": record["client_id"], "client_secret": record["client_secret"], **fields}
        if method == "private_key_jwt":
            return {}, {"client_assertion_type": ASSERTION_TYPE, "client_assertion": self.assertion(client), **fields}
        return basic(record["client_id"], record["client_secret"]), fields

    def form(self, path, fields, client=None, headers=None, method="POST"):
        """A form posted at an endpoint below /oauth2/ by a client (a name, header fields, or None)."""
        own, fields = self.proof(client, fields)
        body = fields if isinstance(fields, bytes) else urllib.parse.urlencode(
            {name: value for name, value in fields.items() if value is not None}, doseq=True).encode()
        return self.server.send(method, f"/oauth2/{path}", body, {"Content-Type": FORM, **own, **(headers or {})})

    def token(self, client, headers=None, **fields):
        return self.form("token", fields, client, headers)

    def redeem(self, grant, client=None, headers=None, **overrides):
        """Redeems a code as it should be, but for what is overridden."""
        usual = {
            "grant_type": "authorization_code", "code": grant.code, "redirect_uri": grant.redirect_uri, "code_verifier": grant.verifier,
        }
        return self.token(grant.client if client is None else client, headers, **{**usual, **overrides})

    def tokens(self, client="web", person=None, **overrides):
        """The tokens of a person's yes."""
        answer = self.redeem(self.code(client, person, **overrides))
        assert answer.status == 200, f"no tokens: {answer}"
        return answer.json

    def refresh(self, client, token, headers=None, **fields):
        return self.token(client, headers, grant_type="refresh_token", refresh_token=token, **fields)

    def machine_token(self, client="machine", **fields):
        answer = self.token(client, grant_type="client_credentials", **fields)
        assert answer.status == 200, f"no token: {answer}"
        return answer.json["access_token"]

    def introspect(self, token, client, **fields):
        return self.form("introspect", {"token": token, **fields}, client)

    def is_active(self, token):
        answer = self.introspect(token, "own")
        assert answer.status == 200, answer
        return answer.json["active"]

    def revoke(self, token, client, **fields):
        return self.form("revoke", {"token": token, **fields}, client)

    def bearer(self, token, path="/oauth2/userinfo", method="GET", scheme="Bearer", **headers):
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.server.send(method, path, None, {"Authorization": f"{scheme} {token}", **fields})

    # Signed by clients

    def assertion(self, client="keys", key=None, algorithm=None, headers=None, drop=(), **overrides):
        """A client assertion (RFC 7523 §3) that is in order but for what is overridden or dropped."""
        own = self.id(client)
        usual = {"iss": own, "sub": own, "aud": self.server.url, "exp": self.now() + 60, "iat": self.now(), "jti": str(uuid.uuid4())}
        payload = {name: value for name, value in {**usual, **overrides}.items() if name not in drop}
        return self.signed(payload, key or KEYS[client], algorithm or ALGORITHMS[client], {"kid": KEYS[client].key_id, **(headers or {})})

    @staticmethod
    def signed(payload, key, algorithm, headers=None):
        text = None if algorithm == "none" else key.export_to_pem(private_key=True, password=None)
        return jwt.encode(payload, text, algorithm=algorithm, headers={name: value for name, value in (headers or {}).items() if value is not None})

    def asserted(self, assertion, path="token", **fields):
        return self.form(path, {
            "grant_type": "client_credentials", "client_assertion_type": ASSERTION_TYPE, "client_assertion": assertion, **fields})


def wait_for_keys(server):
    """A new service makes the keys of ID tokens after it began to serve."""
    if "id_token_signing_alg_values_supported" in server.get("/.well-known/openid-configuration").json:
        martlet_server.until(
            lambda: any(key.get("alg") == "RS256" for key in server.get("/.well-known/jwks.json").json["keys"]), 30, 0.1, "a key of ID tokens")


def new_verifier():
    return secrets.token_urlsafe(48)


def challenge(verifier):
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()


def basic(client_id, secret):
    pair = f"{urllib.parse.quote(client_id, safe='')}:{urllib.parse.quote(secret, safe='')}"
    return {"Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}
