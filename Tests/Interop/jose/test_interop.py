"""Tokens and keys of MartletJOSE and of three other implementations, each read by the other, for every algorithm."""

import json

import jwt
import pytest
from joserfc import jwk as joserfc_jwk
from joserfc import jws as joserfc_jws
from jwcrypto import jwk as jwcrypto_jwk
from jwcrypto import jws as jwcrypto_jws

SECRETS = {"HS256": 256, "HS384": 384, "HS512": 512}
CURVES = {"ES256": "P-256", "ES384": "P-384"}
ALGORITHMS = ["ES256", "ES384", "EdDSA", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "HS256", "HS384", "HS512"]
CLAIMS = {"iss": "https://other.example", "sub": "grüße", "n": [1, 2.5, None]}


def new_key(algorithm):
    """A private JWK made by jwcrypto."""
    if algorithm in CURVES:
        key = jwcrypto_jwk.JWK.generate(kty="EC", crv=CURVES[algorithm], kid="theirs", alg=algorithm, use="sig")
    elif algorithm == "EdDSA":
        key = jwcrypto_jwk.JWK.generate(kty="OKP", crv="Ed25519", kid="theirs", alg=algorithm, use="sig")
    elif algorithm in SECRETS:
        key = jwcrypto_jwk.JWK.generate(kty="oct", size=SECRETS[algorithm], kid="theirs", alg=algorithm, use="sig")
    else:
        key = jwcrypto_jwk.JWK.generate(kty="RSA", size=2048, kid="theirs", alg=algorithm, use="sig")
    return key


def pyjwt_verify(key, algorithm, token):
    return jwt.decode(token, jwt.PyJWK(key).key, algorithms=[algorithm], options={"verify_aud": False})


def joserfc_verify(key, algorithm, token):
    loaded = joserfc_jwk.import_key(key)
    return json.loads(joserfc_jws.deserialize_compact(token, loaded, algorithms=[algorithm]).payload)


def jwcrypto_verify(key, algorithm, token):
    parsed = jwcrypto_jws.JWS()
    parsed.allowed_algs = [algorithm]
    parsed.deserialize(token, jwcrypto_jwk.JWK(**key))
    return json.loads(parsed.payload)


def pyjwt_sign(key, algorithm):
    return jwt.encode(CLAIMS, jwt.PyJWK(key).key, algorithm=algorithm, headers={"kid": key["kid"]})


def joserfc_sign(key, algorithm):
    header = {"alg": algorithm, "kid": key["kid"]}
    return joserfc_jws.serialize_compact(header, json.dumps(CLAIMS), joserfc_jwk.import_key(key), algorithms=[algorithm])


def jwcrypto_sign(key, algorithm):
    signing = jwcrypto_jws.JWS(json.dumps(CLAIMS))
    signing.allowed_algs = [algorithm]
    signing.add_signature(jwcrypto_jwk.JWK(**key), None, json.dumps({"alg": algorithm, "kid": key["kid"]}), None)
    return signing.serialize(compact=True)


VERIFIERS = {"pyjwt": pyjwt_verify, "joserfc": joserfc_verify, "jwcrypto": jwcrypto_verify}
SIGNERS = {"pyjwt": pyjwt_sign, "joserfc": joserfc_sign, "jwcrypto": jwcrypto_sign}


def verification_key(signed, algorithm):
    if algorithm in SECRETS:
        return json.loads(signed.private_jwk)
    (key,) = json.loads(signed.jwks)["keys"]
    return key


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("library", VERIFIERS)
def test_others_verify_our_tokens_with_our_keys(martlet_sign, library, algorithm):
    signed = martlet_sign(algorithm)
    claims = VERIFIERS[library](verification_key(signed, algorithm), algorithm, signed.token)
    assert claims["sub"] == "grüße"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_others_verify_our_tokens_with_their_keys(martlet_sign, algorithm):
    key = new_key(algorithm)
    signed = martlet_sign(algorithm, key.export())
    public = json.loads(key.export()) if algorithm in SECRETS else json.loads(key.export_public())
    for verify in VERIFIERS.values():
        assert verify(public, algorithm, signed.token)["sub"] == "grüße"


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("library", SIGNERS)
def test_we_verify_their_tokens_with_their_keys(martlet_verify, library, algorithm):
    key = json.loads(new_key(algorithm).export())
    token = SIGNERS[library](key, algorithm)
    public = key if algorithm in SECRETS else json.loads(jwcrypto_jwk.JWK(**key).export_public())
    assert json.loads(martlet_verify(json.dumps({"keys": [public]}), token)) == CLAIMS


@pytest.mark.parametrize("algorithm", ALGORITHMS)
@pytest.mark.parametrize("library", SIGNERS)
def test_we_verify_their_tokens_with_our_keys(martlet_sign, martlet_verify, library, algorithm):
    signed = martlet_sign(algorithm)
    key = json.loads(signed.private_jwk)
    token = SIGNERS[library](key, algorithm)
    jwks = json.dumps({"keys": [key]}) if algorithm in SECRETS else signed.jwks
    assert json.loads(martlet_verify(jwks, token)) == CLAIMS


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_thumbprints_agree(martlet_thumbprint, algorithm):
    key = new_key(algorithm)
    assert martlet_thumbprint(key.export()) == key.thumbprint()


@pytest.mark.parametrize("algorithm", ALGORITHMS)
def test_we_refuse_a_token_of_another_key(martlet_sign, martlet_verify, refused, algorithm):
    key = json.loads(new_key(algorithm).export())
    token = pyjwt_sign(key, algorithm)
    other = json.loads(new_key(algorithm).export())
    with pytest.raises(refused, match="bad_signature"):
        martlet_verify(json.dumps({"keys": [other]}), token)


def test_we_refuse_an_unsigned_token(martlet_verify, refused):
    token = jwt.encode(CLAIMS, None, algorithm="none")
    with pytest.raises(refused, match="unsupported_algorithm"):
        martlet_verify('{"keys":[]}', token)
