"""Clients of the authorization server: by the command line beside a running service, by the admin API, and by themselves."""

import json
import secrets
import sqlite3
import subprocess

import pytest

import martlet_server
from martlet_server import StartFailure, binary, clean_environment

WEB = {"redirect_uris": ["https://shop.example/callback"], "client_name": "Shop"}
INITIAL = "an-initial-access-token-of-this-test"


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = martlet_server.launch(tmp_path_factory.mktemp("clients"), MARTLET_CLIENT_REGISTRATION="open")
    yield server
    server.stop()


@pytest.fixture(scope="module")
def warden(server):
    return server.admin()


def made(server, *arguments):
    """A client by the command line, as it printed it."""
    client = json.loads(server.cli("client", "add", "--json", *arguments).stdout)
    server.secrets.add(client.get("client_secret", "no secret at all"))
    return client


def register(server, token=None, **members):
    answer = server.post("/oauth2/register", {**WEB, **members}, token=token)
    assert answer.status == 201, answer
    return answer.json


def actions(warden, client_id):
    items = warden.call("GET", "/admin/api/audit?limit=200").json["items"]
    return {item["action"]: item["actor"] for item in items if item["target"] == f"client:{client_id}"}


# The command line

def test_a_client_of_the_command_line_is_the_services_at_once(server, warden):
    client = made(server, "--name", "Shop", "--redirect-uri", "https://shop.example/callback")
    shown = warden.call("GET", f"/admin/api/clients/{client['client_id']}")
    assert shown.status == 200 and shown.json == {name: value for name, value in client.items() if name != "client_secret"}
    assert client["grant_types"] == ["authorization_code", "refresh_token"] and client["origin"] == "operator"
    assert actions(warden, client["client_id"]) == {"client.registered": "cli"}
    assert client["client_id"] in server.cli("client", "list").stdout
    assert client["client_id"] in [line["client_id"] for line in json.loads(server.cli("client", "list", "--json").stdout)]


def test_a_secret_is_printed_once_and_is_nowhere(server):
    result = server.cli("client", "add", "--name", "Billing", "--grant", "client_credentials", "--scope", "invoices:read")
    rows = dict(line.split(None, 1) for line in result.stdout.splitlines() if len(line.split(None, 1)) == 2)
    client_id, secret = rows["client_id"], rows["client_secret"]
    server.secrets.add(secret)
    assert len(secret) == 43
    again = server.cli("client", "show", client_id)
    assert "invoices:read" in again.stdout and secret not in again.stdout and "client_secret " not in again.stdout
    assert secret not in server.cli("client", "show", "--json", client_id).stdout
    for path in (server.folder / "data").iterdir():
        assert secret.encode() not in path.read_bytes(), path


def test_rotating_makes_another_secret(server, warden):
    client = made(server, "--redirect-uri", "https://shop.example/callback")
    rotated = json.loads(server.cli("client", "rotate-secret", "--json", client["client_id"]).stdout)
    server.secrets.add(rotated["client_secret"])
    assert rotated["client_secret"] != client["client_secret"]
    assert warden.call("GET", f"/admin/api/clients/{client['client_id']}").headers["ETag"] == '"2"'
    assert actions(warden, client["client_id"]) == {"client.registered": "cli", "client.changed": "cli"}


def test_removing_takes_everything(server, warden):
    client = made(server, "--public", "--redirect-uri", "http://127.0.0.1/callback")
    assert "client_secret" not in client
    assert server.cli("client", "remove", client["client_id"]).stdout.startswith("Removed the client")
    assert warden.call("GET", f"/admin/api/clients/{client['client_id']}").status == 404
    for command in ("show", "rotate-secret", "remove"):
        result = server.cli("client", command, client["client_id"], check=False)
        assert result.returncode == 1 and result.stderr == f"Error: There is no client {client['client_id']}.\n" and not result.stdout


def test_metadata_comes_from_a_file_and_options_win(server, tmp_path):
    path = tmp_path / "client.json"
    path.write_text(json.dumps({
        "client_name": "From the file", "redirect_uris": ["https://a.example/cb"], "subject_type": "pairwise", "first_party": True,
        "access_ttl": 60, "token_endpoint_auth_method": "private_key_jwt", "jwks": {"keys": []}}))
    client = made(server, "--metadata", path, "--name", "Named", "--id", "named")
    assert client["client_id"] == "named" and client["client_name"] == "Named" and client["subject_type"] == "pairwise"
    assert client["first_party"] is True and client["access_ttl"] == 60 and client["jwks"] == {"keys": []}
    assert "client_secret" not in client
    piped = server.cli("client", "add", "--metadata", "-", "--json", text=path.read_text())
    assert json.loads(piped.stdout)["client_name"] == "From the file"


@pytest.mark.parametrize("arguments, says", [
    ([], "redirect_uris is needed"),
    (["--redirect-uri", "javascript:alert(1)"], "A redirect URI must be https"),
    (["--grant", "implicit"], "grant_types has a grant type that is not served"),
    (["--grant", "client_credentials", "--public"], "A public client"),
    (["--grant", "client_credentials", "--id", "martlet"], "client_id must be"),
    (["--grant", "client_credentials", "--metadata", "/nowhere"], "/nowhere cannot be read"),
])
def test_what_is_wrong_is_said_in_a_line(server, arguments, says):
    result = server.cli("client", "add", *arguments, check=False)
    assert result.returncode == 1 and result.stdout == "" and says in result.stderr and len(result.stderr.splitlines()) == 1, result


def test_an_id_is_taken_once(server):
    made(server, "--id", "taken", "--grant", "client_credentials")
    result = server.cli("client", "add", "--id", "taken", "--grant", "client_credentials", check=False)
    assert result.returncode == 1 and result.stderr == "Error: There is a client taken already.\n"


def test_a_client_can_be_made_before_the_first_start(tmp_path):
    environment = clean_environment({"MARTLET_DATA_DIR": tmp_path / "data"})
    result = subprocess.run(
        [binary(), "client", "add", "--id", "early", "--grant", "client_credentials", "--json"], env=environment, capture_output=True, text=True,
        check=True)
    server = martlet_server.launch(tmp_path)
    server.secrets.add(json.loads(result.stdout)["client_secret"])
    try:
        assert server.admin().call("GET", "/admin/api/clients/early").status == 200
    finally:
        server.stop()


# Dynamic registration

def test_a_client_registers_and_looks_after_itself(server, warden):
    client = register(server, something_new={"a": [1]}, grant_types=["authorization_code", "refresh_token", "client_credentials"])
    assert client["registration_client_uri"] == f"{server.url}/oauth2/register/{client['client_id']}"
    assert client["grant_types"] == ["authorization_code", "refresh_token"] and "something_new" not in client
    own, token = client["registration_client_uri"].removeprefix(server.url), client["registration_access_token"]

    shown = server.get(own, token=token)
    assert shown.status == 200 and shown.headers["Cache-Control"] == "no-store"
    assert shown.json == {name: value for name, value in client.items() if not name.startswith("client_secret")}

    wanted = {**WEB, "client_id": client["client_id"], "client_secret": client["client_secret"], "client_name": "Other"}
    assert server.call("PUT", own, wanted, token=token).json["client_name"] == "Other"
    assert server.call("PUT", own, {**wanted, "client_id": "other"}, token=token).json["error"] == "invalid_client_metadata"

    stranger = register(server)["registration_access_token"]
    for method, body in (("GET", None), ("PUT", wanted), ("DELETE", None)):
        answer = server.call(method, own, body, token=stranger)
        assert answer.status == 401 and answer.json["error"] == "invalid_token"
        assert answer.headers["WWW-Authenticate"].startswith("Bearer ")

    assert actions(warden, client["client_id"]) == {"client.registered": "anonymous", "client.changed": "anonymous"}
    assert server.call("DELETE", own, token=token).status == 204
    assert server.get(own, token=token).status == 401
    assert warden.call("GET", f"/admin/api/clients/{client['client_id']}").status == 404


def test_a_client_that_came_and_went_leaves_no_revocation_behind(server, warden):
    client = register(server)
    assert server.call("DELETE", f"/oauth2/register/{client['client_id']}", token=client["registration_access_token"]).status == 204
    live = warden.call("GET", "/admin/api/revocations?limit=200").json["items"]
    assert client["client_id"] not in [item["target"] for item in live]


@pytest.mark.parametrize("body, error", [
    ({"redirect_uris": ["javascript:alert(1)"]}, "invalid_redirect_uri"),
    ({"redirect_uris": ["http://shop.example/"]}, "invalid_redirect_uri"),
    ({}, "invalid_redirect_uri"),
    ({**WEB, "grant_types": ["client_credentials"]}, "invalid_client_metadata"),
    ({**WEB, "scope": "admin account"}, "invalid_client_metadata"),
    ({**WEB, "software_statement": "a.b.c"}, "unapproved_software_statement"),
    ({**WEB, "client_name": 7}, "invalid_client_metadata"),
])
def test_a_bad_registration_is_refused_in_the_rfcs_words(server, body, error):
    answer = server.post("/oauth2/register", body)
    assert answer.status == 400 and answer.json["error"] == error and answer.json["error_description"], answer
    assert answer.headers["Cache-Control"] == "no-store"


def test_refusals_of_the_server_itself_have_the_endpoints_shape(server):
    wrong_method = server.get("/oauth2/register")
    assert wrong_method.status == 405 and set(wrong_method.json) == {"error", "error_description"}


def test_who_may_register_is_a_setting(start, server):
    assert server.get("/.well-known/oauth-authorization-server").json["registration_endpoint"] == f"{server.url}/oauth2/register"
    closed = start()
    assert closed.post("/oauth2/register", WEB).status == 403
    assert "registration_endpoint" not in closed.get("/.well-known/oauth-authorization-server").json
    closed.stop()
    vouched = start(MARTLET_CLIENT_REGISTRATION="token", MARTLET_CLIENT_REGISTRATION_TOKEN=INITIAL)
    vouched.secrets.add(INITIAL)
    assert vouched.post("/oauth2/register", WEB).status == 401
    assert vouched.post("/oauth2/register", WEB, token=INITIAL + "x").status == 401
    assert register(vouched, INITIAL, grant_types=["client_credentials"])["grant_types"] == ["client_credentials"]


@pytest.mark.parametrize("settings, says", [
    ({"MARTLET_CLIENT_REGISTRATION": "token"}, "MARTLET_CLIENT_REGISTRATION_TOKEN"),
    ({"MARTLET_CLIENT_REGISTRATION_TOKEN": INITIAL}, "MARTLET_CLIENT_REGISTRATION=token or open"),
    ({"MARTLET_CLIENT_REGISTRATION": "open", "MARTLET_CLIENT_REGISTRATION_TOKEN": "short"}, "32 to 512"),
    ({"MARTLET_CLIENT_REGISTRATION": "sometimes"}, "closed or open or token"),
    ({"MARTLET_CLIENT_DOCUMENTS": "maybe"}, "off or on"),
])
def test_contradictory_settings_stop_the_start(start, settings, says):
    with pytest.raises(StartFailure) as failure:
        start(**settings)
    assert says in failure.value.log


def test_one_address_registers_twenty_clients_and_waits_then(start):
    server = start(MARTLET_CLIENT_REGISTRATION="open", MARTLET_LOGIN_ATTEMPTS="10/60")
    answers = [server.post("/oauth2/register", WEB) for _ in range(22)]
    assert [answer.status for answer in answers] == [201] * 20 + [429] * 2
    assert answers[20].json["error"] == "temporarily_unavailable" and int(answers[20].headers["Retry-After"]) > 0


def test_what_was_answered_survives_a_kill(start):
    server = start(MARTLET_CLIENT_REGISTRATION="open")
    client = register(server)
    server.kill()
    again = start(MARTLET_CLIENT_REGISTRATION="closed", MARTLET_ISSUER=server.url)
    shown = again.get(f"/oauth2/register/{client['client_id']}", token=client["registration_access_token"])
    assert shown.status == 200 and shown.json["client_name"] == "Shop", "who is registered goes on looking after themselves"


# Secrets at rest

def test_the_key_of_secrets_moves_to_the_next_master_key(start):
    import base64

    first, second = (base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode() for _ in range(2))
    server = start(MARTLET_MASTER_KEY=first)
    made(server, "--id", "app", "--grant", "client_credentials")

    def fact():
        with sqlite3.connect(server.folder / "data" / "martlet.db") as database:
            return database.execute("SELECT value FROM facts WHERE name = 'client_secret_key'").fetchone()[0]

    before = fact()
    server.stop()
    start(MARTLET_MASTER_KEY=second, MARTLET_MASTER_KEY_PREVIOUS=first).stop()
    assert fact() != before
    with pytest.raises(StartFailure) as failure:
        start(MARTLET_MASTER_KEY=first)
    assert "sealed under another master key" in failure.value.log


# Documents

def test_documents_are_a_setting_that_the_metadata_tells(start, server):
    name = "client_id_metadata_document_supported"
    assert name not in server.get("/.well-known/oauth-authorization-server").json
    assert start(MARTLET_CLIENT_DOCUMENTS="on").get("/.well-known/oauth-authorization-server").json[name] is True
