"""An API behind Martlet, with Django REST framework and PyJWT: no request waits for the issuer, and what is revoked is refused.

Keys are kept in this process, below that in Django's cache (Redis) for all workers, below that with the issuer. A thread renews
them and follows the revocation feed. If Redis or the issuer is away, what is known stays in force; the keys for a day.
"""
import functools, hashlib, json, logging, os, threading, time, urllib.request  # noqa: E401
import jwt
from django.conf import settings

ISSUER = os.environ.get("ISSUER", "http://localhost:8080")
AUDIENCE = os.environ.get("AUDIENCE", ISSUER)
ALGORITHMS = {"ES256", "ES384", "EdDSA", "RS256", "RS384", "RS512", "PS256", "PS384", "PS512"}
FEED, EVER = "revocations+jwt", float("inf")
RENEWAL, CEILING, COOLDOWN, LEEWAY = 240, 86_400, 30, 30  # seconds
fleet = {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": os.environ.get("REDIS_URL", "redis://localhost:6379"),
         "KEY_PREFIX": ISSUER, "OPTIONS": {"socket_timeout": 1, "socket_connect_timeout": 1}}
settings.configure(
    ROOT_URLCONF=__name__, ALLOWED_HOSTS=["*"], SECRET_KEY=os.urandom(32).hex(),
    CACHES={"default": fleet, "local": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}},
    REST_FRAMEWORK={"UNAUTHENTICATED_USER": None, "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"]})

from django import http, urls  # noqa: E402  Django wants its settings first
from django.core import cache, wsgi  # noqa: E402
from django.core.servers import basehttp  # noqa: E402
from redis.exceptions import RedisError  # noqa: E402
from rest_framework import authentication, decorators, exceptions, response  # noqa: E402

def fetch(url, seconds=5, size=1 << 20):
    with urllib.request.urlopen(url, timeout=seconds) as answer:
        return answer.read(size)

@functools.cache
def metadata():
    document = json.loads(fetch(f"{ISSUER}/.well-known/oauth-authorization-server"))
    if document["issuer"] != ISSUER:
        raise ValueError("These are somebody else's metadata.")
    return document

def shared(operation, *arguments):
    """An operation of the cache that all workers share; without Redis, of one that only this worker has."""
    try:
        return getattr(cache.caches["default"], operation)(*arguments)
    except RedisError:
        return getattr(cache.caches["local"], operation)(*arguments)

class Keys:
    """The issuer's public keys, by the one type that they sign (None: any but the feed) and kid."""
    known, fetched_at = {}, 0
    def find(self, signs, kid):
        for _ in "cache", "issuer":
            if kid and (signs, kid) not in self.known:
                self.renew(signs)
        if time.time() > self.fetched_at + CEILING:
            raise exceptions.APIException("The issuer's keys are not known.")
        if (signs, kid) not in self.known:
            raise jwt.InvalidKeyError("The key is not known.")
        return self.known[signs, kid]

    def renew(self, purpose):
        """Takes newer keys from the cache. If there are none, one worker fetches them while the others wait; then nobody fetches
        for this purpose until the cooldown is over. Purposes have one each: made-up kids in tokens delay nothing else."""
        lock, end = f"jwks:{purpose}", time.monotonic() + 2
        if not self.take() and shared("add", lock, "fetching", COOLDOWN):
            try:
                shared("set", "jwks", (time.time(), json.loads(fetch(metadata()["jwks_uri"]))), CEILING)
            except (OSError, ValueError, KeyError) as error:
                logging.warning("The keys stay as they are: %r", error)
            shared("set", lock, "fetched", COOLDOWN)
        while not self.take() and shared("get", lock) == "fetching" and time.monotonic() < end:
            time.sleep(0.02)

    def take(self):
        fetched_at, document = shared("get", "jwks") or (0, {})
        usable = [jwk for jwk in document.get("keys", []) if jwk.get("alg") in ALGORITHMS and jwk.get("use") == "sig"]
        if is_newer := bool(usable) and fetched_at > self.fetched_at:
            self.known, self.fetched_at = {(jwk.get("signs"), jwk["kid"]): jwt.PyJWK(jwk) for jwk in usable}, fetched_at
        return is_newer

class Feed:
    """What is revoked: for each digest until when that matters, and the `iat` from which tokens stand."""
    entries, lineage, seq, heard_at = {}, None, -1, None
    def follow(self):
        while True:
            try:
                if time.time() > keys.fetched_at + RENEWAL:
                    keys.renew("renewal")
                question = f"?after={self.seq}&wait=20&lineage={self.lineage}" if self.lineage else ""
                self.take(verify(fetch(metadata()["revocations_uri"] + question, 25, 1 << 26).decode(), FEED, FEED)[1])
                time.sleep(0.1)  # an issuer that lets nobody wait is not to be hammered
            except Exception as error:  # whatever it was: what is known stays in force, and the next try may go better
                logging.warning("The revocation feed: %r", error)
                metadata.cache_clear()
                time.sleep(1)

    def take(self, news):
        is_delta, is_ours, revoked = "after" in news, news["lineage"] == self.lineage, news.get("revoked", {})
        if (is_ours or is_delta) and not (is_ours and news.get("after", 0) <= self.seq <= news["seq"]):
            self.lineage = None  # the snapshot is next
            raise ValueError("It does not continue what is known.")
        entries = {digest: entry for digest, entry in self.entries.items() if entry[0] > time.time()}  # a snapshot adds, too
        for until, text in revoked.get("sid", []) + revoked.get("jti", []):
            digests = jwt.utils.base64url_decode(text)
            entries.update((digests[start:start + 16], (until, EVER)) for start in range(0, len(digests), 16))
        for entry in revoked.get("client", []) + revoked.get("key", []):
            entries[jwt.utils.base64url_decode(entry["h"])] = entry["until"], entry.get("iat_before", EVER)
        self.entries, self.lineage, self.seq, self.heard_at = entries, news["lineage"], news["seq"], news["iat"]
        if is_delta and revoked.get("key"):
            keys.renew("emergency")  # a key was withdrawn, so there is another

    def revokes(self, kid, claims):
        names = ("sid", claims.get("sid")), ("jti", claims["jti"]), ("client", claims["client_id"]), ("key", kid)
        digests = [hashlib.sha256(f"{kind}:{name}".encode()).digest()[:16] for kind, name in names]
        return any(claims["iat"] < self.entries.get(digest, (0, -EVER))[1] for digest in digests)

def verify(token, typ, signs=None, audience=None):
    header = jwt.get_unverified_header(token)
    if header.get("typ") != typ:
        raise jwt.InvalidTokenError("Not the type of token that is wanted here.")
    key = keys.find(signs, header.get("kid"))
    options = {"require": ["iss", "exp", "iat"] + (["sub", "aud", "jti", "client_id"] if audience else [])}
    return header["kid"], jwt.decode(token, key, [key.algorithm_name], options, issuer=ISSUER, audience=audience, leeway=LEEWAY)

class MartletAuthentication(authentication.BaseAuthentication):
    def authenticate(self, request):
        try:
            scheme, _, token = request.headers.get("Authorization", "").partition(" ")
            kid, claims = verify(token if scheme.lower() == "bearer" else "", "at+jwt", None, AUDIENCE)
            if "cnf" in claims:
                raise jwt.InvalidTokenError("The token is for the holder of a key, whom nobody asks for a proof here.")
            if feed.revokes(kid, claims):
                raise jwt.InvalidTokenError("The token has been revoked.")
        except (jwt.PyJWTError, RecursionError) as error:
            raise exceptions.AuthenticationFailed({"code": "invalid_token", "detail": str(error)}) from error
        return claims, token

    def authenticate_header(self, request):
        return 'Bearer error="invalid_token"' if "Authorization" in request.headers else "Bearer"

@decorators.api_view()
@decorators.authentication_classes([MartletAuthentication])
def whoami(request):
    return response.Response({name: request.user.get(name) for name in ("sub", "scope", "sid")})

keys, feed = Keys(), Feed()
urlpatterns = [urls.path("whoami", whoami), urls.path("healthz", lambda _: http.JsonResponse(
    {"status": "ok", "feed_age": feed.heard_at and time.time() - feed.heard_at}))]
application = wsgi.get_wsgi_application()
threading.Thread(target=feed.follow, daemon=True).start()

if __name__ == "__main__":
    basehttp.run("127.0.0.1", int(os.environ.get("PORT", "8000")), application, threading=True)
