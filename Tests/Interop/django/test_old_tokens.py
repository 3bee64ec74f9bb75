"""The cut-over: people are logged in at a real Django, and from then on it is Martlet that is asked.

Their tokens are what simplejwt gave them. The accounts are those of the site, under the ids that Django has for them.
"""

import base64
import concurrent.futures
import datetime
import hashlib
import hmac
import json
import re
import sqlite3
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import consumers
import martlet_server
import sides
from martlet_server import PASSWORD, until
from profiles import ROTATION, USUAL_TTL, simplejwt

SECRET_KEY = re.search(r'^SECRET_KEY = "(.+)"$', (sides.FOLDER / "django_site" / "settings.py").read_text(), re.M)[1]
SECRET = {"MARTLET_OLD_KEY": SECRET_KEY}
ME = "/api/v1/users/me"
REFRESH = "/api/token/refresh/"
JSON = {"Content-Type": "application/json"}


def in_seconds(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


class CutOver:
    """A Django, the Martlet after it, and what people got from the one."""

    def __init__(self, site, martlet, settings=None, key=SECRET, **simple_jwt):
        old = key | {"MARTLET_OLD_KEY_UNTIL": in_seconds(86_400)}
        profile = simplejwt(USUAL_TTL | old | (settings or {}), **simple_jwt)
        self.django, self.side = site(profile), martlet(profile)
        self.server = self.side.server
        self.take_over()

    def take_over(self):
        """What the import does to accounts that are there: they get the names that Django has for them."""
        with sqlite3.connect(self.django.database) as database:
            ids = dict(database.execute("SELECT username, id FROM auth_user"))
        with sqlite3.connect(self.server.folder / "data" / "martlet.db", timeout=20) as database:
            for username, number in ids.items():
                database.execute("UPDATE users SET external_id = ? WHERE username = ?", (str(number), username))

    def log_in(self, username="ada"):
        """Logs in at Django."""
        return self.log_in_as(username, PASSWORD)

    def log_in_as(self, username, password):
        answer = self.django.send("POST", "/api/token/", json.dumps({"username": username, "password": password}).encode(), JSON)
        assert answer.status == 200, answer
        return answer.json

    def refresh(self, token, path=REFRESH):
        return self.server.post(path, {"refresh": token})


@pytest.fixture
def cut_over(site, martlet):
    return lambda *arguments, **options: CutOver(site, martlet, *arguments, **options)


@pytest.fixture
def consume(tmp_path):
    started = []

    def launch(issuer, **settings):
        started.append(consumers.launch_api(tmp_path / f"api-{len(started)}", issuer, **settings).ready())
        return started[-1]

    yield launch
    for consumer in started:
        consumer.stop()


def test_who_was_logged_in_stays_logged_in(cut_over):
    """The day of an SPA: an old access token, then the old refresh token, then tokens of Martlet's own."""
    case = cut_over()
    old = case.log_in()
    assert case.server.get(ME, token=old["access"]).json["username"] == "ada"
    assert (*case.server.post("/api/token/verify/", {"token": old["access"]}),) == (200, None)
    assert (*case.server.post("/api/token/verify/", {"token": old["refresh"]}),) == (200, None)

    new = case.refresh(old["refresh"])
    assert new.status == 200 and set(new.json) == {"access", "refresh"}, "a refresh token to go on with, rotation or not"
    assert case.server.get(ME, token=new.json["access"]).json["username"] == "ada"
    claims = martlet_server.claims(new.json["access"])
    assert claims["user_id"] == str(martlet_server.claims(old["access"])["user_id"]), "the team's APIs find the same account"

    # Who does as with simplejwt's defaults, and keeps the refresh token of the login, goes on as well.
    again = case.refresh(old["refresh"])
    assert again.status == 200 and martlet_server.claims(again.json["access"])["sid"] == claims["sid"]
    assert case.refresh(new.json["refresh"]).status == 200
    assert [line["action"] for line in case.server.admin().call("GET", "/admin/api/audit?action=old_token.exchanged").json["items"]] == [
        "old_token.exchanged"]


def test_logging_out_takes_everything_back(cut_over):
    case = cut_over()
    old, other = case.log_in(), case.log_in()
    new = case.refresh(old["refresh"]).json
    assert case.server.post("/api/token/blacklist/", {"refresh": old["refresh"]}).status == 200
    for token in (old["refresh"], new["refresh"]):
        answer = case.refresh(token)
        assert (answer.status, answer.json) == (401, {"detail": "Token is blacklisted", "code": "token_not_valid"})
    assert (*case.server.get(ME, token=new["access"]),) == (401, "token_revoked")
    assert case.refresh(other["refresh"]).status == 200, "another login is another session"
    # One that was never exchanged.
    third = case.log_in()
    assert case.server.post("/api/token/blacklist/", {"refresh": third["refresh"]}).status == 200
    assert case.refresh(third["refresh"]).status == 401


@pytest.mark.parametrize("path", ["/auth/refresh", REFRESH])
def test_it_is_exchanged_once(cut_over, path):
    case = cut_over(ROTATION | {"MARTLET_REFRESH_GRACE": 1}, ROTATE_REFRESH_TOKENS=True, BLACKLIST_AFTER_ROTATION=True)
    old = case.log_in()
    new = case.refresh(old["refresh"], path)
    tab = case.refresh(old["refresh"], path)
    assert new.status == tab.status == 200 and new.json["refresh"] == tab.json["refresh"], "two tabs are one session"
    time.sleep(1.1)
    assert case.refresh(old["refresh"], path).status == 401
    assert case.refresh(new.json["refresh"], path).status == 401, "one of the two was a thief"


def test_fifty_at_once_are_one_session(cut_over):
    case = cut_over(ROTATION, ROTATE_REFRESH_TOKENS=True, BLACKLIST_AFTER_ROTATION=True)
    old = case.log_in()
    with concurrent.futures.ThreadPoolExecutor(50) as threads:
        answers = list(threads.map(lambda _: case.refresh(old["refresh"]), range(50)))
    assert {answer.status for answer in answers} == {200}, answers
    assert len({answer.json["refresh"] for answer in answers}) == 1
    assert len({martlet_server.claims(answer.json["access"])["sid"] for answer in answers}) == 1
    ada = case.server.login("ada")
    assert len(ada.call("GET", "/auth/sessions").json["items"]) == 2


def test_an_account_that_is_disabled_or_has_another_password(cut_over, consume):
    """At the service at once, at an API that checks offline within a second."""
    case = cut_over()
    api = consume(case.server.url, **SECRET, MARTLET_OLD_KEY_UNTIL=in_seconds(3600))
    for username, action, members in (("carol", "deactivate", {}), ("dora", "password", {"password": "another password, as long"}),
                                      ("eve", "delete", {})):
        old, other = case.log_in(username), case.log_in("finn")
        assert api.accepts(old["access"]) and case.server.get(ME, token=old["access"]).status == 200
        case.side.change(action, username, **members)
        assert case.server.get(ME, token=old["access"]).status == 401
        assert case.refresh(old["refresh"]).status == 401
        until(lambda: api.refuses(old["access"]), seconds=3, what="the news at the API")
        assert api.accepts(other["access"])


def test_logging_out_everywhere_by_an_old_token(cut_over, consume):
    case = cut_over()
    api = consume(case.server.url, **SECRET, MARTLET_OLD_KEY_UNTIL=in_seconds(3600))
    phone, laptop = case.log_in(), case.log_in()
    assert case.server.post("/auth/logout-all", token=phone["access"]).status == 204
    for tokens in (phone, laptop):
        assert (*case.server.get(ME, token=tokens["access"]),) == (401, "token_revoked")
        assert case.refresh(tokens["refresh"]).status == 401
        until(lambda: api.refuses(tokens["access"]), seconds=3, what="the news at the API")
    # The seconds by which Django's clock might be ahead take what is given out in them, too.
    until(lambda: api.accepts(case.log_in()["access"]), seconds=15, pause=0.5, what="a login after that")


def test_the_superuser_of_django_logs_in_again_to_administer(cut_over):
    case = cut_over()
    warden = case.log_in_as(martlet_server.ADMIN, martlet_server.ADMIN_PASSWORD)
    new = case.refresh(warden["refresh"]).json
    for token in (warden["access"], new["access"]):
        assert case.server.get(ME, token=token).json["roles"] == ["admin"]
        assert (*case.server.get("/admin/api/users", token=token),) == (403, "insufficient_scope")


def test_at_the_end_it_is_over(cut_over, consume, start):
    case = cut_over()
    old = case.log_in()
    case.side.stop()
    near = SECRET | {"MARTLET_OLD_KEY_UNTIL": in_seconds(5)}
    server = start(folder=case.server.folder.name, MARTLET_COMPAT="simplejwt", **near)
    api = consume(server.url, **near)
    assert server.get(ME, token=old["access"]).status == 200 and api.accepts(old["access"])
    until(lambda: server.get(ME, token=old["access"]).status == 401, seconds=10, what="the end")
    assert api.whoami(old["access"]).status == 401
    assert server.post(REFRESH, {"refresh": old["refresh"]}).status == 401
    assert server.post("/auth/refresh", {"refresh": old["refresh"]}).status == 401


def test_a_public_key_of_old(cut_over, consume, tmp_path):
    """RS256, as a site is set up whose APIs only verify; the public text is no secret to sign with."""
    key = rsa.generate_private_key(65537, 2048)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()
    path = tmp_path / "old.pem"
    path.write_text(public)
    case = cut_over(key={"MARTLET_OLD_KEY_FILE": str(path)}, ALGORITHM="RS256", SIGNING_KEY=private, VERIFYING_KEY=public)
    old = case.log_in()
    assert case.server.get(ME, token=old["access"]).status == 200
    claims = martlet_server.claims(old["access"])
    for forged in (
        jwt.encode(claims, None, algorithm="none"), hs256(claims, public.encode()), hs256(claims, public.strip().encode()),
        jwt.encode(claims, private, algorithm="PS256"),
        jwt.encode(claims, rsa.generate_private_key(65537, 2048), algorithm="RS256"),
    ):
        assert case.server.get(ME, token=forged).status == 401, jwt.get_unverified_header(forged)
    api = consume(case.server.url, MARTLET_OLD_KEY=public, MARTLET_OLD_KEY_UNTIL=in_seconds(3600))
    assert api.accepts(old["access"])
    assert case.refresh(old["refresh"]).status == 200


def hs256(claims, secret):
    """PyJWT refuses to sign with a public key's text."""
    head = jwt.encode(claims, "x" * 32, algorithm="HS256").rpartition(".")[0]
    code = hmac.new(secret, head.encode(), hashlib.sha256).digest()
    return f"{head}.{base64.urlsafe_b64encode(code).rstrip(b'=').decode()}"


def test_an_api_that_is_not_told_of_the_old_key_knows_nothing_of_it(cut_over, consume):
    case = cut_over()
    assert consume(case.server.url).refuses(case.log_in()["access"], "token_wrong_type")


def test_the_log_says_for_how_long(start):
    until_ = in_seconds(2 * 86_400 + 1800)
    server = start(**SECRET, MARTLET_OLD_KEY_UNTIL=until_)
    assert "2 days and 0 hours" in server.log
    over = start(folder="over", **SECRET, MARTLET_OLD_KEY_UNTIL="2020-01-01")
    assert "not accepted since 2020-01-01T00:00:00.000Z" in over.log
    with pytest.raises(martlet_server.StartFailure, match="more than 400 days away"):
        start(folder="never", **SECRET, MARTLET_OLD_KEY_UNTIL=in_seconds(401 * 86_400))
