"""A client as one writes it: a small web application on loopback that signs people in here, with Authlib for the protocol."""

import html
import http.cookies
import http.server
import json
import secrets
import threading
import urllib.parse

from authlib.integrations.requests_client import OAuth2Session
from joserfc import jwt
from joserfc.jwk import KeySet

SCOPE = "openid profile email offline_access"


class ClientApp:
    """The application: who is signed in to it, by its own cookie, and what it was told.

    Its pages: `/` (who is here), `/login?PARAMETER=...` (the request's parameters beside the usual), `/cb`, `/logout`, `/bye`, `/front`.
    """

    def __init__(self, server, folder, name, **metadata):
        self.server, self.name = server, name
        self.sessions, self.begun, self.ended = {}, {}, []
        self._http = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        self.host = self.url.removeprefix("http://")
        path = folder / f"{secrets.token_hex(6)}.json"
        path.write_text(json.dumps({
            "redirect_uris": [self.url + "/cb"], "post_logout_redirect_uris": [self.url + "/bye"], "scope": SCOPE,
            "frontchannel_logout_uri": self.url + "/front", "frontchannel_logout_session_required": True,
            "grant_types": ["authorization_code", "refresh_token"], **metadata,
        }))
        self.client = json.loads(server.cli("client", "add", "--json", "--name", name, "--metadata", path).stdout)
        server.secrets.add(self.client["client_secret"])
        self.metadata = server.get("/.well-known/openid-configuration").json
        # Applications on one host share its cookies, whatever their ports.
        self.cookie = f"app-{secrets.token_hex(4)}"
        threading.Thread(target=self._http.serve_forever, args=(0.02,), daemon=True).start()

    def close(self):
        self._http.shutdown()
        self._http.server_close()

    # What it does

    def login(self, parameters):
        """Where it sends the browser."""
        session, verifier, nonce = self._session(), secrets.token_urlsafe(48), secrets.token_urlsafe(12)
        address, state = session.create_authorization_url(
            self.metadata["authorization_endpoint"], code_verifier=verifier, nonce=nonce, **parameters)
        self.begun[state] = verifier, nonce
        return address

    def callback(self, told):
        """Whoever came back: the claims of the ID token, or the error."""
        verifier, nonce = self.begun.pop(told["state"])
        assert told["iss"] == self.server.url, "RFC 9207 §2.4"
        if "error" in told:
            return {"error": told["error"]}
        self.server.secrets.add(told["code"])
        session = self._session()
        token = session.fetch_token(self.metadata["token_endpoint"], code=told["code"], code_verifier=verifier)
        self.server.secrets.update((token["access_token"], token["refresh_token"]))
        keys = KeySet.import_key_set(self.server.get("/.well-known/jwks.json").json)
        claims = jwt.decode(token["id_token"], keys, algorithms=["RS256"]).claims
        assert (claims["iss"], claims["aud"], claims["nonce"]) == (self.server.url, self.client["client_id"], nonce)
        person = session.get(self.metadata["userinfo_endpoint"]).json()
        assert person["sub"] == claims["sub"]
        return {**claims, "name": person["preferred_username"], "id_token": token["id_token"]}

    def logout(self, parameters):
        fields = {"client_id": self.client["client_id"], "post_logout_redirect_uri": self.url + "/bye", **parameters}
        return self.metadata["end_session_endpoint"] + "?" + urllib.parse.urlencode(fields)

    def _session(self):
        return OAuth2Session(
            self.client["client_id"], self.client["client_secret"], scope=SCOPE, redirect_uri=self.url + "/cb", code_challenge_method="S256")

    # How it is asked

    def _handler(app):
        class Handler(http.server.BaseHTTPRequestHandler):
            def handle_one(self):
                path, _, query = self.path.partition("?")
                body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
                told = dict(urllib.parse.parse_qsl(body or query))
                answer = getattr(self, path.strip("/") or "home", None)
                if path.strip("/") not in ("", "login", "cb", "logout", "bye", "front"):
                    return self.reply(404)
                answer(told)

            do_GET = do_POST = handle_one

            @property
            def key(self):
                morsel = http.cookies.SimpleCookie(self.headers.get("Cookie", "")).get(app.cookie)
                return morsel.value if morsel else None

            def home(self, told, note=""):
                person = app.sessions.get(self.key)
                said = f"Hello {person['name']}" if person else "Nobody is here"
                self.reply(200, f"<h1>{app.name}</h1><p id=said>{html.escape(said)}</p><p id=note>{html.escape(note)}</p>"
                                "<p><a href='/login'>Sign in</a> <a href='/logout'>Sign out</a></p>")

            def login(self, told):
                self.reply(303, location=app.login(told))

            def cb(self, told):
                person = app.callback(told)
                if "error" in person:
                    return self.home({}, person["error"])
                key = secrets.token_urlsafe(16)
                app.sessions[key] = person
                self.reply(303, location="/", cookie=f"{app.cookie}={key}; Path=/; HttpOnly; SameSite=Lax")

            def logout(self, told):
                person = app.sessions.get(self.key, {})
                if told.pop("hint", None):
                    told["id_token_hint"] = person["id_token"]
                self.reply(303, location=app.logout(told))

            def bye(self, told):
                app.sessions.pop(self.key, None)
                self.home({}, f"Good-bye {told.get('state', '')}")

            def front(self, told):
                """OpenID Connect Front-Channel Logout 1.0 §2."""
                app.ended.append((told["iss"], told["sid"]))
                app.sessions = {key: person for key, person in app.sessions.items() if person["sid"] != told["sid"]}
                self.reply(200, "<p>Signed out.</p>")

            def reply(self, status, body="", location=None, cookie=None):
                content = f"<!doctype html><meta name=viewport content='width=device-width'><title>{app.name}</title>{body}".encode()
                self.send_response(status)
                fields = {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(content)), "Location": location,
                          "Set-Cookie": cookie, "Cache-Control": "no-store"}
                for name, value in fields.items():
                    if value is not None:
                        self.send_header(name, value)
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_):
                pass

        return Handler
