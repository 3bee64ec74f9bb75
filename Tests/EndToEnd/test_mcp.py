"""An MCP client that is given the address of a resource and nothing else: the official SDK against the example server, and
`martlet doctor mcp` against the same and against `martlet api`."""

import asyncio
import html
import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse

import pytest
import requests

import martlet_server
from martlet_server import free_port, until

EXAMPLE = pathlib.Path(__file__).parents[2] / "examples/mcp/server.py"
CALLBACK = "http://127.0.0.1:53682/callback"


def json_file(path, value):
    path.write_text(value if isinstance(value, str) else json.dumps(value))
    return str(path)


def doctor(server, *arguments):
    """The report, and the exit code. Nothing secret stands in it: `server.secrets` is looked for."""
    done = server.cli("doctor", *arguments, "--json", check=False)
    for secret in server.secrets:
        assert secret not in done.stdout
    return json.loads(done.stdout), done.returncode


def outcomes(report):
    return {check["check"]: check["outcome"] for check in report["checks"]}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = martlet_server.launch(tmp_path_factory.mktemp("mcp"), MARTLET_CLIENT_REGISTRATION="open")
    yield server
    server.stop()


@pytest.fixture
def resource(server):
    """The example, as its README starts it."""
    port = free_port()
    url = f"http://localhost:{port}/mcp"
    environment = {**os.environ, "ISSUER": server.url, "RESOURCE": url, "PORT": str(port)}
    process = subprocess.Popen([sys.executable, str(EXAMPLE)], env=environment)
    try:
        until(lambda: answers(url), seconds=20, what="the example MCP server")
        yield url
    finally:
        process.terminate()
        process.wait(10)


def answers(url):
    try:
        return requests.post(url, json={}, timeout=1).status_code == 401
    except requests.ConnectionError:
        return False


class Browser:
    """A person without scripts: signs in where a page asks for it, consents, and stops at the client's address."""

    def __init__(self, server, person):
        self.server, self.person, self.session = server, person, requests.Session()

    def follow(self, url):
        answer = self.session.get(url, allow_redirects=False)
        for _ in range(10):
            location = answer.headers.get("Location")
            if location:
                location = urllib.parse.urljoin(answer.url, location)
                if location.startswith(CALLBACK):
                    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(location).query))
                answer = self.session.get(location, allow_redirects=False)
            else:
                assert answer.status_code == 200, (answer.status_code, answer.text[:500])
                answer = self.submit(answer)
        raise AssertionError("the pages lead in a circle")

    def submit(self, page):
        action = html.unescape(re.search(r'<form method="post" action="([^"]*)"', page.text)[1])
        hidden = re.findall(r'<input type="hidden" name="([^"]*)" value="([^"]*)"', page.text)
        fields = {name: html.unescape(value) for name, value in hidden}
        if 'name="password"' in page.text:
            fields |= {"username": self.person.username, "password": martlet_server.PASSWORD}
        else:
            fields["decision"] = "allow"
        origin = {"Origin": self.server.url}
        return self.session.post(urllib.parse.urljoin(page.url, action), data=fields, headers=origin, allow_redirects=False)


def test_the_sdk_finds_the_server_registers_gets_a_token_and_calls(server, resource):
    """MCP specification, Authorization: RFC 9728 §5.1, RFC 8414 §3, RFC 7591 §3, RFC 7636 §4, RFC 8707 §2."""
    import httpx2
    from mcp.client.auth import OAuthClientProvider
    from mcp.client.client import Client
    from mcp.client.streamable_http import streamable_http_client
    from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

    if "authorization_endpoint" not in server.get("/.well-known/oauth-authorization-server").json:
        pytest.skip("this build has no authorization endpoint")
    ada = server.register()
    browser = Browser(server, ada)
    seen = {}

    class Memory:
        tokens = client = None

        async def get_tokens(self):
            return self.tokens

        async def set_tokens(self, tokens):
            self.tokens = tokens

        async def get_client_info(self):
            return self.client

        async def set_client_info(self, client):
            self.client = client

    memory = Memory()

    async def redirected(url):
        seen["asked"] = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(url).query))
        seen["answer"] = await asyncio.to_thread(browser.follow, url)

    async def called_back():
        answer = seen["answer"]
        return AuthorizationCodeResult(code=answer["code"], state=answer["state"], iss=answer["iss"])

    async def run():
        metadata = OAuthClientMetadata(
            client_name="An MCP client", redirect_uris=[CALLBACK], grant_types=["authorization_code", "refresh_token"],
            response_types=["code"], token_endpoint_auth_method="none",
        )
        provider = OAuthClientProvider(resource, metadata, memory, redirected, called_back)
        async with httpx2.AsyncClient(auth=provider, timeout=30) as http:
            async with Client(streamable_http_client(resource, http_client=http)) as client:
                return await client.call_tool("whoami")

    result = asyncio.run(run())
    subject = server.get("/api/v1/users/me", token=ada.access).json["id"]
    assert result.content[0].text == f"{subject} by {memory.client.client_id}"
    assert seen["asked"]["resource"] == resource and seen["asked"]["code_challenge_method"] == "S256"
    assert seen["answer"]["iss"] == server.url, "RFC 9207 §2"


def test_the_doctor_plays_the_same_client(server, resource, tmp_path):
    report, code = doctor(server, "mcp", "--register", resource)
    found = outcomes(report)
    assert found["challenge"] == found["resource metadata"] == "ok", report
    if "authorization_endpoint" not in server.get("/.well-known/oauth-authorization-server").json:
        assert (report["failed"], code) == ("server metadata", 1)
        return
    assert (report["ok"], code) == (True, 0) and found["removal"] == "ok", report

    client = json.loads(server.cli("client", "add", "--json", "--name", "M", "--grant", "client_credentials").stdout)
    server.secrets.add(client["client_secret"])
    report, code = doctor(server, "mcp", "--client-credentials", json_file(tmp_path / "client.json", client), resource)
    assert code == 0 and outcomes(report)["call"] == outcomes(report)["foreign token"] == "ok", report
    report, code = doctor(server, "mcp", "--token", json_file(tmp_path / "token", server.register().access), resource)
    assert (code, report["failed"]) == (1, "token"), "RFC 8707 §2: a token for the issuer is none for the resource"


def test_an_api_with_a_path_has_its_document_where_rfc_9728_says(server, consume):
    """RFC 9728 §3.1 and §5.1."""
    url = f"http://127.0.0.1:{(port := free_port())}/mcp"
    api = consume(server.url, MARTLET_LISTEN=f"127.0.0.1:{port}", MARTLET_AUDIENCE=url).ready()
    document = f"http://127.0.0.1:{port}/.well-known/oauth-protected-resource/mcp"
    for path in ["/mcp", "/api/v1/whoami"]:
        assert f'resource_metadata="{document}"' in api.get(path).headers["WWW-Authenticate"]
    assert api.get("/.well-known/oauth-protected-resource/mcp").json["resource"] == url
    report, _ = doctor(server, "mcp", url)
    assert outcomes(report)["challenge"] == outcomes(report)["resource metadata"] == "ok", report
    token = server.login(martlet_server.ADMIN, martlet_server.ADMIN_PASSWORD, audience=url).access
    assert api.get("/mcp", token=token).json["aud"] in (url, [url])


def test_a_feed_for_tokens_is_read_by_the_operators_own_client(tmp_path, consume):
    """OAuth 2.1 §4.2; the scope `revocations` is a first-party client's alone."""
    server = martlet_server.launch(tmp_path / "issuer", MARTLET_FEED="token")
    try:
        reader = ["--name", "reader", "--grant", "client_credentials", "--scope", "revocations"]
        made = [json.loads(server.cli("client", "add", "--json", *reader, *more).stdout) for more in (["--first-party"], [])]
        server.secrets.update(client["client_secret"] for client in made)
        credentials = [(client["client_id"], client["client_secret"]) for client in made]
        form = {"grant_type": "client_credentials", "scope": "revocations"}
        answers = [requests.post(f"{server.url}/oauth2/token", data=form, auth=pair) for pair in credentials]
        assert answers[0].status_code == 200 and answers[0].json()["scope"] == "revocations"
        assert answers[1].status_code == 400 and answers[1].json()["error"] == "invalid_scope", "RFC 6749 §5.2"
        feed = "/.well-known/revocations"
        assert server.get(feed, token=answers[0].json()["access_token"]).status == 200
        assert server.get("/api/v1/users/me", token=answers[0].json()["access_token"]).status == 403

        settings = {"MARTLET_API_CLIENT_ID": credentials[0][0], "MARTLET_API_CLIENT_SECRET": credentials[0][1]}
        api = consume(server.url, **settings).ready()
        ada = server.register()
        assert api.accepts(ada.access)
        assert server.post("/auth/logout-all", token=ada.access).status == 204
        until(lambda: api.refuses(ada.access), seconds=5, what="the news")
    finally:
        server.stop()


def test_the_doctor_looks_at_an_installation(server):
    report, code = doctor(server)
    found = outcomes(report)
    assert (report["ok"], code) == (True, 0) or report["failed"] in ("failed logins",), report
    for check in ("permissions", "write-ahead log", "master key", "key ring, access", "key ring, refresh", "key ring, feed", "metadata",
                  "key set", "clock", "proxy headers", "revocation feed"):
        assert found[check] == "ok", (check, report)
    outside, code = doctor(server, "--issuer", server.url)
    assert code == 0 and "master key" not in outcomes(outside), outside
    slash, code = doctor(server, "--issuer", server.url.replace("127.0.0.1", "localhost") + "/x")
    assert (code, slash["failed"]) == (1, "issuer")


def test_the_doctor_names_what_is_wrong(tmp_path):
    server = martlet_server.launch(tmp_path / "issuer")
    try:
        database = next(pathlib.Path(tmp_path).rglob("martlet.db"))
        database.chmod(0o644)
        report, code = doctor(server)
        assert code == 1 and outcomes(report)["permissions"] == "failed"
        database.chmod(0o600)
        host = server.url.replace("127.0.0.1", "localhost") if "127.0.0.1" in server.url else server.url.replace("localhost", "127.0.0.1")
        report, code = doctor(server, "--issuer", host)
        assert (code, report["failed"]) == (1, "metadata"), "the issuer has one name"
    finally:
        server.stop()
    report, code = doctor(server, "--issuer", server.url)
    assert (code, report["failed"]) == (1, "issuer"), "nobody is there"


def test_completions_have_the_doctor(server):
    for shell in ("bash", "zsh", "fish"):
        script = server.cli("--generate-completion-script", shell).stdout
        assert "doctor" in script and "client-credentials" in script
