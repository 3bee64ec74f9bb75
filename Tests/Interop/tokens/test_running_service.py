"""Tokens of the running service, verified by other people's libraries from nothing but its address and its key set."""

import datetime
import json

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from joserfc import errors as joserfc_errors
from joserfc import jwt as joserfc_jwt
from joserfc.jwk import KeySet, OctKey
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jws as jwcrypto_jws
from jwcrypto import jwt as jwcrypto_jwt

import martlet_server
from martlet_server import claims, header

ALGORITHMS = ["ES256", "ES384", "EdDSA", "RS256", "PS256"]
SHARED_SECRET = "a shared secret of more than 32 bytes"


@pytest.fixture(scope="module", params=ALGORITHMS)
def service(request, tmp_path_factory):
    server = martlet_server.launch(tmp_path_factory.mktemp(request.param), MARTLET_SIGNING_ALGORITHM=request.param)
    server.algorithm = request.param
    server.session = server.register()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def sharing(tmp_path_factory):
    server = martlet_server.launch(tmp_path_factory.mktemp("HS256"), MARTLET_SIGNING_ALGORITHM="HS256", MARTLET_JWT_SECRET=SHARED_SECRET)
    server.secrets.add(SHARED_SECRET)
    server.session = server.register()
    yield server
    server.stop()


def key_set(server):
    return server.get("/.well-known/jwks.json").json


def stranger(algorithm):
    """A private key that nobody published."""
    return {
        "ES256": lambda: ec.generate_private_key(ec.SECP256R1()), "ES384": lambda: ec.generate_private_key(ec.SECP384R1()),
        "EdDSA": ed25519.Ed25519PrivateKey.generate, "RS256": lambda: rsa.generate_private_key(65537, 2048),
        "PS256": lambda: rsa.generate_private_key(65537, 2048),
    }[algorithm]()


def forged(server):
    """The service's token, with the same header and claims, by a stranger's key."""
    token = server.session.access
    return jwt.encode(claims(token), stranger(server.algorithm), algorithm=server.algorithm, headers={"typ": "at+jwt", "kid": header(token)["kid"]})


def test_the_header_says_how_it_is_signed(service):
    fields = header(service.session.access)
    assert (fields["alg"], fields["typ"]) == (service.algorithm, "at+jwt")
    assert [key["alg"] for key in service.token_keys()] == [service.algorithm]


# PyJWT: PyJWKClient fetches over the wire


def by_pyjwt(server, token):
    client = jwt.PyJWKClient(f"http://127.0.0.1:{server.port}/.well-known/jwks.json")
    key = client.get_signing_key_from_jwt(token)
    return jwt.decode(
        token, key, algorithms=[server.algorithm], audience=server.url, issuer=server.url, options={"require": ["exp", "iat", "iss", "aud", "sub", "jti"]})


def test_pyjwt_verifies_it(service):
    assert by_pyjwt(service, service.session.access)["sub"] == service.session.user_id


def test_pyjwt_refuses_a_strangers(service):
    with pytest.raises(jwt.InvalidSignatureError):
        by_pyjwt(service, forged(service))


def test_pyjwt_refuses_another_audience(service):
    token = service.post("/auth/refresh", {"refresh": service.login(service.session.username).refresh_token, "audience": "https://api.example"}).json["access"]
    with pytest.raises(jwt.InvalidAudienceError):
        by_pyjwt(service, token)


# joserfc


def by_joserfc(server, token):
    decoded = joserfc_jwt.decode(token, KeySet.import_key_set(key_set(server)), algorithms=[server.algorithm])
    joserfc_jwt.JWTClaimsRegistry(
        iss={"essential": True, "value": server.url}, aud={"essential": True, "value": server.url}, exp={"essential": True}).validate(decoded.claims)
    return decoded


def test_joserfc_verifies_it(service):
    assert by_joserfc(service, service.session.access).claims["sub"] == service.session.user_id


def test_joserfc_refuses_a_strangers(service):
    with pytest.raises(joserfc_errors.BadSignatureError):
        by_joserfc(service, forged(service))


# jwcrypto


def by_jwcrypto(server, token):
    keys = jwcrypto_jwk.JWKSet.from_json(json.dumps(key_set(server)))
    verified = jwcrypto_jwt.JWT(
        jwt=token, key=keys, algs=[server.algorithm], check_claims={"iss": server.url, "aud": server.url, "exp": None, "sub": None})
    return json.loads(verified.claims)


def test_jwcrypto_verifies_it(service):
    assert by_jwcrypto(service, service.session.access)["sub"] == service.session.user_id


def test_jwcrypto_refuses_a_strangers(service):
    with pytest.raises((jwcrypto_jws.InvalidJWSSignature, jwcrypto_jwt.JWTMissingKey)):
        by_jwcrypto(service, forged(service))


def test_the_kid_is_the_thumbprint_of_the_key(service):
    (key,) = service.token_keys()
    assert jwcrypto_jwk.JWK(**key).thumbprint() == key["kid"]


# The other way round: the service refuses what others sign


def test_the_service_refuses_a_strangers(service):
    token = forged(service)
    assert (*service.get("/api/v1/users/me", token=token),) == (401, "invalid_token")
    assert service.post("/auth/verify", {"token": token}).status == 401
    assert service.post("/auth/blacklist", {"token": token}).status == 401


@pytest.mark.parametrize("confusion", ["none", "HS256 with the public key", "HS256 with an empty key", "embedded jwk", "no kid", "other kid"])
def test_the_service_refuses_a_confused_algorithm_or_key(service, confusion):
    token, (public,) = service.session.access, service.token_keys()
    fields, body = header(token), claims(token)
    own = stranger(service.algorithm)
    pem = jwcrypto_jwk.JWK(**public).export_to_pem()
    unsigned = jwt.encode(body, None, algorithm="none", headers={"typ": "at+jwt", "kid": fields["kid"]})
    hmac = lambda secret: sign_hmac(body, secret, fields["kid"])  # noqa: E731
    bad = {
        "none": lambda: unsigned,
        "HS256 with the public key": lambda: hmac(pem),
        "HS256 with an empty key": lambda: hmac(b""),
        "embedded jwk": lambda: jwt.encode(body, own, algorithm=service.algorithm, headers={
            "typ": "at+jwt", "kid": "own", "jwk": json.loads(jwt.get_algorithm_by_name(service.algorithm).to_jwk(own.public_key()))}),
        "no kid": lambda: jwt.encode(body, own, algorithm=service.algorithm, headers={"typ": "at+jwt"}),
        "other kid": lambda: jwt.encode(body, own, algorithm=service.algorithm, headers={"typ": "at+jwt", "kid": "../../other"}),
    }[confusion]()
    assert (*service.get("/api/v1/users/me", token=bad),) == (401, "invalid_token")


def sign_hmac(body, secret, kid):
    """HS256 by hand: libraries refuse to take a public key, or none, for a secret."""
    import base64
    import hashlib
    import hmac

    encode = lambda value: base64.urlsafe_b64encode(value).rstrip(b"=")  # noqa: E731
    signed = encode(json.dumps({"alg": "HS256", "typ": "at+jwt", "kid": kid}).encode()) + b"." + encode(json.dumps(body).encode())
    return (signed + b"." + encode(hmac.new(secret, signed, hashlib.sha256).digest())).decode()


# HS256 with a shared secret


def test_whoever_has_the_shared_secret_verifies(sharing):
    token = sharing.session.access
    assert jwt.decode(token, SHARED_SECRET, algorithms=["HS256"], audience=sharing.url, issuer=sharing.url)["sub"] == sharing.session.user_id
    assert joserfc_jwt.decode(token, OctKey.import_key(SHARED_SECRET), algorithms=["HS256"]).claims["sub"] == sharing.session.user_id
    key = jwcrypto_jwk.JWK.from_password(SHARED_SECRET)
    assert json.loads(jwcrypto_jwt.JWT(jwt=token, key=key, algs=["HS256"]).claims)["sub"] == sharing.session.user_id


def test_another_secret_is_refused_by_all(sharing):
    token = sharing.session.access
    other = jwt.encode(claims(token), SHARED_SECRET + "!", algorithm="HS256", headers={"typ": "at+jwt", "kid": header(token)["kid"]} if "kid" in header(token) else {"typ": "at+jwt"})
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(other, SHARED_SECRET, algorithms=["HS256"], audience=sharing.url)
    assert (*sharing.get("/api/v1/users/me", token=other),) == (401, "invalid_token")


def test_with_a_shared_secret_the_types_of_tokens_stay_apart(sharing):
    """Both are HS256 here; neither passes for the other, and both can be looked at and taken back."""
    ada = sharing.register()
    assert (*sharing.get("/api/v1/users/me", token=ada.refresh_token),) == (401, "token_wrong_type")
    assert (*sharing.post("/auth/refresh", {"refresh": ada.access}),) == (401, "token_wrong_type")
    assert sharing.post("/auth/verify", {"token": ada.refresh_token}).json["token_type"] == "refresh"
    assert sharing.post("/auth/blacklist", {"token": ada.refresh_token}).status == 204
    assert ada.me().code == "token_revoked"
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(ada.refresh_token, SHARED_SECRET, algorithms=["HS256"], audience=sharing.url)


def test_a_token_lives_as_long_as_it_says(service):
    body = claims(service.session.access)
    left = datetime.datetime.fromtimestamp(body["exp"], datetime.UTC) - datetime.datetime.now(datetime.UTC)
    assert datetime.timedelta(seconds=500) < left <= datetime.timedelta(seconds=601)
