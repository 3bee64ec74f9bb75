"""A Django API with simplejwt's authentication classes takes Martlet's tokens, with the settings that docs/django.md gives; so does
PyJWT alone with a shared secret."""

import functools
import json
import os
import re
import sqlite3
import subprocess
import sys
import time
from types import SimpleNamespace

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa

import martlet_server
import sides
from martlet_server import PACKAGE, PASSWORD, claims, header
from profiles import Profile

DOCUMENTED = (PACKAGE / "docs" / "django.md").read_text()
EXAMPLE_ISSUER = "https://auth.example"
SHARED_SECRET = "what a team had as its SIGNING_KEY, long enough"
API = "https://api.example"
STATELESS = "rest_framework_simplejwt.authentication.JWTStatelessUserAuthentication"
# The first PyJWT whose PyJWKClient simplejwt gets on with for ES256.
OLDEST_PYJWT = "2.1.0"


@functools.cache
def documented(marker, issuer):
    """The settings in the block of the documentation behind this marker, the service's address put in."""
    source = re.search(rf"<!-- {marker} -->\s*```python\n(.*?)```", DOCUMENTED, re.DOTALL)[1]
    settings = {"os": SimpleNamespace(environ={"JWT_SECRET": SHARED_SECRET})}
    exec(source.replace(EXAMPLE_ISSUER, issuer), settings)
    return {name: value for name, value in settings.items() if name.isupper()}


@pytest.fixture
def api(tmp_path, database):
    """Starts an API behind a service: `api(service, marker, authentication=…, **simple_jwt)`."""
    running = []

    def launch(service, marker="resource-server", authentication=None, **simple_jwt):
        settings = json.loads(json.dumps(documented(marker, service.url)))
        settings["SIMPLE_JWT"] |= simple_jwt
        if authentication:
            settings["REST_FRAMEWORK"]["DEFAULT_AUTHENTICATION_CLASSES"] = [authentication]
        running.append(sides.DjangoSide(Profile("simplejwt", settings, {}), tmp_path / f"api-{len(running)}", database))
        return running[-1]

    yield launch
    for each in running:
        each.stop()


def started(folder, algorithm="ES256", **settings):
    """A service with accounts that came from the API's database, and one that did not."""
    service = martlet_server.launch(folder, MARTLET_COMPAT="simplejwt", MARTLET_SIGNING_ALGORITHM=algorithm, **settings)
    service.algorithm = algorithm
    for username in ("ada", "newcomer"):
        service.register(username)
    return service


def imported(service, database):
    """Calls ada what the API's database calls her."""
    with sqlite3.connect(database) as source:
        (key,) = source.execute("SELECT id FROM auth_user WHERE username = 'ada'").fetchone()
    with sqlite3.connect(service.folder / "data" / "martlet.db", timeout=20) as target:
        assert target.execute("UPDATE users SET external_id = ? WHERE username = 'ada'", (str(key),)).rowcount == 1
    return str(key)


@pytest.fixture(scope="module", params=["ES256", "RS256"])
def service(request, tmp_path_factory, database):
    server = started(tmp_path_factory.mktemp(request.param), request.param)
    server.key_of_ada = imported(server, database)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def oldest_pyjwt(tmp_path_factory):
    """A folder with the oldest PyJWT that will do."""
    folder = tmp_path_factory.mktemp("pyjwt")
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--target", folder]
    subprocess.run([*pip, f"pyjwt=={OLDEST_PYJWT}"], check=True)
    return folder


def logged_in(service, username="ada"):
    """The tokens of simplejwt's own login."""
    answer = service.post("/api/token/", {"username": username, "password": PASSWORD})
    assert answer.status == 200, answer
    return answer.json


def ask(api, token):
    return api.send("GET", "/api/v1/users/me", headers={"Authorization": f"Bearer {token}"})


def tampered(token):
    fields, body, signature = token.split(".")
    changed = jwt.utils.base64url_encode(json.dumps({**claims(token), "user_id": "1"}).encode()).decode()
    return f"{fields}.{changed}.{signature}"


def by_a_stranger(token, service):
    key = rsa.generate_private_key(65537, 2048) if service.algorithm == "RS256" else ec.generate_private_key(ec.SECP256R1())
    return jwt.encode(claims(token), key, algorithm=service.algorithm, headers={"kid": header(token)["kid"]})


REFUSED = {
    "tampered with": lambda service: tampered(logged_in(service)["access"]),
    "a stranger's, by the same kid": lambda service: by_a_stranger(logged_in(service)["access"], service),
    "for another API": lambda service: service.login("ada", audience=API).access,
    "a refresh token": lambda service: logged_in(service)["refresh"],
    "a document of the feed": lambda service: service.get("/.well-known/revocations").body.decode(),
    "nonsense": lambda service: "nonsense",
}


def test_the_user_is_found_by_what_the_account_was_called(service, api):
    answer = ask(api(service, ALGORITHM=service.algorithm), logged_in(service)["access"])
    assert (answer.status, answer.json) == (200, {"id": service.key_of_ada, "username": "ada"})


def test_a_token_of_the_native_login_is_as_good(service, api):
    assert ask(api(service, ALGORITHM=service.algorithm), service.login("ada").access).status == 200


def test_without_a_database_the_id_is_the_tokens(service, api):
    stateless = api(service, authentication=STATELESS, ALGORITHM=service.algorithm)
    for username, expected in (("ada", service.key_of_ada), ("newcomer", service.login("newcomer").user_id)):
        answer = ask(stateless, logged_in(service, username)["access"])
        assert (answer.status, answer.json["id"]) == (200, expected)


def test_what_is_no_token_for_this_api_is_refused(service, api):
    for class_name in (None, STATELESS):
        consumer = api(service, authentication=class_name, ALGORITHM=service.algorithm)
        for kind, make in REFUSED.items():
            answer = ask(consumer, make(service))
            assert (answer.status, answer.code) == (401, "token_not_valid"), (kind, answer)
        assert ask(consumer, logged_in(service)["access"]).status == 200


def test_the_oldest_pyjwt_copes_with_the_key_set(service, api, oldest_pyjwt, monkeypatch):
    """The feed's key is in it, of another algorithm perhaps, and with a member of its own."""
    assert any("signs" in key for key in service.get("/.well-known/jwks.json").json["keys"])
    monkeypatch.setenv("PYTHONPATH", str(oldest_pyjwt))
    version = subprocess.run([sys.executable, "-c", "import jwt; print(jwt.__version__)"], capture_output=True, text=True, env=os.environ)
    assert version.stdout.strip() == OLDEST_PYJWT
    consumer = api(service, ALGORITHM=service.algorithm)
    assert ask(consumer, logged_in(service)["access"]).status == 200
    assert ask(consumer, tampered(logged_in(service)["access"])).status == 401


def test_an_expired_token_is_refused(tmp_path, database, api):
    service = started(tmp_path / "short", MARTLET_ACCESS_TTL=5)
    try:
        imported(service, database)
        consumer = api(service)
        token = logged_in(service)["access"]
        time.sleep(max(0, claims(token)["exp"] + 1 - time.time()))
        answer = ask(consumer, token)
        assert (answer.status, answer.json["messages"][0]["message"]) == (401, "Token is expired")
    finally:
        service.stop()


def test_the_documentation_is_right_about_accounts_made_at_martlet(service, api):
    """An integer key cannot be looked up by a UUID; a text field can."""
    token = logged_in(service, "newcomer")["access"]
    assert ask(api(service, ALGORITHM=service.algorithm), token).status == 500
    by_text = ask(api(service, ALGORITHM=service.algorithm, USER_ID_FIELD="username"), token)
    assert (by_text.status, by_text.code) == (401, "user_not_found")


# With a shared secret


@pytest.fixture(scope="module")
def sharing(tmp_path_factory, database):
    server = started(tmp_path_factory.mktemp("HS256"), "HS256", MARTLET_JWT_SECRET=SHARED_SECRET)
    server.secrets.add(SHARED_SECRET)
    server.key_of_ada = imported(server, database)
    yield server
    server.stop()


def test_a_shared_secret_is_enough_for_simplejwt(sharing, api):
    consumer = api(sharing, "resource-server-hs256")
    tokens = logged_in(sharing)
    assert ask(consumer, tokens["access"]).json == {"id": sharing.key_of_ada, "username": "ada"}
    for token in (tampered(tokens["access"]), tokens["refresh"], sharing.login("ada", audience=API).access):
        assert ask(consumer, token).status == 401


def test_a_shared_secret_is_enough_for_pyjwt(sharing):
    tokens = logged_in(sharing)
    verify = functools.partial(jwt.decode, key=SHARED_SECRET, algorithms=["HS256"], issuer=sharing.url, audience=sharing.url)
    body = verify(tokens["access"])
    assert (body["token_type"], body["user_id"]) == ("access", sharing.key_of_ada)
    assert isinstance(body["jti"], str)
    for token, error in (
        (tampered(tokens["access"]), jwt.InvalidSignatureError), (tokens["refresh"], jwt.InvalidSignatureError),
        (sharing.login("ada", audience=API).access, jwt.InvalidAudienceError),
    ):
        with pytest.raises(error):
            verify(token)
