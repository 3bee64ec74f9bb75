"""The cut-over: people are logged in at a real Django, and from then on it is Martlet that is asked.

Their tokens are what simplejwt gave them. The accounts and the tokens that it has taken back come by `martlet import django`.
"""

import base64
import concurrent.futures
import datetime
import hashlib
import hmac
import json
import re
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

import consumers
import martlet_server
import sides
from martlet_server import PASSWORD, until
from profiles import ACCESS_COOKIE, ROTATION, USUAL_TTL, drf_jwt, simplejwt

SECRET_KEY = re.search(r'^SECRET_KEY = "(.+)"$', (sides.FOLDER / "django_site" / "settings.py").read_text(), re.M)[1]
SECRET = {"MARTLET_OLD_KEY": SECRET_KEY}
ME = "/api/v1/users/me"
REFRESH = "/api/token/refresh/"
JSON = {"Content-Type": "application/json"}


def in_seconds(seconds):
    return (datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)).isoformat(timespec="milliseconds")


class CutOver:
    """A Django, the Martlet that took it over, and what people got from the one. `before(case)` is called when there is only Django:
    what it returns is `case.kept`."""

    def __init__(self, site, successor, settings=None, key=SECRET, before=None, **simple_jwt):
        old = key | {"MARTLET_OLD_KEY_UNTIL": in_seconds(86_400)}
        profile = simplejwt(USUAL_TTL | old | (settings or {}), **simple_jwt)
        self.django = site(profile)
        self.kept = before(self) if before else None
        self.side = successor(profile, self.django)
        self.server = self.side.server

    def log_in(self, username="ada"):
        """Logs in at Django."""
        return self.log_in_as(username, PASSWORD)

    def log_in_as(self, username, password):
        return self.at_django("/api/token/", {"username": username, "password": password})

    def at_django(self, path, body):
        answer = self.django.send("POST", path, json.dumps(body).encode(), JSON)
        assert answer.status == 200, answer
        return answer.json

    def refresh(self, token, path=REFRESH):
        return self.server.post(path, {"refresh": token})


@pytest.fixture
def cut_over(site, successor):
    return lambda *arguments, **options: CutOver(site, successor, *arguments, **options)


@pytest.fixture
def consume(tmp_path):
    started = []

    def launch(issuer, **settings):
        started.append(consumers.launch_api(tmp_path / f"api-{len(started)}", issuer, **settings).ready())
        return started[-1]

    yield launch
    for consumer in started:
        consumer.stop()


def test_the_day_of_the_move(cut_over, consume):
    """From end to end: people at Django, some of them logged out, the import, and Martlet in its place."""

    def before(case):
        phone, laptop, lost = (case.log_in() for _ in range(3))
        case.at_django("/api/token/blacklist/", {"refresh": lost["refresh"]})
        return phone, laptop, lost

    case = cut_over(before=before)
    phone, laptop, lost = case.kept
    assert case.side.summary["accounts"]["created"] == len(sides.ACCOUNTS) and case.side.summary["tokens"]["noted"] == 1
    api = consume(case.server.url, **SECRET, MARTLET_OLD_KEY_UNTIL=in_seconds(3600))
    for tokens in (phone, laptop):
        assert case.server.get(ME, token=tokens["access"]).json["username"] == "ada" and api.accepts(tokens["access"])
    # What Django took back stays so, wherever it is shown; its access token was none of simplejwt's business.
    for path in (REFRESH, "/auth/refresh"):
        assert case.refresh(lost["refresh"], path).status == 401
    answer = case.refresh(lost["refresh"])
    assert (answer.status, answer.json) == (401, {"detail": "Token is blacklisted", "code": "token_not_valid"})

    new = case.refresh(phone["refresh"])
    assert new.status == 200 and api.accepts(new.json["access"])
    claims = martlet_server.claims(new.json["access"])
    assert claims["user_id"] == str(martlet_server.claims(phone["access"])["user_id"])
    assert case.server.get(ME, token=new.json["access"]).json["username"] == "ada"
    # Once: the same token again is the same session's.
    again = case.refresh(phone["refresh"])
    assert again.status == 200 and martlet_server.claims(again.json["access"])["sid"] == claims["sid"]
    assert martlet_server.claims(case.refresh(laptop["refresh"]).json["access"])["sid"] != claims["sid"], "the other device is another"
    # And who comes with a password is known, too.
    assert case.server.login("ada").me().json["username"] == "ada"


def test_at_dj_rest_auths_views(cut_over):
    """An old access token opens what Martlet's own opens, and a new password takes it back."""
    case = cut_over({"MARTLET_COMPAT": "dj-rest-auth", "MARTLET_COMPAT_JWT_AUTH_COOKIE": ACCESS_COOKIE})
    old, other = case.log_in(), case.log_in("carol")
    user, password = "/dj-rest-auth/user/", "/dj-rest-auth/password/change/"
    found = case.server.get(user, token=old["access"])
    assert (found.status, found.json["username"]) == (200, "ada")
    assert found.json["pk"] == int(martlet_server.claims(old["access"])["user_id"])
    assert case.server.get(user, headers={"Cookie": f"{ACCESS_COOKIE}={old['access']}"}).json == found.json
    assert case.server.call("PATCH", user, {"first_name": "Ada"}, token=old["access"]).json["first_name"] == "Ada"
    renewed = case.refresh(old["refresh"], "/dj-rest-auth/token/refresh/")
    assert renewed.status == 200 and case.server.get(user, token=renewed.json["access"]).status == 200
    left = case.log_in("carol")["refresh"]
    assert case.server.post("/dj-rest-auth/logout/", {"refresh": left}).status == 200
    assert case.refresh(left, "/dj-rest-auth/token/refresh/").status == 401
    new = {"new_password1": "another one, as long", "new_password2": "another one, as long"}
    assert case.server.post(password, {**new, "old_password": "not hers"}, token=old["access"]).status == 400
    assert case.server.post(password, {**new, "old_password": PASSWORD}, token=old["access"]).status == 200
    answer = case.server.get(user, token=old["access"])
    assert (answer.status, answer.json["code"], answer.json["messages"][0]["message"]) == (401, "token_not_valid", "Token is blacklisted")
    assert 'realm="api"' in answer.headers["WWW-Authenticate"]
    assert case.server.get(user, token=other["access"]).status == 200
    case.side.change("delete", "carol")
    answer = case.server.get(user, token=other["access"])
    assert (answer.status, answer.json["code"]) == (401, "token_not_valid")


def test_a_token_of_drf_jwts_renews_itself_at_martlet(site, successor):
    """Once, for all that followed from its login; then the frontend goes on with tokens of Martlet's own."""
    old = SECRET | {"MARTLET_OLD_KEY_UNTIL": in_seconds(86_400), "MARTLET_OLD_TOKEN_TYPE_CLAIM": "none", "MARTLET_REFRESH_GRACE": 0}
    profile = drf_jwt(USUAL_TTL | old)
    django = site(profile)
    login = json.dumps({"username": "ada", "password": PASSWORD}).encode()
    first, other, third = (django.send("POST", "/api-token-auth/", login, JSON).json["token"] for _ in range(3))
    renewed = django.send("POST", "/api-token-refresh/", json.dumps({"token": first}).encode(), JSON).json["token"]
    server = successor(profile, django).server

    def call(path, token, **options):
        return server.post(path, {"token": token}, **options)

    for token in (first, renewed):
        assert server.get(ME, headers={"Authorization": f"JWT {token}"}).json["username"] == "ada"
        assert call("/api-token-verify/", token).status == 201
    new = call("/api-token-refresh/", renewed)
    assert new.status == 201, new
    before, after = martlet_server.claims(renewed), martlet_server.claims(new.json["token"])
    assert {name: after[name] for name in ("username", "user_id", "orig_iat", "orig_jti")} == {
        name: before[name] for name in ("username", "user_id", "orig_iat", "orig_jti")}
    new = call("/api-token-refresh/", new.json["token"])
    assert new.status == 201 and server.get(ME, headers={"Authorization": f"JWT {new.json['token']}"}).status == 200
    for token in (renewed, first):
        answer = call("/api-token-refresh/", token)
        assert (answer.status, answer.json) == (400, {"non_field_errors": ["Token is blacklisted."]}), "somebody else holds it"
    assert call("/api-token-refresh/", new.json["token"]).status == 400, "one of the two was a thief"
    assert call("/api-token-refresh/", other).status == 201, "another login is another session"
    assert server.post("/api-token-blacklist/", {}, headers={"Authorization": f"JWT {third}"}).status == 201
    for path in ("/api-token-verify/", "/api-token-refresh/"):
        assert call(path, third).json == {"non_field_errors": ["Token is blacklisted."]}


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
        assert case.server.get(ME, token=token).json["roles"] == ["admin", "staff"]
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
