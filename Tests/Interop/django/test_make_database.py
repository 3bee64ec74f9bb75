"""The database that import is tried on is what it says: Django itself knows its accounts and tokens."""

import shutil
import sqlite3

import pytest

import make_database


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    path = tmp_path_factory.mktemp("made") / "db.sqlite3"
    return path, make_database.make_database(path)


def test_django_lets_in_exactly_those_who_can_log_in(made, tmp_path):
    path, described = made
    # A login rehashes what is not of the first hasher: the original stays as it is.
    copy = shutil.copyfile(path, tmp_path / "copy.sqlite3")
    shutil.copyfile(f"{path}.json", f"{copy}.json")
    expected = [account["username"] if account["can_log_in"] else None for account in described["accounts"]]
    assert make_database.log_in(copy) == expected


def test_every_hasher_has_an_account_in_its_format(made):
    encoded = {account["hasher"]: account["encoded"] for account in made[1]["accounts"] if account["username"].startswith("by-")}
    assert [encoded[hasher].split("$")[0] for hasher in make_database.HASHERS] == make_database.HASHERS


def test_the_tables_hold_what_is_described(made):
    path, described = made
    with sqlite3.connect(path) as database:
        rows = dict(database.execute("SELECT username, password FROM auth_user"))
        owners = dict(database.execute(f"SELECT jti, username FROM {OUTSTANDING} LEFT JOIN auth_user ON auth_user.id = user_id"))
        blacklisted = {jti for (jti,) in database.execute(
            f"SELECT jti FROM {BLACKLISTED} JOIN {OUTSTANDING} AS outstanding ON outstanding.id = token_id")}
        expired = {jti for (jti,) in database.execute(f"SELECT jti FROM {OUTSTANDING} WHERE expires_at < CURRENT_TIMESTAMP")}
    assert rows == {account["username"]: account["encoded"] for account in described["accounts"]}
    assert owners == {token["jti"]: token["username"] if token["username"] != "gone" else None for token in described["tokens"]}
    assert blacklisted == {token["jti"] for token in described["tokens"] if token["is_blacklisted"]}
    assert expired == {token["jti"] for token in described["tokens"] if token["is_expired"]}


OUTSTANDING, BLACKLISTED = "token_blacklist_outstandingtoken", "token_blacklist_blacklistedtoken"
