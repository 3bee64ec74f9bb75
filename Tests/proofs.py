"""Clients that hold a key, and what they prove it by (RFC 9449). The library that makes the proofs is not the service's."""

import base64
import hashlib
import json
import time
import urllib.parse
import uuid

from jwcrypto import jwk, jws


def key(kind="P-256"):
    if kind == "oct":
        return jwk.JWK.generate(kty="oct", size=256)
    if kind == "RSA":
        return jwk.JWK.generate(kty="RSA", size=2048)
    return jwk.JWK.generate(kty="OKP" if kind == "Ed25519" else "EC", crv=kind)


def public(key):
    return json.loads(key.export_public()) if key["kty"] != "oct" else json.loads(key.export())


def proof(key, method, url, token=None, alg="ES256", header=None, **claims):
    """A proof of RFC 9449 §4.2; a claim or member of None is left out."""
    body = {"jti": uuid.uuid4().hex, "htm": method, "htu": url, "iat": int(time.time())}
    if token is not None:
        body["ath"] = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).decode().rstrip("=")
    body = {name: value for name, value in {**body, **claims}.items() if value is not None}
    head = {name: value for name, value in {"typ": "dpop+jwt", "alg": alg, "jwk": public(key), **(header or {})}.items() if value is not None}
    signed = jws.JWS(json.dumps(body))
    signed.allowed_algs = [alg]
    signed.add_signature(key, alg, json.dumps(head))
    return signed.serialize(compact=True)


def bound_token(server, key, **fields):
    """A token of a new client of this service for whoever holds the key."""
    client = json.loads(server.cli("client", "add", "--json", "--name", "Holder", "--grant", "client_credentials", "--scope", "read").stdout)
    server.secrets.add(client["client_secret"])
    pair = f"{urllib.parse.quote(client['client_id'], safe='')}:{client['client_secret']}"
    body = urllib.parse.urlencode({"grant_type": "client_credentials", **fields}).encode()
    nonce = None
    for _ in range(2):
        answer = server.send("POST", "/oauth2/token", body, {
            "Authorization": "Basic " + base64.b64encode(pair.encode()).decode(), "Content-Type": "application/x-www-form-urlencoded",
            "DPoP": proof(key, "POST", f"{server.url}/oauth2/token", nonce=nonce)})
        nonce = answer.headers["DPoP-Nonce"]
        if answer.status == 200:
            break
    assert answer.status == 200 and answer.json["token_type"] == "DPoP", answer
    server.secrets.add(answer.json["access_token"])
    return answer.json["access_token"]
