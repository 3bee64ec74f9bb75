"""Accounts that a real Django made, taken over by `martlet import django` and given back by `martlet export django`."""

import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import time

import pytest

import make_database
import postgres
from martlet_server import PASSWORD, USUAL_SETTINGS, binary, clean_environment, launch, until

WEAK = {"by-md5", "by-sha1", "by-unsalted-sha1", "by-unsalted-md5", "by-unsalted-md5-named"}
BAD = {"not-a-hash", "cut-short"}
PEOPLE = {
    "AUTH_USER_MODEL": "people.Person", "apps": ["people"], "ACCOUNT_USER_MODEL_EMAIL_FIELD": "mail",
    "ACCOUNT_USER_MODEL_USERNAME_FIELD": None, "ACCOUNT_LOGIN_METHODS": ["email"], "ACCOUNT_SIGNUP_FIELDS": ["email*", "password1*"],
}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Django's database and what is in it. For reading only."""
    path = tmp_path_factory.mktemp("site") / "db.sqlite3"
    return path, make_database.make_database(path)


@pytest.fixture(scope="module")
def server_of_postgres():
    server = postgres.Postgres()
    yield server
    server.stop()


@pytest.fixture
def copied(made, tmp_path):
    """A copy of the database, to be changed: its path, and a function that runs SQL in it."""
    path = shutil.copyfile(made[0], tmp_path / "copy.sqlite3")

    def change(script):
        with sqlite3.connect(path) as database:
            database.executescript(script)
        database.close()

    return path, change


class Target:
    """Martlet's side: a folder with its data."""

    def __init__(self, folder):
        self.folder = folder
        self.data = folder / "data"
        self.environment = clean_environment({**USUAL_SETTINGS, "MARTLET_DATA_DIR": self.data})

    def run(self, *arguments, status=0, text=None):
        done = subprocess.run([binary(), *map(str, arguments)], input=text, capture_output=True, text=True, env=self.environment, timeout=120)
        assert done.returncode == status, done
        return done

    def take(self, source, *arguments, status=0):
        """Imports; the summary. `source` is a SQLite file, a URL or a dump."""
        return json.loads(self.run(*self.words(source, *arguments), "--json", status=status).stdout)

    @staticmethod
    def words(source, *arguments):
        text = str(source)
        option = ["--dump", text] if text.endswith((".json", ".jsonl")) else ["--database", text if "://" in text else f"sqlite:{text}"]
        return ["import", "django", *option, *arguments]

    def rows(self, columns="username", where="1"):
        with sqlite3.connect(self.data / "martlet.db") as database:
            rows = database.execute(f"SELECT {columns} FROM users WHERE {where} ORDER BY external_id, username").fetchall()
        database.close()
        return rows

    @property
    def roles(self):
        return {name: json.loads(roles) for name, roles in self.rows("username, roles")}

    def everything(self):
        """All of the accounts but what is drawn at random or of the moment."""
        return self.rows(
            "external_id, username, email, email_verified, display_name, password_hash, roles, is_active, created_at, last_login_at, attributes")


@pytest.fixture
def target(tmp_path):
    return Target(tmp_path / "martlet")


@pytest.fixture
def serve(target):
    """Starts the service on the imported accounts."""
    running = []

    def start():
        running.append(launch(target.folder, fresh_admin=False))
        return running[-1]

    yield start
    for server in running:
        server.stop()


def let_in(server, username, password):
    return server.post("/auth/login", {"username": username, "password": password}).status == 200


def test_every_account_logs_in_with_its_password_and_is_argon2id_then(made, target, serve):
    path, described = made
    summary = target.take(path, "--wrap", "--errors", target.folder.parent / "errors.jsonl", status=3)
    assert summary["skipped"] == {"unknown_password": len(BAD)} and summary["accounts"]["wrapped"] == len(WEAK)
    assert summary["accounts"]["created"] == len(described["accounts"]) - len(BAD)
    stored = b"".join(file.read_bytes() for file in target.data.glob("martlet.db*"))
    for account in described["accounts"]:
        if account["username"] in WEAK:
            assert account["encoded"].rpartition("$")[2].encode() not in stored, "a weak digest rests on disk"
    server = serve()
    expected = {
        account["username"]: account["password"] for account in described["accounts"]
        if account["password"] and account["username"] not in BAD and account["is_active"]
    }
    for username, password in expected.items():
        assert not let_in(server, username, password + "x"), username
        session = server.login(username, password)
        assert session.me().json["username"] == username
    for account in described["accounts"]:
        if account["username"] not in expected:
            assert not let_in(server, account["username"], account["password"] or "!"), account
    schemes = dict(target.rows("username, password_hash"))
    assert all(schemes[username].startswith("$argon2id$") for username in expected)
    # Now by what is stored since.
    for username, password in expected.items():
        assert let_in(server, username, password)


def test_what_is_known_of_an_account_comes_along(copied, target):
    path, change = copied
    change("""
        UPDATE auth_user SET last_login = '2026-02-03 04:05:06.789012' WHERE username = 'by-scrypt';
        INSERT INTO account_emailaddress (user_id, email, verified, "primary") SELECT id, 'ADA@example.com', 1, 1 FROM auth_user WHERE username = 'Ada';
        INSERT INTO account_emailaddress (user_id, email, verified, "primary") SELECT id, 'proved@example.com', 1, 1 FROM auth_user WHERE username = 'åsa';
        INSERT INTO account_emailaddress (user_id, email, verified, "primary") SELECT id, 'first@example.com', 1, 1 FROM auth_user WHERE username = 'straße';
        INSERT INTO account_emailaddress (user_id, email, verified, "primary") SELECT id, 'native@example.com', 1, 1 FROM auth_user WHERE username = 'strasse';
    """)
    target.run("user", "add", "native", "--email", "native@example.com", "--password-stdin", text=PASSWORD)
    summary = target.take(path, status=3)
    columns = "username, external_id, email, email_verified, display_name, attributes, last_login_at"
    rows = {row[0]: row[1:] for row in target.rows(columns)}
    with sqlite3.connect(path) as django:
        keys = {name: str(key) for name, key in django.execute("SELECT username, id FROM auth_user")}
    django.close()
    assert {name: row[0] for name, row in rows.items()} == {name: keys.get(name) for name in rows}
    assert rows["by-scrypt"][3] == "Scrypt Hash" and json.loads(rows["by-scrypt"][4]) == {"first_name": "Scrypt", "last_name": "Hash"}
    assert rows["by-scrypt"][5] == 1770091506789 and rows["by-argon2"][5] is None
    assert rows["Ada"][1:3] == ("ada@example.com", 1), "allauth proved it, in whatever case"
    assert rows["ada"][1:3] == ("ada@example.com", 0)
    assert rows["åsa"][1:3] == ("åsa@bücher.example", 0), "another address was proved"
    assert rows["straße"][1:3] == ("first@example.com", 1) and rows["strasse"][1:3] == ("native@example.com", 0)
    assert summary["accounts"]["email_left_unverified"] == 1
    assert rows["by-bcrypt"][1] is None


def test_weak_passwords_are_refused_unless_they_are_allowed(made, target, serve):
    path, described = made
    errors = target.folder.parent / "errors.jsonl"
    summary = target.take(path, "--errors", errors, status=3)
    assert summary["skipped"] == {"weak_password": len(WEAK), "unknown_password": len(BAD)}
    lines = [json.loads(line) for line in errors.read_text().splitlines()]
    assert {line["username"] for line in lines} == WEAK | BAD and errors.stat().st_mode & 0o777 == 0o600
    keys = {str(account["id"]): account["username"] for account in described["accounts"]}
    assert all(keys[line["pk"]] == line["username"] and line["detail"] for line in lines)
    encoded = [account["encoded"] for account in described["accounts"] if len(account["encoded"]) > 20]
    assert not any(text in errors.read_text() for text in encoded), "no hash is told"
    told = target.run(*Target.words(path, "--errors", target.data / "master.key"), status=1).stderr
    assert "no file of skipped rows" in told and (target.data / "master.key").stat().st_size > 0
    assert not {name for (name,) in target.rows()} & (WEAK | BAD)
    # What was skipped is new to a run that takes it.
    again = target.take(path, "--allow-weak", status=3)
    assert again["accounts"]["created"] == len(WEAK) and again["accounts"]["present"] == summary["accounts"]["created"]
    server = serve()
    assert let_in(server, "by-unsalted-md5", "the password of by-unsalted-md5") and not let_in(server, "by-unsalted-md5", "another one")
    assert target.rows("substr(password_hash, 1, 10)", "username = 'by-unsalted-md5'") == [("$argon2id$",)]


def test_groups_become_roles_and_none_makes_administrators_by_its_name(copied, target, tmp_path):
    path, change = copied
    change("""
        INSERT INTO auth_group (name) VALUES ('admin'), ('staff');
        INSERT INTO auth_user_groups (user_id, group_id) SELECT u.id, g.id FROM auth_user u, auth_group g
            WHERE u.username = 'Ada' AND g.name IN ('admin', 'staff');
    """)
    summary = target.take(path, status=3)
    roles = target.roles
    assert roles["warden"] == ["admin", "staff"] and roles["Ada"] == [] and roles["ada"] == []
    assert roles["in-groups"] == ["Editors", "staff", "équipe / été"] and roles["in-one-group"] == ["Editors"]
    assert summary["left_out_groups"] == {"admin": 1, "staff": 1} and summary["roles"]["admin"] == 1
    named = target.run(*Target.words(path, "--dry-run"), status=3).stdout
    assert "Group admin, 1 member: no role, it reads as admin" in named

    other = Target(tmp_path / "other")
    other.take(path, "--no-administrators", "--group-role", "admin=admin", "--group-role", "Editors=editor", status=3)
    assert other.roles["warden"] == ["staff"] and other.roles["Ada"] == ["admin"] and other.roles["in-one-group"] == ["editor"]


def test_a_group_whose_name_reads_as_another_role_gives_none(copied, target, serve):
    path, change = copied
    change("""
        INSERT INTO auth_group (name) VALUES ('x,admin'), (' admin '), ('ADMIN'), ('ａｄｍｉｎ'), ('a' || char(10) || 'b'), ('plain');
        INSERT INTO auth_user_groups (user_id, group_id) SELECT u.id, g.id FROM auth_user u, auth_group g
            WHERE u.username = 'Ada' AND g.name NOT IN ('Editors', 'équipe / été');
    """)
    left_out = {"x,admin": 1, " admin ": 1, "ADMIN": 1, "ａｄｍｉｎ": 1, "a\nb": 1}
    assert target.take(path, "--dry-run", status=3)["left_out_groups"] == left_out
    told = target.run(*Target.words(path), status=3).stdout
    assert '"x,admin" gave its 1 member no role: its name has a comma' in told and r'"a\u{A}b"' in told
    assert told.count("it reads as admin") == 3 and told.count("--group-role GROUP=ROLE") == 5
    server = serve()
    token = server.login("Ada", "the password of Ada").access
    assert server.get("/auth/forward", token=token).headers["x-auth-roles"] == "plain"
    # Named otherwise, which the accounts that are there have no part in.
    again = target.run(*Target.words(path, "--group-role", "x,admin=editor"), status=3).stdout
    assert "Their roles stay as well" in again and target.roles["Ada"] == ["plain"]
    other = Target(target.folder.parent / "other")
    other.take(path, "--group-role", "x,admin=editor", "--group-role", " admin =admin", status=3)
    assert other.roles["Ada"] == ["admin", "editor", "plain"]
    assert "lower-case letters" in other.run(*Target.words(path, "--group-role", "Editors=x,admin"), status=64).stderr


def test_a_bad_row_is_skipped_as_a_whole_and_told(copied, target):
    path, change = copied
    columns = "(id, username, password, last_login, is_superuser, email, is_staff, is_active, date_joined, first_name, last_name)"
    row = "'{}', NULL, 1, '{}', 0, 1, '{}', '', ''"
    usual = ("!", "", "2026-01-01 00:00:00")
    rows = {
        101: ("''", usual, "no_username"),
        102: ("CAST(x'6100' || x'62' AS TEXT)", usual, "bad_username"),
        103: ("CAST(x'ff' AS TEXT)", usual, "unreadable"),
        104: ("'" + "n" * 300 + "'", usual, "bad_username"),
        105: ("'bad-date'", ("!", "", "2026-02-30 00:00:00"), "unreadable"),
        106: ("'bad-email'", ("!", "a" * 300 + "@example.com", "2026-01-01 00:00:00"), "bad_email"),
        107: ("'costly'", ("pbkdf2_sha256$999999999999$salt$" + "A" * 43 + "=", *usual[1:]), "password_out_of_range"),
        109: ("'warden '", usual, "bad_username"),
        108: ("'crypt'", ("crypt$$ab0123456789a", *usual[1:]), "unknown_password"),
    }
    change("".join(f"INSERT INTO auth_user {columns} VALUES ({key}, {name}, {row.format(*values)});" for key, (name, values, _) in rows.items()))
    errors = target.folder.parent / "errors.jsonl"
    target.take(path, "--allow-weak", "--errors", errors, status=3)
    told = {int(line["pk"]): line["reason"] for line in map(json.loads, errors.read_text().splitlines())}
    assert {key: reason for key, reason in told.items() if key > 100} == {key: reason for key, (_, _, reason) in rows.items()}
    assert target.rows("external_id", "CAST(external_id AS INTEGER) > 100") == []
    # Only some of them are shown; what a terminal would obey is not.
    shown = target.run(*Target.words(path, "--allow-weak"), status=3).stdout
    assert "--errors FILE lists them all" not in shown or len(told) > 10
    assert "\x00" not in shown and "\x1b" not in shown


def test_blacklisted_tokens_that_are_alive_are_handed_over(made, target):
    path, described = made
    black = [token for token in described["tokens"] if token["is_blacklisted"]]
    tokens = target.take(path, status=3)["tokens"]
    assert tokens == {
        "noted": sum(not token["is_expired"] for token in black), "expired": sum(token["is_expired"] for token in black), "unreadable": 0}
    with sqlite3.connect(target.data / "martlet.db") as database:
        noted = database.execute("SELECT jti, session_id FROM old_tokens").fetchall()
    database.close()
    assert noted == [(token["jti"], None) for token in black if not token["is_expired"]]


def test_a_blacklisted_token_that_cannot_be_read_is_a_skipped_row(copied, target):
    path, change = copied
    change("""
        DELETE FROM auth_user WHERE password NOT LIKE 'pbkdf2_sha256$%';
        UPDATE token_blacklist_outstandingtoken SET expires_at = '2030-01-01' WHERE id = (SELECT min(token_id) FROM token_blacklist_blacklistedtoken);
    """)
    with sqlite3.connect(path) as django:
        key, = django.execute("SELECT id FROM token_blacklist_blacklistedtoken ORDER BY token_id").fetchone()
    django.close()
    for options in (["--dry-run"], []):
        errors = target.folder.parent / f"errors{len(options)}.jsonl"
        summary = target.take(path, "--errors", errors, *options, status=3)
        assert summary["tokens"]["unreadable"] == 1 and summary["skipped"]["unreadable_token"] == 1
        line, = [row for row in map(json.loads, errors.read_text().splitlines()) if row["reason"] == "unreadable_token"]
        assert line["pk"] == str(key) and "expires_at" in line["detail"]


def test_a_row_without_a_key_is_skipped_and_others_are_read(target, tmp_path):
    path = tmp_path / "odd.sqlite3"
    with sqlite3.connect(path) as database:
        database.executescript("""
            CREATE TABLE auth_user (id text PRIMARY KEY, username text, password text);
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
                INSERT INTO auth_user SELECT CASE WHEN i % 2 THEN NULL ELSE CAST('n' || i AS BLOB) END, 'n' || i, '!' FROM n;
            WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 6000)
                INSERT INTO auth_user SELECT NULL, 'm' || i, '!' FROM n;
            INSERT INTO auth_user VALUES ('k', 'last', '!');
        """)
    database.close()
    errors = tmp_path / "errors.jsonl"
    summary = target.take(path, "--errors", errors, status=3)
    assert summary["accounts"]["read"] == 12001 and summary["skipped"] == {"unreadable": 12000}
    assert target.rows("external_id, username") == [("k", "last")]
    details = [json.loads(line)["detail"] for line in errors.read_text().splitlines()]
    assert (details.count("the primary key is null"), details.count("the primary key is bytes")) == (9000, 3000)


def test_names_are_cut_and_escaped_where_people_read_them(target, tmp_path):
    path = tmp_path / "long.sqlite3"
    with sqlite3.connect(path) as database:
        database.execute("CREATE TABLE auth_user (id integer PRIMARY KEY, username text, password text)")
        database.execute("INSERT INTO auth_user VALUES (1, ?, '!')", ["n" * 5_000_000])
        database.execute("INSERT INTO auth_user VALUES (2, ?, '!')", ["\x1b[2J\u202eevil\x9b"])
    database.close()
    told = target.run(*Target.words(path), status=3).stdout
    assert len(told) < 2000 and r"\u{1B}[2J\u{202E}evil\u{9B}" in told
    assert not {"\x1b", "\u202e", "\x9b"} & set(told)


def test_a_dry_run_writes_nothing_and_says_what_would_come(made, target):
    path, _ = made
    preview = target.take(path, "--dry-run", status=3)
    assert not target.data.exists() and preview["dry_run"]
    assert preview["usernames_in_several_cases"] == {"values": 1, "accounts": 3, "examples": ["ada"]}
    assert preview["repeated_emails"] == {"values": 1, "accounts": 3, "examples": ["ada@example.com"]}
    assert preview["groups"] == [
        {"name": "Editors", "members": 2, "role": "Editors"}, {"name": "équipe / été", "members": 1, "role": "équipe / été"}]
    assert preview["estimated_seconds"] >= 0
    summary = target.take(path, status=3)
    for section in ("skipped", "schemes", "roles", "tokens"):
        assert preview[section] == summary[section]
    before = target.everything()
    second = target.take(path, "--dry-run", "--wrap", status=3)
    assert second["accounts"]["present"] == summary["accounts"]["created"] and second["accounts"]["created"] == len(WEAK)
    assert target.everything() == before


def test_a_later_import_takes_only_what_is_new(copied, target):
    path, change = copied
    first = target.take(path, "--wrap", status=3)
    before = target.everything()
    change("""
        UPDATE auth_user SET email = 'changed@example.com', is_active = 0 WHERE username = 'by-scrypt';
        INSERT INTO auth_user (username, password, is_superuser, email, is_staff, is_active, date_joined, first_name, last_name)
            VALUES ('newcomer', '!', 0, '', 0, 1, '2026-01-01 00:00:00', '', '');
    """)
    again = target.take(path, "--wrap", status=3)
    assert again["accounts"]["created"] == 1 and again["accounts"]["present"] == first["accounts"]["created"]
    assert again["resumed_after"] == 0
    assert [row for row in target.everything() if row[1] != "newcomer"] == before
    assert "not carried over" in target.run(*Target.words(path, "--wrap"), status=3).stdout


def test_an_import_that_is_killed_goes_on_where_it_was(copied, target, tmp_path):
    path, change = copied
    change("""
        WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40000)
        INSERT INTO auth_user (username, password, is_superuser, email, is_staff, is_active, date_joined, first_name, last_name)
            SELECT 'many' || i, CASE WHEN i % 100 = 0 THEN 'broken$' || i ELSE '!' END, 0, '', i % 7 = 0, 1, '2026-01-01 00:00:00', 'N', i FROM n;
    """)
    whole = Target(tmp_path / "whole")
    expected = whole.take(path, "--errors", tmp_path / "whole.jsonl", status=3)

    errors = tmp_path / "errors.jsonl"
    target.folder.mkdir()
    kills = 0
    while True:
        before = len(target.rows()) if (target.data / "martlet.db").exists() else 0
        process = subprocess.Popen(
            [binary(), *Target.words(path, "--errors", errors), "--json"], stdout=subprocess.PIPE, text=True, env=target.environment)
        while process.poll() is None and kills < 4:
            # Between any two instructions, and after some progress.
            if (target.data / "martlet.db").exists() and imported(target) > before:
                process.send_signal(signal.SIGKILL)
                kills += 1
                break
            time.sleep(0.005)
        output = process.communicate(timeout=120)[0]
        if process.returncode != -signal.SIGKILL:
            break
    assert kills >= 2 and process.returncode == 3
    summary = json.loads(output)
    assert summary["resumed_after"] > 0
    assert target.everything() == whole.everything()
    assert errors.read_bytes() == (tmp_path / "whole.jsonl").read_bytes()
    for section in ("accounts", "skipped", "schemes", "roles", "tokens"):
        assert summary[section] == expected[section], section


def imported(target):
    try:
        return len(target.rows())
    except sqlite3.Error:
        return 0


def test_the_service_goes_on_meanwhile(made, target, serve):
    server = serve()
    session = server.register()
    target.take(made[0], status=3)
    assert session.me().status == 200 and session.refresh().status == 200
    assert let_in(server, "blank-password", "  between blanks  ")
    # Two that had one name by Martlet's rules are told apart.
    for name in ("Ada", "ada", "ADA"):
        assert server.login(name, f"the password of {name}").me().json["username"] == name
        assert not let_in(server, name, f"the password of {name.swapcase()}")


def test_a_custom_user_model_is_taken_by_its_table(tmp_path, target, serve):
    path = tmp_path / "people.sqlite3"
    make_database.manage(path, "migrate", "--verbosity=0", **PEOPLE)
    key = make_database.manage(path, "shell", "--no-imports", "--command", """
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.contrib.auth.models import Group
from people.models import Person
person = Person.objects.create(mail="jo@example.com", password=PBKDF2PasswordHasher().encode("seven swifts over the mill", "s", 1000), is_superuser=True)
Person.objects.create(mail="li@example.com", password="!", is_active=False)
person.groups.add(Group.objects.create(name="Members"))
print(person.pk)
""", **PEOPLE).decode().strip()
    options = ["--user-table", "people_person", "--username-field", "mail", "--email-field", "mail"]
    assert target.take(path, *options)["accounts"]["created"] == 2
    columns = "external_id, username, email, roles, is_active"
    expected = [(key, "jo@example.com", "jo@example.com", '["Members","admin"]', 1)]
    assert target.rows(columns, "username = 'jo@example.com'") == expected
    assert target.rows("is_active", "username = 'li@example.com'") == [(0,)]
    assert let_in(serve(), "jo@example.com", PASSWORD)
    # From a dump it is the same one.
    dump = tmp_path / "people.json"
    make_database.manage(path, "dumpdata", "auth.group", "people", f"--output={dump}", **PEOPLE)
    other = Target(tmp_path / "other")
    assert other.take(dump, *options)["accounts"]["created"] == 2
    assert other.rows(columns, "username = 'jo@example.com'") == expected
    assert "--user-table" in target.run(*Target.words(path), status=1).stderr


@pytest.mark.parametrize("options", [[], ["--format=jsonl"], ["--natural-foreign"]], ids=["plain", "lines", "natural"])
def test_a_dump_is_the_same_as_the_database_it_is_of(made, target, tmp_path, options):
    path, _ = made
    dump = tmp_path / ("dump.jsonl" if "--format=jsonl" in options else "dump.json")
    make_database.manage(path, "dumpdata", "--indent=1", f"--output={dump}", *options)
    from_dump = target.take(dump, "--allow-weak", status=3)
    other = Target(tmp_path / "other")
    from_database = other.take(path, "--allow-weak", status=3)
    # In its JSON, Django cuts microseconds off: so does Martlet.
    assert target.everything() == other.everything()
    for section in ("accounts", "skipped", "schemes", "roles", "tokens"):
        assert from_dump[section] == from_database[section], section


def test_a_dump_without_keys_is_taken_by_usernames(made, target, tmp_path):
    dump = tmp_path / "natural.json"
    make_database.manage(made[0], "dumpdata", "auth.user", "auth.group", "--natural-primary", "--natural-foreign", f"--output={dump}")
    target.take(dump, "--allow-weak", status=3)
    assert all(name == key for name, key in target.rows("username, external_id"))
    assert target.roles["in-groups"] == ["Editors", "staff", "équipe / été"]


def test_half_a_dump_is_refused_before_anything_is_taken(made, target, tmp_path):
    dump = tmp_path / "dump.json"
    make_database.manage(made[0], "dumpdata", "auth", f"--output={dump}")
    dump.write_bytes(dump.read_bytes()[:-200])
    assert "ends in the middle" in target.run(*Target.words(dump), status=1).stderr
    assert not target.data.exists()


def test_postgresql_is_read_as_sqlite_is(server_of_postgres, made, target, tmp_path, serve):
    database = server_of_postgres
    described = make_database.make_database(tmp_path / "described", DATABASES=database.django)
    summary = target.take(database.url, "--wrap", status=3)
    assert summary["accounts"]["created"] == len(described["accounts"]) - len(BAD)
    rows = {name: rest for name, *rest in target.rows("username, external_id, email, roles, is_active, created_at")}
    for account in described["accounts"]:
        if account["username"] in BAD:
            continue
        roles = {*account["groups"], *(["staff"] if account["is_staff"] else []), *(["admin"] if account["is_superuser"] else [])}
        key, email, given, active, created = rows[account["username"]]
        assert (key, email or "", set(json.loads(given)), bool(active)) == (
            str(account["id"]), account["email"], roles, account["is_active"])
        assert created == milliseconds(account["date_joined"])
    alive = sum(token["is_blacklisted"] and not token["is_expired"] for token in described["tokens"])
    assert summary["tokens"]["noted"] == alive
    preview = target.take(database.url, "--dry-run", status=3)
    assert preview["usernames_in_several_cases"] == {"values": 1, "accounts": 3, "examples": ["ada"]}
    server = serve()
    for account in described["accounts"]:
        if account["can_log_in"]:
            assert let_in(server, account["username"], account["password"]), account
    # A second one goes on behind nothing: it is complete.
    assert target.take(database.url, "--wrap", status=3)["accounts"]["created"] == 0


def test_postgresql_with_uuids_as_keys(server_of_postgres, target):
    database = server_of_postgres
    database.sql("""
        CREATE TABLE members (id uuid PRIMARY KEY, username varchar(150), password varchar(128), is_active boolean, date_joined timestamptz);
        INSERT INTO members SELECT gen_random_uuid(), 'm' || n, '!', n % 2 = 0, '2026-01-01 00:00:00.5+02' FROM generate_series(1, 2500) n;
    """)
    summary = target.take(database.url, "--user-table", "members")
    assert summary["accounts"]["created"] == 2500 and len({key for (key,) in target.rows("external_id")}) == 2500
    assert all(len(key) == 36 for (key,) in target.rows("external_id"))
    assert target.rows("is_active, created_at", "username = 'm2'") == [(1, 1767218400500)]


def test_a_password_in_the_url_is_refused_and_others_tell_why(target):
    told = target.run(*Target.words("postgres://app:hunter2@db.example/site"), status=1).stderr
    assert "PGPASSWORD" in told and "hunter2" not in told
    both = target.run(*Target.words("x.json", "--database", "sqlite:y"), status=64).stderr
    assert "exclude each other" in both
    told = target.run(*Target.words("postgres://app@/site?host=/nonexistent"), status=1).stderr
    assert "cannot be reached" in told and len(told.strip().splitlines()) == 1
    assert not target.data.exists()


def milliseconds(text):
    from datetime import datetime

    return round(datetime.fromisoformat(text).timestamp() * 1_000_000) // 1000


def test_what_was_exported_logs_in_at_a_fresh_django(made, target, tmp_path, serve):
    path, described = made
    target.take(path, "--wrap", status=3)
    server = serve()
    # Some have logged in since and are argon2id of Martlet's making, one of them had been wrapped.
    for username in ("by-bcrypt", "by-md5", "jose\u0301"):
        password = next(account["password"] for account in described["accounts"] if account["username"] == username)
        assert let_in(server, username, password)
    native = server.register(email="native@example.com")
    out = tmp_path / "export.json"
    summary = json.loads(target.run("export", "django", "--out", out, "--json").stdout)
    assert summary["wrapped"] == len(WEAK) - 1 and summary["new_keys"] == 1 and summary["groups"] == 2
    assert out.stat().st_mode & 0o777 == 0o600
    assert "--force" in target.run("export", "django", "--out", out, status=1).stderr
    target.run("export", "django", "--out", out, "--force")

    fresh = tmp_path / "fresh.sqlite3"
    make_database.manage(fresh, "migrate", "--verbosity=0")
    make_database.manage(fresh, "loaddata", "--verbosity=0", out)
    lost = (WEAK - {"by-md5"}) | BAD
    described = {**described, "accounts": described["accounts"] + [
        {"id": None, "username": native.username, "password": PASSWORD, "can_log_in": True, "is_active": True}]}
    (tmp_path / "fresh.sqlite3.json").write_text(json.dumps(described))
    expected = [
        account["username"] if account["password"] and account["is_active"] and account["username"] not in lost else None
        for account in described["accounts"]
    ]
    with sqlite3.connect(fresh) as django:
        rows = {row[0]: row[1:] for row in django.execute(
            "SELECT username, id, email, first_name, last_name, is_active, is_staff, is_superuser FROM auth_user")}
        groups = set(django.execute(
            "SELECT u.username, g.name FROM auth_user_groups m JOIN auth_user u ON u.id = m.user_id JOIN auth_group g ON g.id = m.group_id"))
    django.close()
    for account in described["accounts"]:
        if account["id"] is not None and account["username"] not in BAD:
            columns = ("id", "email", "first_name", "last_name", "is_active", "is_staff", "is_superuser")
            assert rows[account["username"]] == tuple(account[column] for column in columns)
    assert groups == {(account["username"], group) for account in described["accounts"] for group in account.get("groups", [])}
    assert rows[native.username][1] == "native@example.com"
    assert make_database.log_in(fresh) == expected
    # And back again: they are the same accounts.
    again = Target(tmp_path / "again")
    assert again.take(fresh)["accounts"]["created"] == len(rows)


def test_an_export_while_a_file_is_there_or_cannot_be_made(made, target, tmp_path):
    target.take(made[0], status=3)
    assert "cannot be written" in target.run("export", "django", "--out", tmp_path / "none" / "x.json", status=1).stderr
    until(lambda: not list(tmp_path.glob("*.part")), 1)
    (tmp_path / "precious").write_text("precious")
    (tmp_path / "link").symlink_to(tmp_path / "precious")
    os.mkfifo(tmp_path / "pipe")
    for name, words in (("link", "symbolic link"), ("pipe", "no regular file"), ("martlet", "no regular file")):
        for options in ([], ["--force"]):
            assert words in target.run("export", "django", "--out", tmp_path / name, *options, status=1).stderr
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode) and (tmp_path / "link").is_symlink()
    assert (tmp_path / "precious").read_text() == "precious"
