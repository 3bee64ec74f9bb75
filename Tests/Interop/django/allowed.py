"""The differences that are meant. Each reason is a sentence of docs/django.md; a difference that is gone must go from here, too."""

from compare import Allowed

OWN_TOKENS = (
    "A token is Martlet's own: the algorithm that the operator chose, a `kid`, a `typ` that says what it is for, "
    "and the claims of RFC 9068 besides simplejwt's."
)
NO_STORE = "Answers are not to be kept by caches."
NO_HTML = "There is no browsable API: whoever asks for HTML gets JSON, and no CSRF cookie."
SLASHES = "A path without its slash at the end is served, where Django redirects and a POST loses its body on the way."
NAMES = (
    "A username is found without regard to case, unless it was imported beside one that differs in case alone; nobody can register "
    "such a one."
)
MULTIPART = "Forms in `multipart/form-data` are refused with 415: JSON and URL-encoded forms are read."
PARSE_ERRORS = "What follows `JSON parse error - ` is in Martlet's words."
OPTIONS = "OPTIONS answers 204 with `Allow`, and does not describe the view."
OWN_WORDS = (
    "An API answers in its own words: Martlet's own, which stands where the team's API stands in the comparison, "
    "keeps the errors of docs/api.md."
)
SCHEME = "The word Bearer is matched without regard to case, as RFC 9110 §11.1 has it."
METHOD_FIRST = "A method that is not served is refused before anybody asks who is there."
BLACKLISTED = (
    "Verifying a blacklisted token is 401 with `Token is blacklisted`, not 200 or 400: simplejwt calls it good "
    "unless BLACKLIST_AFTER_ROTATION is on."
)
SESSION = (
    "A session ends as a whole, its access tokens with it: blacklisting the refresh token, disabling or deleting "
    "the account and a new password take back what was given out, where simplejwt lets it live to its end."
)
REPLAY = (
    "A refresh token that was rotated and comes back after that ends its session, since somebody else may hold the "
    "newer one."
)
DELETED = (
    "A refresh token of a deleted account is 401 with `No active account found for the given token.`, where "
    "simplejwt 5.5.1 fails with 500."
)

REFUSED = ("status: 200 → 401", "body.*", "header WWW-Authenticate: absent → Bearer *")

# Rows, what differs there, and why.
TABLE = [
    (
        ["simplejwt *"],
        [
            "body.access header.alg: *", "body.access header.kid: *", "body.access header.typ: *", "body.refresh header.kid: *",
            "body.refresh header.typ: *", "body.access claims.aud: absent → *", "body.access claims.iss: absent → *",
            "body.access claims.sub: absent → *", "body.access claims.client_id: absent → *", "body.access claims.scope: absent → *",
            "body.access claims.sid: absent → *", "body.refresh claims.aud: absent → *", "body.refresh claims.iss: absent → *",
            "body.refresh claims.sub: absent → *", "body.refresh claims.sid: absent → *", "body.refresh claims.ctr: absent → *",
            "body.refresh claims.nonce: absent → *",
        ],
        OWN_TOKENS,
    ),
    (["simplejwt *"], ["header Cache-Control: absent → no-store"], NO_STORE),
    (
        ["simplejwt login/a browser", "simplejwt login/a reader of HTML"],
        [
            "body*: absent → *", "body: text/html → object", "cookie csrftoken*: * → absent",
            "header Content-Type: text/html → application/json",
        ],
        NO_HTML,
    ),
    (
        ["simplejwt login/no slash at the end", "simplejwt refresh/no slash"],
        [
            "status: 301 → 200", "body*", "header Location: * → absent", "header Allow: absent → OPTIONS, POST",
            "header Content-Type: text/html → application/json",
        ],
        SLASHES,
    ),
    (["simplejwt login/name in other case"], ["status: 401 → 200", "body.*", "header WWW-Authenticate: * → absent"], NAMES),
    (["simplejwt login/multipart form"], ["status: 200 → 415", "body.*"], MULTIPART),
    (
        ["simplejwt login/broken JSON", "simplejwt login/not UTF-8", "simplejwt */* broken JSON"],
        ['body.detail: "JSON parse error - * → "JSON parse error - *'],
        PARSE_ERRORS,
    ),
    (["simplejwt methods/options *"], ["status: 200 → 204", "body*", "header Content-Type: application/json → absent"], OPTIONS),
    (
        ["simplejwt call/*"],
        ["body.*", "header Allow: GET, OPTIONS → *", 'header WWW-Authenticate: Bearer realm="api" → Bearer realm="martlet"*'],
        OWN_WORDS,
    ),
    (
        ["simplejwt call/a browser without token"],
        ["body: text/html → object", "cookie csrftoken*: * → absent", "header Content-Type: text/html → application/json"],
        NO_HTML,
    ),
    (["simplejwt call/*er-case scheme"], ["status: 401 → 200", "header WWW-Authenticate: * → absent"], SCHEME),
    (["simplejwt call/post without token"], ["status: 401 → 405", "header WWW-Authenticate: * → absent"], METHOD_FIRST),
    (
        [
            "simplejwt refresh/call", "simplejwt rotation/call", "simplejwt blacklist/call with its access token",
            "simplejwt accounts/call after a new password",
        ],
        ["header Allow: GET, OPTIONS → absent"],
        OWN_WORDS,
    ),
    (["simplejwt blacklist/verify"], REFUSED, BLACKLISTED),
    (
        ["simplejwt rotation/verify blacklisted", "simplejwt rotation/verify the old one"],
        ["status: 400 → 401", "body.*", "header WWW-Authenticate: absent → Bearer *"],
        BLACKLISTED,
    ),
    (
        [
            "simplejwt blacklist/call with its access token", "simplejwt rotation/verify its access token",
            "simplejwt accounts/call after a new password", "simplejwt accounts/refresh after a new password",
            "simplejwt accounts/verify of *", "simplejwt accounts/blacklist of deleted",
        ],
        REFUSED,
        SESSION,
    ),
    (
        ["simplejwt accounts/call of inactive", "simplejwt accounts/call of deleted"],
        ["body.*", "header Allow: GET, OPTIONS → absent", 'header WWW-Authenticate: Bearer realm="api" → Bearer realm="martlet"*'],
        OWN_WORDS,
    ),
    (["simplejwt rotation/verify the new one", "simplejwt rotation/new one after a replay"], REFUSED, REPLAY),
    (
        ["simplejwt accounts/refresh of deleted"],
        [
            "status: 500 → 401", "body*", "header Allow: absent → OPTIONS, POST", "header Content-Type: text/html → application/json",
            "header WWW-Authenticate: absent → *",
        ],
        DELETED,
    ),
]

ALLOWED = [Allowed(row, difference, reason) for rows, differences, reason in TABLE for row in rows for difference in differences]
