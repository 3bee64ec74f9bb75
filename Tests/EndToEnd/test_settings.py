"""Settings: what is refused and how, where they come from, and what they change."""

import base64
import json
import os
import secrets
import stat
import subprocess

import pytest

from martlet_server import (
    ADMIN, ADMIN_PASSWORD, PASSWORD, StartFailure, binary, claims, clean_environment, header, launch, name,
)


def serve(tmp_path, *arguments, **settings):
    """Runs `serve` with settings that are expected to stop it."""
    environment = clean_environment({"MARTLET_LISTEN": "127.0.0.1:0", "MARTLET_METRICS_LISTEN": "off", "MARTLET_DATA_DIR": tmp_path / "data", **settings})
    try:
        return subprocess.run([binary(), "serve", *arguments], capture_output=True, text=True, env=environment, cwd=tmp_path, timeout=15)
    except subprocess.TimeoutExpired as started:
        pytest.fail(f"the service started: {started.stdout}")


def refused(result, *words):
    """One line, on standard error, that has these words in it."""
    assert result.returncode != 0, result
    lines = (result.stdout + result.stderr).strip().splitlines()
    assert len(lines) == 1, result
    for word in words:
        assert word in lines[0], lines[0]
    return lines[0]


BAD = [
    ("LISTEN", "nonsense"), ("LISTEN", "127.0.0.1"), ("LISTEN", "127.0.0.1:99999"),
    ("ISSUER", "http://auth.example"), ("ISSUER", "https://auth.example/path"), ("ISSUER", "https://auth.example/"),
    ("ISSUER", "https://auth.example?x"), ("ISSUER", "https://auth.example#x"), ("ISSUER", "auth.example"), ("ISSUER", "ftp://localhost"),
    ("ISSUER", "http://localhost.evil.example"), ("ISSUER", "https://AUTH.example"), ("ISSUER", "https://"),
    ("DATABASE", "mysql://x"), ("DATABASE", "sqlite:"),
    ("MASTER_KEY", "short"), ("MASTER_KEY", "A" * 44), ("MASTER_KEY", "!" * 43), ("MASTER_KEY_PREVIOUS", "short"),
    ("SIGNING_ALGORITHM", "none"), ("SIGNING_ALGORITHM", "es256"), ("SIGNING_ALGORITHM", "HS256"), ("JWT_SECRET", "x" * 40),
    ("KEY_ROTATION_DAYS", "-1"), ("KEY_ROTATION_DAYS", "ten"), ("ACCESS_TTL", "0"), ("ACCESS_TTL", "1e3"), ("ACCESS_TTL", "99999999999999999999"),
    ("REFRESH_TTL", "1.5"), ("REFRESH_TTL", "99999999"), ("SESSION_TTL", "61"), ("REFRESH_GRACE", "-1"), ("REFRESH_GRACE", "9999"),
    ("REGISTRATION", "maybe"), ("ADMIN_USERNAME", "alone"), ("ADMIN_PASSWORD", "alone but long"),
    ("ARGON2_MEMORY_KIB", "1"), ("ARGON2_ITERATIONS", "0"), ("ARGON2_PARALLELISM", "0"), ("TRUSTED_PROXIES", "10.0.0.0/33"),
    ("TRUSTED_PROXIES", "proxy.example"), ("FORWARDED_HEADER", "x-real-ip"), ("CORS_ORIGINS", "*"), ("CORS_ORIGINS", "https://app.example/"),
    ("CORS_ORIGINS", "app.example"), ("CORS_ORIGINS", "https://*.example"), ("METRICS_LISTEN", "yes"), ("AUDIT_DAYS", "0"),
    ("LOGIN_ATTEMPTS", "10"), ("LOGIN_ATTEMPTS", "0/60"), ("LOGIN_ATTEMPTS", "ten/60"), ("LOG_LEVEL", "loud"), ("LOG_FORMAT", "xml"),
    ("PUBLIC_DIR", "/nowhere/at/all"), ("MIGRATIONS_DIR", "/nowhere/at/all"), ("MAX_BODY", "1"), ("HEAD_TIMEOUT", "0"), ("MAX_CONNECTIONS", "0"),
    ("MASTER_KEY_FILE", "/nowhere/at/all"),
]


@pytest.mark.parametrize("setting, value", BAD)
def test_a_bad_setting_stops_the_start_with_one_line_that_names_it(tmp_path, setting, value):
    line = refused(serve(tmp_path, **{f"MARTLET_{setting}": value}))
    if setting not in ("SIGNING_ALGORITHM", "JWT_SECRET", "PUBLIC_DIR", "MIGRATIONS_DIR"):
        assert f"MARTLET_{setting}" in line or "MARTLET_REFRESH_TTL" in line
    if setting in ("MASTER_KEY", "MASTER_KEY_PREVIOUS", "JWT_SECRET"):
        assert value not in line, "a secret is not repeated"
    if setting != "PUBLIC_DIR":
        assert not (tmp_path / "data" / "martlet.db").exists(), "nothing is made before the settings are right"


@pytest.mark.parametrize("setting, near", [
    ("MARTLET_ISUER", "MARTLET_ISSUER"), ("MARTLET_ACCES_TTL", "MARTLET_ACCESS_TTL"), ("MARTLET_DATADIR", "MARTLET_DATA_DIR"),
    ("MARTLET_REFRESH_GRACE_", "MARTLET_REFRESH_GRACE"), ("MARTLET_MASTER_KEY_PREVIOS", "MARTLET_MASTER_KEY_PREVIOUS"),
])
def test_an_unknown_variable_suggests_the_near_one(tmp_path, setting, near):
    refused(serve(tmp_path, **{setting: "x"}), setting, near)


def test_a_variable_like_no_other_is_refused_too(tmp_path):
    refused(serve(tmp_path, MARTLET_SOMETHING_ELSE_ENTIRELY="x"), "MARTLET_SOMETHING_ELSE_ENTIRELY", "--help")


@pytest.mark.parametrize("arguments", [["--nonsense"], ["--master-key", "x"], ["--jwt-secret", "x"], ["--admin-password", "x"], ["--listen"], ["extra"]])
def test_a_flag_that_there_is_not_or_must_not_be_is_refused(tmp_path, arguments):
    result = serve(tmp_path, *arguments)
    assert result.returncode != 0 and "Error:" in result.stderr


# What the contract lists, each as its default.
DEFAULTS = {
    "MARTLET_LISTEN": "127.0.0.1:8080", "MARTLET_SIGNING_ALGORITHM": "ES256", "MARTLET_KEY_ROTATION_DAYS": "90", "MARTLET_ACCESS_TTL": "600",
    "MARTLET_REFRESH_TTL": "1209600", "MARTLET_SESSION_TTL": "7776000", "MARTLET_REFRESH_GRACE": "30", "MARTLET_REGISTRATION": "open",
    "MARTLET_ARGON2_MEMORY_KIB": "19456", "MARTLET_ARGON2_ITERATIONS": "2", "MARTLET_ARGON2_PARALLELISM": "1",
    "MARTLET_FORWARDED_HEADER": "x-forwarded-for", "MARTLET_METRICS_LISTEN": "127.0.0.1:9464",
    "MARTLET_AUDIT_DAYS": "400", "MARTLET_LOG_LEVEL": "info", "MARTLET_LOG_FORMAT": "json", "MARTLET_LOGIN_ATTEMPTS": "10/60",
}


@pytest.mark.parametrize("setting", DEFAULTS)
def test_every_default_of_the_contract_may_be_written_out(tmp_path, setting):
    result = subprocess.run(
        [binary(), "migrate", "--dry-run"], capture_output=True, text=True, cwd=tmp_path, timeout=15,
        env=clean_environment({"MARTLET_DATA_DIR": tmp_path / "data", setting: DEFAULTS[setting]}))
    assert result.returncode == 0, result.stderr


def test_the_help_names_every_variable_that_is_no_secret():
    text = " ".join(subprocess.run([binary(), "serve", "--help"], capture_output=True, text=True, env=clean_environment()).stdout.split())
    listed = [*DEFAULTS, "MARTLET_ISSUER", "MARTLET_DATA_DIR", "MARTLET_DATABASE", "MARTLET_AUDIENCE", "MARTLET_ADMIN_USERNAME", "MARTLET_TRUSTED_PROXIES", "MARTLET_CORS_ORIGINS"]
    assert [variable for variable in listed if f"[{variable}]" not in text] == []


def test_what_kubernetes_sets_is_ignored(start):
    server = start(
        MARTLET_PORT="tcp://10.0.0.1:8080", MARTLET_PORT_8080_TCP="tcp://10.0.0.1:8080", MARTLET_PORT_8080_TCP_ADDR="10.0.0.1",
        MARTLET_SERVICE_HOST="10.0.0.1", MARTLET_SERVICE_PORT="8080", MARTLET_SERVICE_PORT_HTTP="8080")
    assert server.get("/readyz").status == 200


def test_a_flag_beats_the_environment_which_beats_the_file(start, tmp_path):
    config = tmp_path / "martlet.json"
    config.write_text(json.dumps({"access_ttl": 101, "refresh_ttl": 1000, "session_ttl": "2000", "cors_origins": ["https://a.example", "https://b.example"]}))
    server = start("--config", config, "--access-ttl", 103, MARTLET_ACCESS_TTL=102, MARTLET_REFRESH_TTL=1001)
    ada = server.register()
    assert (ada.body["expires_in"], ada.body["refresh_expires_in"]) == (103, 1001)
    assert server.get("/healthz", headers={"Origin": "https://b.example"}).headers["Access-Control-Allow-Origin"] == "https://b.example"


@pytest.mark.parametrize("text, words", [
    ("{", []), ("[]", ["object"]), ('{"acces_ttl": 1}', ["acces_ttl", "access_ttl"]), ('{"access_ttl": true}', ["access_ttl"]),
    ('{"access_ttl": "soon"}', ["access_ttl"]), ('{"access_ttl": 0}', ["access_ttl"]), (None, ["cannot be read"]),
])
def test_a_bad_file_is_refused_with_one_line_that_names_it(tmp_path, text, words):
    config = tmp_path / "martlet.json"
    if text is not None:
        config.write_text(text)
    refused(serve(tmp_path, "--config", config), "martlet.json", *words)


def test_secrets_come_from_files(start, tmp_path):
    key = base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()
    (tmp_path / "key").write_text(key + "\n")
    (tmp_path / "password").write_text(ADMIN_PASSWORD + "\r\n")
    server = start(MARTLET_MASTER_KEY_FILE=tmp_path / "key", MARTLET_ADMIN_PASSWORD_FILE=tmp_path / "password", MARTLET_ADMIN_PASSWORD=None)
    server.secrets.add(key)
    assert server.admin().me().status == 200
    assert not (tmp_path / "martlet" / "data" / "master.key").exists()


def test_a_secret_given_twice_is_refused(tmp_path):
    (tmp_path / "key").write_text("x")
    refused(serve(tmp_path, MARTLET_MASTER_KEY="A" * 43, MARTLET_MASTER_KEY_FILE=str(tmp_path / "key")), "MARTLET_MASTER_KEY", "MARTLET_MASTER_KEY_FILE")


def test_the_folder_and_its_files_are_for_their_owner_alone(start, tmp_path):
    old = os.umask(0)
    try:
        server = start()
    finally:
        os.umask(old)
    data = tmp_path / "martlet" / "data"
    server.register()
    mode = lambda path: stat.S_IMODE(path.stat().st_mode)  # noqa: E731
    assert mode(data) == 0o700
    assert {path.name: oct(mode(path)) for path in data.iterdir() if mode(path) != 0o600} == {}
    assert {"martlet.db", "master.key"} <= {path.name for path in data.iterdir()}


def test_the_issuer_is_localhost_and_the_port_that_is_bound(shared, ada):
    assert shared.url == f"http://localhost:{shared.port}" == claims(ada.access)["iss"]


def test_a_socket_file_is_listened_on(tmp_path):
    import http.client
    import socket

    path = tmp_path / "martlet.sock"
    server = launch(tmp_path, MARTLET_LISTEN=f"unix:{path}", MARTLET_ISSUER="https://auth.example")
    try:
        connection = http.client.HTTPConnection("localhost")
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.connect(str(path))
        connection.request("GET", "/readyz")
        assert connection.getresponse().status == 200
    finally:
        server.stop()


def test_a_socket_file_needs_an_issuer(tmp_path):
    refused(serve(tmp_path, MARTLET_LISTEN=f"unix:{tmp_path}/martlet.sock"), "MARTLET_ISSUER")


def test_a_taken_port_is_one_line(shared, tmp_path):
    refused(serve(tmp_path, MARTLET_LISTEN=f"127.0.0.1:{shared.port}"), "MARTLET_LISTEN")


def test_an_audience_of_its_own(start):
    server = start(MARTLET_AUDIENCE="https://api.example", fresh_admin=False)
    ada = server.register()
    assert claims(ada.access)["aud"] == "https://api.example"
    assert "account" not in claims(ada.access).get("scope", "").split(), "tokens for other APIs never carry that scope"


@pytest.mark.parametrize("setting", ["RS256", "ES384", "PS512", "EdDSA"])
def test_the_signing_algorithm(start, setting):
    server = start(MARTLET_SIGNING_ALGORITHM=setting)
    ada = server.register()
    assert header(ada.access)["alg"] == setting and ada.me().status == 200


def test_another_algorithm_later_becomes_the_next_key(start):
    server = start()
    ada = server.register()
    server.stop()
    again = start(MARTLET_SIGNING_ALGORITHM="EdDSA", MARTLET_LISTEN=f"127.0.0.1:{server.port}")
    assert {key["alg"] for key in again.token_keys()} == {"ES256", "EdDSA"}
    assert again.get("/api/v1/users/me", token=ada.access).status == 200
    assert header(again.login(ada.username).access)["alg"] == "ES256", "the new key waits until every cache has it"


def test_stronger_hashing_is_taken_up_at_the_next_login(start, tmp_path):
    import sqlite3

    def stored():
        with sqlite3.connect(tmp_path / "martlet" / "data" / "martlet.db") as database:
            return {row[0] for row in database.execute("SELECT password_hash FROM users WHERE username = ?", (ada.username,))}.pop()

    server = start()
    ada = server.register()
    server.stop()
    assert stored().startswith("$argon2id$v=19$m=64,t=1,p=1$")
    server = start(MARTLET_ARGON2_MEMORY_KIB=128)
    server.login(ada.username)
    assert stored().startswith("$argon2id$v=19$m=128,t=1,p=1$")
    server.login(ada.username)


def test_the_usual_hashing_is_argon2id_with_19_mib(start, tmp_path):
    import sqlite3

    server = start(MARTLET_ARGON2_MEMORY_KIB=None, MARTLET_ARGON2_ITERATIONS=None, fresh_admin=False, MARTLET_LOGIN_ATTEMPTS=None)
    server.register()
    with sqlite3.connect(tmp_path / "martlet" / "data" / "martlet.db") as database:
        (text,) = database.execute("SELECT password_hash FROM users").fetchone()
    assert text.startswith("$argon2id$v=19$m=19456,t=2,p=1$")


# The first administrator


def test_the_administrator_of_the_settings_is_made_once(start):
    server = start()
    warden = server.admin()
    second = warden.call("POST", "/admin/api/users", {"username": name(), "password": PASSWORD, "roles": ["admin"]})
    warden.call("POST", "/auth/password", {"current_password": ADMIN_PASSWORD, "new_password": ADMIN_PASSWORD + "!"})
    server.stop()
    server = start()
    assert server.post("/auth/login", {"username": ADMIN, "password": ADMIN_PASSWORD}).status == 401, "the setting does not set it back"
    deputy = server.login(second.json["username"])
    assert deputy.call("DELETE", f"/admin/api/users/{warden.user_id}").status == 204
    server.stop()
    server = start()
    assert server.post("/auth/login", {"username": ADMIN, "password": ADMIN_PASSWORD}).status == 401, "nor make it anew"


def test_a_taken_name_stops_the_start(start):
    server = start(fresh_admin=False)
    server.register(ADMIN)
    server.stop()
    with pytest.raises(StartFailure) as failure:
        start()
    assert failure.value.returncode != 0 and ADMIN in failure.value.log and ADMIN_PASSWORD not in failure.value.log


@pytest.mark.parametrize("username, password, word", [
    ("warden", "short", "MARTLET_ADMIN_PASSWORD"), ("warden", "password123", "MARTLET_ADMIN_PASSWORD"), ("a b", "long enough for all", "MARTLET_ADMIN_USERNAME"),
])
def test_a_bad_first_administrator_stops_the_start(tmp_path, username, password, word):
    line = refused(serve(tmp_path, MARTLET_ADMIN_USERNAME=username, MARTLET_ADMIN_PASSWORD=password), word)
    assert password not in line


# The master key


def key():
    return base64.urlsafe_b64encode(secrets.token_bytes(32)).rstrip(b"=").decode()


def test_the_master_key_is_rotated_by_two_settings(start):
    one, two = key(), key()
    server = start(MARTLET_MASTER_KEY=one)
    ada = server.register()
    server.stop()
    listen = f"127.0.0.1:{server.port}"
    server = start(MARTLET_MASTER_KEY=two, MARTLET_MASTER_KEY_PREVIOUS=one, MARTLET_LISTEN=listen)
    assert server.get("/api/v1/users/me", token=ada.access).status == 200
    server.secrets |= {one, two}
    server.stop()
    server = start(MARTLET_MASTER_KEY=two, MARTLET_LISTEN=listen)
    assert server.get("/api/v1/users/me", token=ada.access).status == 200, "all was sealed anew"
    server.stop()
    with pytest.raises(StartFailure) as failure:
        start(MARTLET_MASTER_KEY=one)
    lines = failure.value.log.strip().splitlines()
    assert len(lines) == 1 and "master key" in lines[0] and one not in lines[0]


@pytest.mark.parametrize("damage, words", [
    (lambda path: path.unlink(), ["missing"]),
    (lambda path: path.write_text("damaged\n"), ["damaged"]),
    (lambda path: path.write_text(""), ["damaged"]),
    (lambda path: path.write_text(key() + "\n"), ["another master key"]),
])
def test_a_master_key_that_is_gone_or_damaged_is_told_and_not_made_anew(start, tmp_path, damage, words):
    server = start()
    ada = server.register()
    server.stop()
    path = tmp_path / "martlet" / "data" / "master.key"
    before = path.read_text()
    damage(path)
    with pytest.raises(StartFailure) as failure:
        start()
    lines = failure.value.log.strip().splitlines()
    assert failure.value.returncode != 0 and len(lines) == 1 and all(word in lines[0] for word in words), lines
    path.write_text(before)
    assert start().login(ada.username).me().status == 200, "putting it back is all it takes"


def test_a_sealed_key_that_was_changed_is_told(start, tmp_path):
    import sqlite3

    server = start()
    server.stop()
    with sqlite3.connect(tmp_path / "martlet" / "data" / "martlet.db") as database:
        rows = database.execute("SELECT id, private_key FROM signing_keys").fetchall()
        for identifier, sealed in rows:
            database.execute("UPDATE signing_keys SET private_key = ? WHERE id = ?", (sealed[:-1] + bytes([sealed[-1] ^ 1]), identifier))
    with pytest.raises(StartFailure) as failure:
        start()
    assert failure.value.returncode == 1 and "does not open" in failure.value.log


def test_a_private_key_is_not_in_the_clear(start, tmp_path):
    server = start()
    server.admin()
    server.stop()
    data = (tmp_path / "martlet" / "data" / "martlet.db").read_bytes()
    assert b'"d":' not in data and b'"k":' not in data and ADMIN_PASSWORD.encode() not in data


# Databases


def test_a_database_of_a_newer_program_is_refused(start, tmp_path):
    import sqlite3

    server = start()
    server.stop()
    path = tmp_path / "martlet" / "data" / "martlet.db"
    database = sqlite3.connect(path)
    with database:
        database.execute("INSERT INTO schema_migrations (number, name, checksum, requires, applied_at) VALUES (999, 'later', 'x', 999, 0)")
    database.close()
    before = path.read_bytes()
    with pytest.raises(StartFailure) as failure:
        start()
    assert failure.value.returncode != 0 and "newer Martlet" in failure.value.log and len(failure.value.log.strip().splitlines()) == 1
    assert path.read_bytes() == before


def test_what_is_no_database_is_refused(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "martlet.db").write_bytes(b"not a database " * 1000)
    (tmp_path / "data" / "master.key").write_text(key() + "\n")
    refused(serve(tmp_path), "martlet.db")


def test_another_issuer_makes_earlier_tokens_invalid_and_says_so(start):
    server = start(MARTLET_ISSUER="https://one.example")
    ada = server.register()
    server.stop()
    server = start(MARTLET_ISSUER="https://two.example")
    assert (*server.get("/api/v1/users/me", token=ada.access),) == (401, "invalid_token")
    assert "https://one.example" in server.log


@pytest.mark.parametrize("level, is_silent", [("error", True), ("debug", False)])
def test_the_log_is_as_loud_as_it_is_told_to_be(start, level, is_silent):
    server = start(MARTLET_LOG_LEVEL=level, fresh_admin=False)
    server.register()
    assert (server.log.strip() == "") is is_silent


def test_the_json_log_is_json(start):
    server = start(MARTLET_LOG_FORMAT="json", MARTLET_LOG_LEVEL="debug")
    server.register()
    lines = [line for line in server.log.splitlines() if line.startswith("{")]
    assert lines and all({"time", "level", "message"} <= set(json.loads(line)) for line in lines)
