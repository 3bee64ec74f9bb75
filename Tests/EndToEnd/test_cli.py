"""The command line: beside a running service, what it changes is in force within a second."""

import json
import os
import pty
import re
import select
import signal
import sqlite3
import subprocess

import pytest

from martlet_server import ADMIN, ADMIN_PASSWORD, PASSWORD, binary, claims, clean_environment, name, until

COMMANDS = [
    [], ["serve"], ["migrate"], ["user"], ["user", "add"], ["user", "passwd"], ["user", "list"], ["user", "hashes"], ["user", "disable"], ["user", "enable"],
    ["client"], ["client", "add"], ["client", "list"], ["client", "show"], ["client", "rotate-secret"], ["client", "remove"],
    ["keys"], ["keys", "list"], ["keys", "rotate"], ["token"], ["token", "verify"], ["token", "explain"], ["revoke"], ["backup"], ["version"],
    ["import"], ["import", "django"], ["export"], ["export", "django"],
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    import martlet_server

    server = martlet_server.launch(tmp_path_factory.mktemp("cli"))
    yield server
    server.stop()


def run(*arguments, text=None, cwd=None):
    return subprocess.run([binary(), *arguments], input=text, capture_output=True, text=True, env=clean_environment(), cwd=cwd, timeout=30)


def one_line(result):
    """Failed, with one line on standard error and nothing else."""
    assert result.returncode != 0 and result.stdout == "" and len(result.stderr.strip().splitlines()) == 1, result
    return result.stderr


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_every_command_has_help(command, tmp_path):
    result = run(*command, "--help", cwd=tmp_path)
    assert result.returncode == 0 and f"USAGE: {' '.join(['martlet', *command])}" in result.stdout and result.stderr == ""
    assert list(tmp_path.iterdir()) == [], "asking for help makes nothing"


def test_the_version_is_printed():
    for arguments in (["version"], ["--version"]):
        assert re.search(r"\d+\.\d+\.\d+", run(*arguments).stdout)
    assert set(json.loads(run("version", "--json").stdout)) == {"version"}


@pytest.mark.parametrize("arguments", [["nonsense"], ["user"], ["user", "add"], ["keys", "rotate", "--purpose", "x"], ["revoke"], ["revoke", "--jti", "a", "--user", "b"], ["--nonsense"]])
def test_wrong_words_are_refused(arguments, tmp_path):
    result = run(*arguments, cwd=tmp_path)
    assert result.returncode != 0 or "USAGE" in result.stdout


# Accounts


def test_an_administrator_made_beside_the_service_logs_in_at_once(server):
    username = name("root")
    made = server.cli("user", "add", username, "--role", "admin", "--role", "editor", "--email", f"{username}@mail.example", "--password-stdin", text=PASSWORD + "\n")
    assert username in made.stdout
    session = server.login(username)
    assert session.me().json["roles"] == ["admin", "editor"] and session.call("GET", "/admin/api/users").status == 200
    assert server.post("/auth/login", {"email": f"{username}@mail.example", "password": PASSWORD}).status == 200


@pytest.mark.parametrize("username, password, word", [
    ("a b", PASSWORD, "username"), ("ok.name", "short", "password"), ("ok.name", "password123", "password"), ("ok.name", "", "password"), (ADMIN, PASSWORD, "exists"),
])
def test_a_bad_account_is_one_line(server, username, password, word):
    line = one_line(server.cli("user", "add", username, "--password-stdin", text=password, check=False))
    assert word in line and (not password or password not in line)


def test_a_password_is_never_an_argument(server):
    assert server.cli("user", "add", name(), "--password", PASSWORD, check=False).returncode != 0


def test_without_a_terminal_the_way_to_give_a_password_is_told(server):
    assert "--password-stdin" in one_line(server.cli("user", "add", name(), text="", check=False))


def test_a_password_set_beside_the_service_ends_the_sessions(server):
    ada = server.register()
    assert ada.me().status == 200
    server.cli("user", "passwd", ada.username, "--password-stdin", text=PASSWORD + " new\n")
    until(lambda: ada.me().code == "token_revoked", seconds=1)
    assert ada.refresh().code == "session_ended"
    server.login(ada.username, PASSWORD + " new")


def test_disabling_and_enabling_are_in_force_within_a_second(server):
    ada = server.register()
    assert ada.me().status == 200
    server.cli("user", "disable", ada.username)
    until(lambda: ada.me().code == "token_revoked", seconds=1)
    assert server.post("/auth/login", {"username": ada.username, "password": PASSWORD}).status == 401
    server.cli("user", "enable", ada.user_id)
    assert server.login(ada.username).me().status == 200


def test_the_last_administrator_cannot_be_disabled(start):
    server = start()
    assert "last administrator" in one_line(server.cli("user", "disable", ADMIN, check=False))


def on_terminal(server, *arguments, typed):
    """Runs a command on a terminal of its own and answers its prompts; its exit code and all that the terminal showed."""
    environment = {key: value for key, value in server.environment.items() if not key.startswith("MARTLET_ADMIN")}
    child, terminal = pty.fork()
    if child == 0:
        os.execve(binary(), [str(binary()), *arguments], environment)
    shown = b""

    def more():
        assert select.select([terminal], [], [], 20)[0], f"nothing more came after {shown!r}"
        try:
            return os.read(terminal, 1000)
        except OSError:
            return b""

    try:
        for line in typed:
            prompts = shown.count(b": ")
            while shown.count(b": ") == prompts:
                part = more()
                assert part, f"it ended with {shown!r}"
                shown += part
            os.write(terminal, line.encode() + b"\n")
        while part := more():
            shown += part
    except AssertionError:
        os.kill(child, signal.SIGKILL)
        raise
    os.close(terminal)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), shown.decode()


def test_on_a_terminal_the_password_is_asked_for_twice_and_not_shown(server):
    username = name()
    status, shown = on_terminal(server, "user", "add", username, typed=[PASSWORD, PASSWORD])
    assert status == 0 and PASSWORD not in shown and username in shown, shown
    server.login(username)
    status, shown = on_terminal(server, "user", "passwd", username, typed=[PASSWORD, PASSWORD + "?"])
    assert status != 0 and "differ" in shown
    server.login(username)


JSON_COMMANDS = [
    (["user", "add", "{new}", "--password-stdin"], PASSWORD), (["user", "passwd", "{ada}", "--password-stdin"], PASSWORD + "!"), (["user", "list"], None),
    (["user", "disable", "{ada}"], None), (["user", "enable", "{ada}"], None), (["keys", "list"], None), (["revoke", "--jti", "--some-jti"], None),
    (["token", "verify", "-"], "{access}"), (["token", "explain", "-"], "{access}"), (["migrate"], None), (["migrate", "--dry-run"], None), (["version"], None),
]


@pytest.mark.parametrize("command, text", JSON_COMMANDS, ids=lambda value: " ".join(value) if isinstance(value, list) else "")
def test_data_is_printed_as_json_on_demand(server, command, text):
    ada = server.register()
    words = {"new": name(), "ada": ada.username, "access": ada.access}
    result = server.cli(*(word.format(**words) for word in command), "--json", text=text and text.format(**words))
    json.loads(result.stdout)
    assert result.stderr == ""


@pytest.mark.parametrize("command", [["user", "disable"], ["user", "enable"], ["user", "passwd", "--password-stdin"], ["revoke", "--user"]])
def test_an_account_that_is_not_there_is_one_line(server, command):
    assert "nobody" in one_line(server.cli(*command, "nobody", text=PASSWORD + "\n", check=False))


def test_accounts_are_listed(server):
    ada = server.register()
    assert re.search(rf"^{re.escape(ada.username)} .*{ada.user_id}", server.cli("user", "list").stdout, re.MULTILINE)
    listed = json.loads(server.cli("user", "list", "--json", "--query", ada.username).stdout)
    items = listed["items"] if isinstance(listed, dict) else listed
    assert [item["id"] for item in items] == [ada.user_id] and "password" not in str(items)
    assert len(json.loads(server.cli("user", "list", "--json", "--limit", "1").stdout)) == 1


# Keys


def test_keys_are_listed_and_rotated_within_a_second(start):
    server = start()
    assert re.search("access +ES256 +active", server.cli("keys", "list").stdout)
    server.cli("keys", "rotate", "--algorithm", "EdDSA")
    until(lambda: len(server.token_keys()) == 2, seconds=1)
    assert "waiting" in one_line(server.cli("keys", "rotate", check=False))
    states = {key["state"] for key in json.loads(server.cli("keys", "list", "--json").stdout)["items"] if key["purpose"] == "access"}
    assert states == {"active", "next"}


def test_an_emergency_rotation_beside_the_service_kills_within_a_second(start):
    server = start()
    ada = server.register()
    assert ada.me().status == 200
    server.cli("keys", "rotate", "--emergency")
    until(lambda: ada.me().status == 401, seconds=1)
    until(lambda: server.login(ada.username).me().status == 200, seconds=1)
    assert ada.refresh().status == 200


# Tokens


def test_a_token_is_verified_and_explained(server, tmp_path):
    ada = server.register()
    assert "good" in server.cli("token", "verify", "-", text=ada.access + "\n").stdout
    (tmp_path / "token").write_text(ada.refresh_token + "\n")
    assert "good" in server.cli("token", "verify", tmp_path / "token").stdout
    report = json.loads(server.cli("token", "explain", "--json", "-", text=ada.access).stdout)
    assert report["active"] is True and report["claims"] == claims(ada.access)
    assert "signature" in server.cli("token", "explain", "-", text=ada.access).stdout

    server.post("/auth/logout", {"refresh": ada.refresh_token})
    for token in (ada.access, ada.refresh_token, "nonsense", ada.access[:-3] + "AAA"):
        result = server.cli("token", "verify", "-", text=token, check=False)
        assert result.returncode == 1 and "not good" in result.stdout
        assert server.cli("token", "explain", "-", text=token).returncode == 0


@pytest.mark.parametrize("text", ["", "\n"])
def test_no_token_is_one_line(server, text):
    one_line(server.cli("token", "verify", "-", text=text, check=False))


WAYS = {
    "access token": lambda ada: (["--token", "-"], ada.access), "refresh token": lambda ada: (["--token", "-"], ada.refresh_token),
    "jti": lambda ada: (["--jti", claims(ada.access)["jti"]], None), "session": lambda ada: (["--session", ada.sid], None),
    "user": lambda ada: (["--user", ada.username], None),
}


@pytest.mark.parametrize("way", WAYS)
def test_a_revocation_beside_the_service_is_in_force_within_a_second(server, way):
    ada = server.register()
    assert ada.me().status == 200
    arguments, text = WAYS[way](ada)
    made = json.loads(server.cli("revoke", *arguments, "--reason", "test", "--json", text=text).stdout)
    assert made["reason"] == "test"
    until(lambda: ada.me().code == "token_revoked", seconds=1)


def test_a_client_is_revoked(start):
    server = start()
    ada = server.register()
    server.cli("revoke", "--client", "martlet")
    until(lambda: ada.me().code == "token_revoked", seconds=1)


def test_what_commands_do_is_in_the_trail(server):
    ada = server.register()
    server.cli("user", "disable", ada.username)
    entries = server.admin().call("GET", "/admin/api/audit?actor=cli&limit=200").json["items"]
    assert ("user.disabled", f"user:{ada.user_id}") in [(entry["action"], entry["target"]) for entry in entries]


# The database


def test_a_dry_run_says_what_is_pending_and_changes_nothing(tmp_path):
    result = run("migrate", "--dry-run", "--data-dir", str(tmp_path / "data"))
    assert result.returncode == 0 and "pending 1" in result.stdout
    assert not (tmp_path / "data").exists()
    assert "applied 1" in run("migrate", "--data-dir", str(tmp_path / "data")).stdout
    assert "up to date" in run("migrate", "--data-dir", str(tmp_path / "data")).stdout
    assert json.loads(run("migrate", "--dry-run", "--json", "--data-dir", str(tmp_path / "data")).stdout) == {"pending": []}


def test_a_backup_of_the_running_service_can_be_restored(start, tmp_path):
    server = start()
    ada = server.register()
    before = server.register()
    copy = tmp_path / "copy" / "martlet.db"
    copy.parent.mkdir(mode=0o700)
    result = server.cli("backup", copy)
    assert "stayed behind" in result.stdout and not (copy.parent / "martlet.db.key").exists()
    ahead = ada.refresh_token
    assert ada.refresh().status == 200
    late = server.register()
    server.stop()

    data = tmp_path / "restored" / "data"
    data.mkdir(mode=0o700, parents=True)
    (data / "martlet.db").write_bytes(copy.read_bytes())
    (data / "master.key").write_text((tmp_path / "martlet" / "data" / "master.key").read_text())
    again = start(folder="restored", MARTLET_LISTEN=f"127.0.0.1:{server.port}")
    assert again.login(ada.username).me().status == 200
    assert again.post("/auth/refresh", {"refresh": before.refresh_token}).status == 200
    answer = again.post("/auth/refresh", {"refresh": ada.refresh_token})
    assert (*answer,) == (401, "session_ended"), "ahead of the store"
    actions = [entry["action"] for entry in again.admin().call("GET", "/admin/api/audit").json["items"]]
    assert "refresh.ahead" in actions
    assert again.post("/auth/refresh", {"refresh": ahead}).status == 200, "the one that the copy knows"
    assert again.post("/auth/refresh", {"refresh": late.refresh_token}).code == "session_ended"


def test_a_backup_is_for_its_owner_alone(server, tmp_path):
    """It holds every password hash; the database that it is a copy of is 0600."""
    server.cli("backup", tmp_path / "copy.db")
    assert oct((tmp_path / "copy.db").stat().st_mode & 0o777) == "0o600"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.db"]


def test_a_backup_may_take_the_key_along_and_never_writes_over_a_file(server, tmp_path):
    server.cli("backup", tmp_path / "copy.db", "--with-key")
    assert (tmp_path / "copy.db.key").stat().st_mode & 0o777 == 0o600
    one_line(server.cli("backup", tmp_path / "copy.db", check=False))
    with sqlite3.connect(tmp_path / "copy.db") as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_backup_has_a_lineage_of_its_own(server, tmp_path):
    server.cli("backup", tmp_path / "one.db")
    server.cli("backup", tmp_path / "two.db")
    facts = []
    for path in ("one.db", "two.db"):
        with sqlite3.connect(tmp_path / path) as database:
            facts.append(dict(database.execute("SELECT name, value FROM facts")).get("lineage"))
    assert None not in facts and facts[0] != facts[1]


def test_a_command_on_a_folder_that_is_not_there_is_one_line(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("")
    for command in (["user", "list"], ["keys", "list"], ["migrate"]):
        one_line(run(*command, "--data-dir", str(blocked / "data")))
    one_line(run("backup", str(tmp_path / "copy.db"), "--data-dir", str(tmp_path / "nothing")))


def test_a_command_that_only_looks_makes_no_database(tmp_path):
    for command in (["user", "list"], ["keys", "list"]):
        run(*command, "--data-dir", str(tmp_path / "data"))
        assert not (tmp_path / "data" / "martlet.db").exists(), command


def test_the_commands_work_after_the_service_has_stopped(start):
    server = start()
    ada = server.register()
    server.stop()
    server.cli("user", "passwd", ada.username, "--password-stdin", text=PASSWORD + " later")
    assert start().login(ada.username, PASSWORD + " later").me().status == 200


def test_nothing_of_the_administrators_setting_is_printed(server):
    assert ADMIN_PASSWORD not in server.log
