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
OWN_REFRESH = (
    "`iss` and `aud` of a refresh token are Martlet's, whatever `MARTLET_COMPAT_ISSUER` and `MARTLET_COMPAT_AUDIENCE` "
    "say: nobody else reads it."
)
NO_HASH = (
    "No token has the claim `hash_password` of CHECK_REVOKE_TOKEN: a new password ends every session at once, and a "
    "hash of Martlet's hash tells an API nothing."
)
NO_TYPE = "With `MARTLET_COMPAT_TOKEN_TYPE_CLAIM=none` there is no such claim; simplejwt 5.5.1 then writes one called `null`."
BY_TYP = (
    "An access token is told apart from a refresh token by its `typ`, whatever TOKEN_TYPE_CLAIM is; simplejwt takes it "
    "for one when that is None."
)

PK = "An account that was made here has its id, a text, as `pk`; one that came from Django keeps its number."
NO_SESSION = "No Django session is begun beside the tokens: no `sessionid`, `csrftoken` or `messages` cookie."
LOGOUT_BY_GET = "`logout/` does not name GET in `Allow`; the original does, and refuses it."
NO_OBJECT = "`logout/` answers 400 to a body that is no object, not 500."
OWN_NAME = "`PUT user/` takes the account's own username; the original, with allauth, calls it taken."
SHORT_AND_COMMON = "A password that is too short is not called too common as well."
NO_MAIL = (
    "There is no mail yet: `password/reset/`, its confirmation, `registration/verify-email/` and `registration/resend-email/` are 404."
)
NO_EMPTY_REFRESH = "With a refresh cookie a body has no `refresh` at all, where the original's login has an empty one."
JOINED_BY_COOKIE = (
    "With cookies, registration sets them as login does and its body has no `refresh`; the original sets none and hands the refresh "
    "token to scripts."
)
STALE_COOKIE = "A bad access cookie keeps nobody from logging in, logging out or registering: there only the header is looked at."
DRF_TOKENS = "A token is Martlet's own here, too: beside drf-jwt's claims it has those of RFC 9068."
KEYS = "`user_id` is a number for an account that was imported and had one; an account that was made here has its id, a text."
ACT = "The token of an impersonation names the administrator in `act` (RFC 8693 §4.1)."
SCHEMES = "Bearer is accepted beside JWT, and more than one blank after either, as RFC 9110 §11.1 has it."
ANSWERED = (
    "Where drf-jwt fails with 500 there is an answer: blacklisting a text that is no token is 400, and an empty form blacklists the "
    "caller's own token."
)

REFUSED = ("status: 200 → 401", "body.*", "header WWW-Authenticate: absent → Bearer *")

# Rows, what differs there, and why.
TABLE = [
    (
        ["simplejwt *", "dj-rest-auth *"],
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
    (["simplejwt *", "dj-rest-auth *"], ["header Cache-Control: absent → no-store"], NO_STORE),
    (["simplejwt renamed/login"], ['body.refresh claims.aud: "* → "*', 'body.refresh claims.iss: "* → "*'], OWN_REFRESH),
    (["simplejwt renamed/*"], ["body.* claims.hash_password: string → absent"], NO_HASH),
    (["simplejwt leeway/access token as *"], REFUSED, BY_TYP),
    (["simplejwt leeway/*"], ["body.* claims.null: * → absent"], NO_TYPE),
    (
        [
            "simplejwt login/a browser", "simplejwt login/a reader of HTML", "dj-rest-auth login/a browser",
            "dj-rest-auth login/a reader of HTML",
        ],
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
    (
        [
            "simplejwt login/broken JSON", "simplejwt login/not UTF-8", "simplejwt */* broken JSON", "dj-rest-auth login/broken JSON",
            "dj-rest-auth login/not UTF-8", "dj-rest-auth */* broken JSON", "dj-rest-auth registration/broken JSON",
        ],
        ['body.detail: "JSON parse error - * → "JSON parse error - *'],
        PARSE_ERRORS,
    ),
    (
        ["simplejwt methods/options *", "dj-rest-auth methods/options *", "dj-rest-auth user/options"],
        ["status: 200 → 204", "body*", "header Content-Type: application/json → absent"],
        OPTIONS,
    ),
    (["dj-rest-auth methods/options change"], ["status: 401 → 204", "header WWW-Authenticate: * → absent"], OPTIONS),
    (
        ["simplejwt call/*", "dj-rest-auth call/*"],
        ["body.*", "header Allow: GET, OPTIONS → *", 'header WWW-Authenticate: Bearer realm="api" → Bearer realm="martlet"*'],
        OWN_WORDS,
    ),
    (
        ["simplejwt call/a browser without token", "dj-rest-auth call/a browser without token"],
        ["body: text/html → object", "cookie csrftoken*: * → absent", "header Content-Type: text/html → application/json"],
        NO_HTML,
    ),
    (
        ["simplejwt call/*er-case scheme", "dj-rest-auth call/*er-case scheme"],
        ["status: 401 → 200", "header WWW-Authenticate: * → absent"],
        SCHEME,
    ),
    (
        ["simplejwt call/post without token", "dj-rest-auth call/post without token", "dj-rest-auth methods/* change"],
        ["status: 401 → 405", "header WWW-Authenticate: * → absent"],
        METHOD_FIRST,
    ),
    (
        [f"dj-rest-auth methods/{method} change" for method in ("get", "put", "delete")],
        ['body.detail: "Authentication credentials were not provided." → "Method * not allowed."'],
        METHOD_FIRST,
    ),
    (
        [
            "simplejwt refresh/call", "simplejwt rotation/call", "simplejwt blacklist/call with its access token",
            "simplejwt accounts/call after a new password", "simplejwt rotation alone/call", "simplejwt leeway/call *",
        ],
        ["header Allow: GET, OPTIONS → absent"],
        OWN_WORDS,
    ),
    (
        ["simplejwt expiry/expired", "simplejwt expiry/expired refresh token *"],
        ["body.*", "header Allow: GET, OPTIONS → absent", 'header WWW-Authenticate: Bearer realm="api" → Bearer realm="martlet"*'],
        OWN_WORDS,
    ),
    (["simplejwt renamed/JWT", "simplejwt renamed/Bearer"], ["header Allow: GET, OPTIONS → absent"], OWN_WORDS),
    (
        ["simplejwt renamed/garbage", "simplejwt renamed/no header", "simplejwt renamed/call *"],
        ["body.*", "header Allow: GET, OPTIONS → absent", 'header WWW-Authenticate: JWT realm="api" → Bearer realm="martlet"*'],
        OWN_WORDS,
    ),
    (["simplejwt renamed/refresh after *"], ["status: 200 → 401", "body.*", "header WWW-Authenticate: absent → JWT *"], SESSION),
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
    # Sliding tokens.
    (
        ["simplejwt sliding*"],
        [
            "body.token header.alg: *", "body.token header.kid: *", "body.token header.typ: *", "body.token claims.aud: absent → *",
            "body.token claims.iss: absent → *", "body.token claims.sub: absent → *", "body.token claims.client_id: absent → *",
            "body.token claims.scope: absent → *", "body.token claims.sid: absent → *",
        ],
        OWN_TOKENS,
    ),
    (["simplejwt sliding/call*", "simplejwt sliding refresh expiry/call"], ["header Allow: GET, OPTIONS → absent"], OWN_WORDS),
    (
        ["simplejwt sliding/garbage", "simplejwt sliding expiry/call expired"],
        ["body.*", "header Allow: GET, OPTIONS → absent", 'header WWW-Authenticate: Bearer realm="api" → Bearer realm="martlet"*'],
        OWN_WORDS,
    ),
    # drf-jwt.
    (
        ["drf-jwt *"],
        [
            "body.token header.alg: *", "body.token header.kid: *", "body.token header.typ: *", "body.token claims.aud: absent → *",
            "body.token claims.iss: absent → *", "body.token claims.sub: absent → *", "body.token claims.client_id: absent → *",
            "body.token claims.scope: absent → *", "body.token claims.sid: absent → *",
        ],
        DRF_TOKENS,
    ),
    (["drf-jwt impersonation/admin"], ["body.token claims.roles*: absent → *"], DRF_TOKENS),
    (["drf-jwt *"], ["body.token claims.user_id: integer, * → string, *"], KEYS),
    (["drf-jwt *"], ["header Cache-Control: absent → no-store"], NO_STORE),
    (["drf-jwt impersonation/by the admin"], ["body.token claims.act*: absent → *"], ACT),
    (
        ["drf-jwt login/a browser", "drf-jwt login/a reader of HTML"],
        [
            "body*: absent → *", "body: text/html → object", "cookie csrftoken*: * → absent",
            "header Content-Type: text/html → application/json",
        ],
        NO_HTML,
    ),
    (
        ["drf-jwt login/no slash at the end"],
        [
            "status: 301 → 201", "body*", "header Location: * → absent", "header Allow: absent → OPTIONS, POST",
            "header Content-Type: text/html → application/json",
        ],
        SLASHES,
    ),
    (["drf-jwt login/name in other case"], ["status: 400 → 201", "body.*"], NAMES),
    (
        ["drf-jwt login/broken JSON", "drf-jwt login/not UTF-8", "drf-jwt */* broken JSON"],
        ['body.detail: "JSON parse error - * → "JSON parse error - *'],
        PARSE_ERRORS,
    ),
    (
        ["drf-jwt methods/options api-token-auth", "drf-jwt methods/options api-token-refresh", "drf-jwt methods/options api-token-verify"],
        ["status: 200 → 204", "body*", "header Content-Type: application/json → absent"],
        OPTIONS,
    ),
    (
        ["drf-jwt methods/options api-token-impersonate", "drf-jwt methods/options api-token-blacklist"],
        ["status: 401 → 204", "body*", "header Content-Type: application/json → absent", "header WWW-Authenticate: * → absent"],
        OPTIONS,
    ),
    (
        [f"drf-jwt methods/{method} api-token-{view}" for method in ("get", "put", "delete") for view in ("impersonate", "blacklist")],
        ["status: 401 → 405", "body.detail: *", "header WWW-Authenticate: * → absent"],
        METHOD_FIRST,
    ),
    (
        ["drf-jwt methods/head api-token-impersonate", "drf-jwt methods/head api-token-blacklist"],
        ["status: 401 → 405", "header WWW-Authenticate: * → absent"],
        METHOD_FIRST,
    ),
    (
        ["drf-jwt call/*"],
        ["body.*", "header Allow: GET, OPTIONS → *", 'header WWW-Authenticate: JWT realm="api" → Bearer realm="martlet"*'],
        OWN_WORDS,
    ),
    (
        ["drf-jwt call/a browser without token"],
        ["body: text/html → object", "cookie csrftoken*: * → absent", "header Content-Type: text/html → application/json"],
        NO_HTML,
    ),
    (
        ["drf-jwt call/Bearer as scheme", "drf-jwt call/two blanks between"],
        ["status: 401 → 200", "header WWW-Authenticate: * → absent"],
        SCHEMES,
    ),
    (["drf-jwt call/post without token"], ["status: 401 → 405", "header WWW-Authenticate: * → absent"], METHOD_FIRST),
    (
        ["drf-jwt refresh and verify/call", "drf-jwt impersonation/call", "drf-jwt refresh expiry/call late"],
        ["header Allow: GET, OPTIONS → absent"],
        OWN_WORDS,
    ),
    (
        ["drf-jwt blacklist/call with it*"],
        [
            "status: 403 → 401", "body.*", "header Allow: GET, OPTIONS → absent",
            'header WWW-Authenticate: absent → Bearer realm="martlet"*',
        ],
        OWN_WORDS,
    ),
    (
        ["drf-jwt accounts/call of inactive", "drf-jwt accounts/call of deleted", "drf-jwt expiry/expired"],
        ["body.*", "header Allow: GET, OPTIONS → absent", 'header WWW-Authenticate: JWT realm="api" → Bearer realm="martlet"*'],
        OWN_WORDS,
    ),
    (
        ["drf-jwt blacklist/garbage", "drf-jwt blacklist/own token, empty form"],
        [
            "status: 500 → *", "body*", "header Allow: absent → OPTIONS, POST", "header Content-Type: text/html → application/json",
        ],
        ANSWERED,
    ),
]

TABLE += [
    (["dj-rest-auth *"], ["body*pk: integer, * → string, *"], PK),
    (
        ["dj-rest-auth cookies/*"],
        [
            *(f"cookie app-* value header.{name}: *" for name in ("alg", "kid", "typ")),
            *(f"cookie app-* value claims.{name}: absent → *" for name in ("aud", "iss", "sub", "sid")),
            *(f"cookie app-auth value claims.{name}: absent → *" for name in ("client_id", "scope")),
            *(f"cookie app-refresh value claims.{name}: absent → *" for name in ("ctr", "nonce")),
        ],
        OWN_TOKENS,
    ),
    (
        ["dj-rest-auth registration/no slash"],
        [
            "status: 301 → 201", "body*", "header Location: * → absent", "header Allow: absent → OPTIONS, POST",
            "header Content-Type: text/html → application/json",
        ],
        SLASHES,
    ),
    (
        [
            "dj-rest-auth password/call afterwards", "dj-rest-auth registration/call", "dj-rest-auth logout/call afterwards",
            "dj-rest-auth cookies/call",
        ],
        ["header Allow: GET, OPTIONS → absent"],
        OWN_WORDS,
    ),
    (
        [
            f"dj-rest-auth cookies/{row}"
            for row in ("header before cookie", "another scheme and cookie", "bad cookie", "empty cookie", "no cookie")
        ],
        ["body.*", "header Allow: GET, OPTIONS → absent", 'header WWW-Authenticate: Bearer realm="api" → Bearer realm="martlet"*'],
        OWN_WORDS,
    ),
    (
        ["dj-rest-auth logout/*", "dj-rest-auth methods/* logout", "dj-rest-auth cookies/logout*", "dj-rest-auth rotation/log out*"],
        ["header Allow: GET, HEAD, OPTIONS, POST → OPTIONS, POST"],
        LOGOUT_BY_GET,
    ),
    (["dj-rest-auth logout/call afterwards"], REFUSED, SESSION),
    (["dj-rest-auth logout/logout list"], ["status: 500 → 400", "body.*"], NO_OBJECT),
    (["dj-rest-auth user/put"], ["status: 400 → 200", "body.*"], OWN_NAME),
    # What it saved stays.
    (["dj-rest-auth user/patch a form", "dj-rest-auth user/get at the end"], ['body.last_name: "Dee" → ""'], OWN_NAME),
    (["dj-rest-auth password/short common digits"], ["body.new_password2*"], SHORT_AND_COMMON),
    (
        ["dj-rest-auth password/change", "dj-rest-auth old password/right"],
        ["cookie sessionid*: * → absent"],
        NO_SESSION,
    ),
    (
        [f"dj-rest-auth registration/{row}" for row in ("join*", "taken e-mail", "form")] + ["dj-rest-auth cookies/join"],
        [f"cookie {name}*: * → absent" for name in ("sessionid", "csrftoken", "messages")],
        NO_SESSION,
    ),
    (["dj-rest-auth session/login"], [f"cookie {name}*: * → absent" for name in ("sessionid", "csrftoken")], NO_SESSION),
    (["dj-rest-auth reset/*"], ["status: * → 404", "body.*", "header Allow: OPTIONS, POST → absent"], NO_MAIL),
    (["dj-rest-auth cookies/login", "dj-rest-auth cookies/second login"], ['body.refresh: "" → absent'], NO_EMPTY_REFRESH),
    (["dj-rest-auth cookies/join"], ["body.*: *, new → *", "body.refresh*: * → absent", "cookie app-*: absent → *"], JOINED_BY_COOKIE),
    (
        ["dj-rest-auth cookies/login with a bad cookie"],
        ["status: 401 → 200", "body.*", "cookie app-*: absent → *", "header WWW-Authenticate: * → absent"],
        STALE_COOKIE,
    ),
]

ALLOWED = [Allowed(row, difference, reason) for rows, differences, reason in TABLE for row in rows for difference in differences]
