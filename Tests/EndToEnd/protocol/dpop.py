"""DPoP (RFC 9449): proofs, their one use, and what is bound to their keys."""

import base64
import hashlib
import json
import uuid

import jwt
from jwcrypto import jwk

from .table import Case, answered, challenged, claims, granted, refused, true
from .world import FORM

PROOF = "RFC 9449 §4.3"
BAD = refused(400, "invalid_dpop_proof")


class Key:
    """A client's key, and the proofs it signs."""

    def __init__(self, kind="EC"):
        self.key = jwk.JWK.generate(kty="EC", crv="P-256") if kind == "EC" else jwk.JWK.generate(kty="RSA", size=2048)
        self.algorithm = "ES256" if kind == "EC" else "RS256"

    @property
    def thumbprint(self):
        return self.key.thumbprint()

    def proof(self, world, path="/oauth2/token", method="POST", token=None, nonce=None, drop=(), header=None, signer=None, **overrides):
        payload = {"jti": str(uuid.uuid4()), "htm": method, "htu": world.server.url + path, "iat": world.now()}
        if token:
            payload["ath"] = base64.urlsafe_b64encode(hashlib.sha256(token.encode()).digest()).rstrip(b"=").decode()
        if nonce:
            payload["nonce"] = nonce
        payload = {name: value for name, value in {**payload, **overrides}.items() if name not in drop}
        head = {"typ": "dpop+jwt", "jwk": json.loads(self.key.export_public()), **(header or {})}
        pem = (signer or self.key).export_to_pem(private_key=True, password=None)
        return jwt.encode(payload, pem, self.algorithm, head)


def nonce_of(world):
    """A nonce that the token endpoint gives (RFC 9449 §8); None where it wants none."""
    answer = world.token("machine", {"DPoP": Key().proof(world)}, grant_type="client_credentials")
    return answer.headers.get("DPoP-Nonce")


def proving(key=None, client="machine", **proof):
    """A machine's token asked for with a proof that is in order but for what is overridden (functions of the world are called)."""

    def request(world):
        own = key or Key()
        made = own.proof(world, nonce=nonce_of(world), **{name: value(world) if callable(value) else value for name, value in proof.items()})
        return world.token(client, {"DPoP": made}, grant_type="client_credentials")

    return request


def bound(world, client="spa", key=None, **asked):
    """The tokens of a person's yes, bound to a key."""
    key = key or Key()
    grant = world.code(client, **asked)
    answer = world.redeem(grant, headers={"DPoP": key.proof(world, nonce=nonce_of(world))})
    assert answer.status == 200, f"no tokens: {answer}"
    return key, answer.json


def resource(world, key, token, scheme="DPoP", hashed=..., **proof):
    """Userinfo, shown a token and a proof (of `hashed` in the token's place); once more where a nonce is wanted."""
    def send(nonce):
        made = key.proof(world, "/oauth2/userinfo", "GET", token if hashed is ... else hashed, nonce, **proof)
        return world.server.send("GET", "/oauth2/userinfo", None, {"Authorization": f"{scheme} {token}", "DPoP": made})
    answer = send(None)
    if "use_dpop_nonce" in (answer.headers.get("WWW-Authenticate") or ""):
        answer = send(answer.headers["DPoP-Nonce"])
    return answer


def at_resource(**proof):
    def request(world):
        key, tokens = bound(world)
        return resource(world, key, tokens["access_token"], **proof)

    return request


CASES = [
    Case("RFC 9449 §5", "a proof binds the token to its key", proving(), lambda answer, world: granted(
        token_type="DPoP", access_token=lambda token: len(claims(token)["cnf"]["jkt"]) == 43)(answer, world)),
    Case("RFC 9449 §6.1", "cnf.jkt is the key's thumbprint", lambda world: thumbprint(world), true),
    Case("RFC 9449 §5", "without a proof the token is a bearer's", lambda world: world.token("machine", grant_type="client_credentials"), granted(
        token_type="Bearer", access_token=lambda token: "cnf" not in claims(token))),
    Case("RFC 9449 §8", "a proof without a nonce is told one", lambda world: world.token(
        "machine", {"DPoP": Key().proof(world)}, grant_type="client_credentials"), lambda answer, world: told_nonce(answer, world)),
    Case("RFC 9449 §8", "a proof with a nonce that was not given is told one", lambda world: world.token(
        "machine", {"DPoP": Key().proof(world, nonce="made-up")}, grant_type="client_credentials"), lambda answer, world: told_nonce(answer, world)),
    Case("RFC 9449 §8", "a nonce that is long over is told another", lambda world: old_nonce(world), lambda answer, world: told_nonce(answer, world)),
    Case("RFC 9449 §11.1", "a proof counts once", lambda world: replayed(world), BAD),
    Case(PROOF, "two proofs are refused", lambda world: two_proofs(world), true),
    Case(PROOF, "what is no JWT is no proof", lambda world: world.token("machine", {"DPoP": "garbage"}, grant_type="client_credentials"), BAD),
    Case(PROOF, "a proof without jti is refused", proving(drop=("jti",)), BAD),
    Case(PROOF, "a proof without htm is refused", proving(drop=("htm",)), BAD),
    Case(PROOF, "a proof without htu is refused", proving(drop=("htu",)), BAD),
    Case(PROOF, "a proof without iat is refused", proving(drop=("iat",)), BAD),
    Case(PROOF, "a proof of another type is refused", proving(header={"typ": "JWT"}), BAD),
    Case(PROOF, "a proof for another method is refused", proving(method="GET"), BAD),
    Case(PROOF, "a proof for another address is refused", proving(path="/oauth2/par"), BAD),
    Case(PROOF, "a proof for another host is refused", proving(htu="https://elsewhere.example/oauth2/token"), BAD),
    Case(PROOF, "query and fragment of htu do not count", proving(htu=lambda world: f"{world.server.url}/oauth2/token?a=b#c"), granted(token_type="DPoP")),
    Case(PROOF, "a proof of long ago is refused", proving(iat=lambda world: world.now() - 3600), BAD),
    Case(PROOF, "a proof of the far future is refused", proving(iat=lambda world: world.now() + 3600), BAD),
    Case(PROOF, "a proof that another key signed is refused", proving(signer=jwk.JWK.generate(kty="EC", crv="P-256")), BAD),
    Case(PROOF, "a proof with alg none is refused", lambda world: unsigned(world), BAD),
    Case(PROOF, "a proof with a shared secret is refused", lambda world: symmetric(world), BAD),
    Case(PROOF, "a proof that shows its private key is refused", lambda world: private(world), BAD),
    Case(PROOF, "a proof without its key is refused", proving(header={"jwk": None}), BAD),
    Case("RFC 9449 §5.2", "a client of bound tokens alone is refused without a proof", lambda world: world.redeem(world.code("bound")), BAD),
    Case("RFC 9449 §5.2", "a client of bound tokens alone gets them with a proof", lambda world: bound(world, "bound")[1]["token_type"] == "DPoP", true),
    # Codes and refresh tokens
    Case("RFC 9449 §10", "a code announced for a key is good with its proof", lambda world: announced(world, same=True), granted(token_type="DPoP")),
    Case("RFC 9449 §10", "a code announced for a key is refused with another key's proof", lambda world: announced(world, same=False), refused(400, "invalid_grant", "invalid_dpop_proof")),
    Case("RFC 9449 §5", "a public client's refresh token is bound: without a proof it is refused", lambda world: rebound(world, "spa", None), refused(400, "invalid_grant", "invalid_dpop_proof")),
    Case("RFC 9449 §5", "a public client's refresh token is bound: another key is refused", lambda world: rebound(world, "spa", Key()), refused(400, "invalid_grant", "invalid_dpop_proof")),
    Case("RFC 9449 §5", "a public client's refresh token is good with its key", lambda world: rebound(world, "spa"), granted(token_type="DPoP")),
    # Resources
    Case("RFC 9449 §7.1", "a bound token is taken with its proof", at_resource(), answered(200, sub=bool)),
    Case("RFC 9449 §7.2", "a bound token is no bearer token", lambda world: world.bearer(bound(world)[1]["access_token"]), lambda answer, world: answered(401)(answer, world)),
    Case("RFC 9449 §7.2", "a bound token as a bearer's is refused even with its proof", at_resource(scheme="Bearer"), lambda answer, world: answered(401)(answer, world)),
    Case("RFC 9449 §7.1", "a bound token without a proof is refused", lambda world: world.bearer(bound(world)[1]["access_token"], scheme="DPoP"), lambda answer, world: answered(401)(answer, world)),
    Case("RFC 9449 §7.1", "a bound token with another key's proof is refused", lambda world: (lambda pair: resource(world, Key(), pair[1]["access_token"]))(bound(world)),
         challenged(401, "invalid_token", "DPoP")),
    Case("RFC 9449 §4.3", "a proof without the token's hash is refused", at_resource(hashed=None), challenged(401, "invalid_dpop_proof", "DPoP")),
    Case("RFC 9449 §4.3", "a proof for another token is refused", at_resource(hashed="another"), challenged(401, "invalid_dpop_proof", "DPoP")),
    Case("RFC 9449 §4.3", "a proof for another method is refused at a resource", at_resource(htm="POST"), challenged(401, "invalid_dpop_proof", "DPoP")),
    Case("RFC 9449 §11.1", "a proof counts once at a resource, too", lambda world: replayed_at_resource(world), lambda answer, world: answered(401)(answer, world)),
    Case("RFC 9449 §7.1", "a bearer token under the scheme DPoP is refused", lambda world: (lambda token: resource(world, Key(), token))(world.tokens()["access_token"]),
         lambda answer, world: answered(401)(answer, world)),
    Case("RFC 9449 §6.2", "introspection tells the key", lambda world: introspected(world), true),
    Case("RFC 9449 §5.1", "the metadata names the algorithms of proofs, none of them symmetric", lambda world: algorithms(world), true),
]


def thumbprint(world):
    key = Key()
    token = proving(key)(world).json["access_token"]
    return claims(token)["cnf"] == {"jkt": key.thumbprint}


def told_nonce(answer, world):
    refused(400, "use_dpop_nonce")(answer, world)
    assert answer.headers.get("DPoP-Nonce"), answer.headers


def old_nonce(world):
    nonce = nonce_of(world)
    world.later(3600)
    return world.token("machine", {"DPoP": Key().proof(world, nonce=nonce)}, grant_type="client_credentials")


def replayed(world):
    proof = Key().proof(world, nonce=nonce_of(world))
    first = world.token("machine", {"DPoP": proof}, grant_type="client_credentials")
    assert first.status == 200, first
    return world.token("machine", {"DPoP": proof}, grant_type="client_credentials")


def two_proofs(world):
    from martlet_server import parse

    nonce = nonce_of(world)
    lines = "".join(f"DPoP: {Key().proof(world, nonce=nonce)}\r\n" for _ in range(2))
    headers, _ = world.proof("machine", {})
    body = "grant_type=client_credentials"
    head = f"POST /oauth2/token HTTP/1.1\r\nHost: {world.server.url.partition('//')[2]}\r\nContent-Type: {FORM}\r\nConnection: close\r\n"
    head += f"Authorization: {headers['Authorization']}\r\n{lines}Content-Length: {len(body)}\r\n\r\n{body}"
    status, _, answer = parse(world.server.raw(head.encode()))
    return status == 400 and json.loads(answer)["error"] == "invalid_dpop_proof" or (status, answer)


def handmade(world, header, sign):
    def part(data):
        return base64.urlsafe_b64encode(json.dumps(data).encode()).rstrip(b"=").decode()
    payload = {"jti": str(uuid.uuid4()), "htm": "POST", "htu": f"{world.server.url}/oauth2/token", "iat": world.now(), "nonce": nonce_of(world)}
    text = part(header) + "." + part(payload)
    proof = text + "." + sign(text)
    return world.token("machine", {"DPoP": proof}, grant_type="client_credentials")


def unsigned(world):
    return handmade(world, {"typ": "dpop+jwt", "alg": "none", "jwk": json.loads(Key().key.export_public())}, lambda text: "")


def symmetric(world):
    import hmac

    secret = b"s" * 32
    header = {"typ": "dpop+jwt", "alg": "HS256", "jwk": {"kty": "oct", "k": base64.urlsafe_b64encode(secret).rstrip(b"=").decode()}}
    return handmade(world, header, lambda text: base64.urlsafe_b64encode(hmac.digest(secret, text.encode(), hashlib.sha256)).rstrip(b"=").decode())


def private(world):
    key = Key()
    return proving(key, header={"jwk": json.loads(key.key.export_private())})(world)


def announced(world, same):
    key = Key()
    grant = world.code("spa", dpop_jkt=key.thumbprint)
    return world.redeem(grant, headers={"DPoP": (key if same else Key()).proof(world, nonce=nonce_of(world))})


def rebound(world, client, other=...):
    key, tokens = bound(world, client)
    key = key if other is ... else other
    headers = {"DPoP": key.proof(world, nonce=nonce_of(world))} if key else None
    return world.refresh(client, tokens["refresh_token"], headers)


def replayed_at_resource(world):
    key, tokens = bound(world)
    token = tokens["access_token"]
    jti = str(uuid.uuid4())
    assert resource(world, key, token, jti=jti).status == 200
    return resource(world, key, token, jti=jti)


def introspected(world):
    key, tokens = bound(world, "web")
    answer = world.introspect(tokens["access_token"], "web")
    assert answer.json["active"], answer
    return answer.json["cnf"] == {"jkt": key.thumbprint} and answer.json["token_type"] == "DPoP" or answer


def algorithms(world):
    named = world.server.get("/.well-known/oauth-authorization-server").json["dpop_signing_alg_values_supported"]
    return "ES256" in named and not any(name == "none" or name.startswith("HS") for name in named) or named
