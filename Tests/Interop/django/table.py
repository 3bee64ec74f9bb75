"""The requests, in stories. The three packages are told apart by the profile (profiles.py)."""

from compare import Change, Request, Story
from martlet_server import ADMIN, ADMIN_PASSWORD, PASSWORD

from profiles import ACCESS_COOKIE, REFRESH_COOKIE

ADA = {"username": "ada", "password": PASSWORD}
GARBAGE = "not.a.token"
NAMED = frozenset({"username"})


def post(name, path, body=None, **options):
    return Request(name, "POST", path, body, **options)


def get(name, path, **options):
    return Request(name, "GET", path, **options)


def protected(name, authorization=None, **options):
    headers = {} if authorization is None else {"Authorization": authorization}
    return get(name, "/protected/", headers=headers | options.pop("headers", {}), only=NAMED, **options)


def on_post_only(paths):
    """What endpoints that take POST alone say to everything else, and to readers of HTML."""
    rows = []
    for path in paths:
        word = path.strip("/").rpartition("/")[2]
        rows += [
            get(f"get {word}", path),
            Request(f"put {word}", "PUT", path, {}),
            Request(f"delete {word}", "DELETE", path),
            Request(f"options {word}", "OPTIONS", path),
            Request(f"head {word}", "HEAD", path),
        ]
    return rows


def credentials(path):
    """A login form filled in every wrong way."""
    return [
        post("login", path, ADA),
        post("wrong password", path, {**ADA, "password": "wrong"}),
        post("unknown user", path, {"username": "nobody", "password": PASSWORD}),
        post("inactive user", path, {"username": "bob", "password": PASSWORD}),
        post("inactive user, wrong password", path, {"username": "bob", "password": "wrong"}),
        post("name in other case", path, {**ADA, "username": "ADA"}),
        post("name between blanks", path, {**ADA, "username": " ada "}),
        post("password between blanks", path, {**ADA, "password": f" {PASSWORD} "}),
        post("empty object", path, {}),
        post("no password", path, {"username": "ada"}),
        post("no username", path, {"password": PASSWORD}),
        post("blank username", path, {"username": "", "password": PASSWORD}),
        post("blank password", path, {"username": "ada", "password": ""}),
        post("blanks alone", path, {"username": "   ", "password": "   "}),
        post("null password", path, {"username": "ada", "password": None}),
        post("null username", path, {"username": None, "password": PASSWORD}),
        post("number as username", path, {"username": 7, "password": PASSWORD}),
        post("number as password", path, {"username": "ada", "password": 7}),
        post("true as username", path, {"username": True, "password": PASSWORD}),
        post("list as username", path, {"username": ["ada"], "password": PASSWORD}),
        post("object as password", path, {"username": "ada", "password": {"is": PASSWORD}}),
        post("NUL in username", path, {"username": "a\0da", "password": PASSWORD}),
        post("unknown members", path, {**ADA, "remember_me": True, "next": "/"}),
        post("list", path, [ADA]),
        post("string", path, "ada"),
        post("number", path, 7),
        post("null", path, raw=b"null", content_type="application/json"),
        post("no body", path),
        post("empty body as JSON", path, raw=b"", content_type="application/json"),
        post("broken JSON", path, raw=b'{"username": "ada"', content_type="application/json"),
        post("not UTF-8", path, raw=b'{"username": "\xff", "password": "x"}', content_type="application/json"),
        post("JSON with charset", path, raw=b'{"username": "ada", "password": "wrong"}', content_type="application/json; charset=utf-8"),
        post("form", path, form=ADA),
        post("form without password", path, form={"username": "ada"}),
        post("form with wrong password", path, form={**ADA, "password": "wrong"}),
        post("multipart form", path, raw=MULTIPART, content_type="multipart/form-data; boundary=frontier"),
        post("multipart form without boundary", path, raw=MULTIPART, content_type="multipart/form-data"),
        post("multipart form cut off", path, raw=MULTIPART[:-20], content_type='multipart/form-data; charset=utf-8; boundary="frontier"'),
        post("multipart form of nothing", path, raw=b"--frontier--\r\n", content_type="multipart/form-data; boundary=frontier"),
        post("text", path, raw=b"ada", content_type="text/plain"),
        post("XML", path, raw=b"<ada/>", content_type="application/xml"),
        post("no content type", path, raw=b'{"username": "ada"}', content_type=""),
        post("no slash at the end", path.rstrip("/"), ADA),
        post("a reader of HTML", path, ADA, headers={"Accept": "text/html"}),
        post("a browser", path, {**ADA, "password": "wrong"}, headers={"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}),
        post("a reader of XML alone", path, ADA, headers={"Accept": "application/xml"}),
        post("anything", path, ADA, headers={"Accept": "*/*"}),
        post("an axios", path, ADA, headers={"Accept": "application/json, text/plain, */*"}),
        post("with a bad token in the header", path, ADA, headers={"Authorization": f"Bearer {GARBAGE}"}),
        post("with a query", f"{path}?format=json", ADA),
    ]


def token_field(word, path, member):
    """A field that must hold a token, filled in wrong ways."""
    return [
        post(f"{word} nothing", path, {}),
        post(f"{word} blank", path, {member: ""}),
        post(f"{word} null", path, {member: None}),
        post(f"{word} number", path, {member: 7}),
        post(f"{word} list", path, {member: []}),
        post(f"{word} garbage", path, {member: GARBAGE}),
        post(f"{word} one word", path, {member: "garbage"}),
        post(f"{word} broken JSON", path, raw=b"{", content_type="application/json"),
        post(f"{word} form garbage", path, form={member: GARBAGE}),
    ]


def authorization(scheme, token):
    """The header field of a call, right and wrong."""
    return [
        protected("right", f"{scheme} {token}"),
        protected("no header"),
        protected("empty header", ""),
        protected("scheme alone", scheme),
        protected("scheme and blank", f"{scheme} "),
        protected("three parts", f"{scheme} {token} more"),
        protected("two blanks between", f"{scheme}  {token}"),
        protected("another scheme", f"Basic {token}"),
        protected("no scheme", token),
        protected("lower-case scheme", f"{scheme.lower()} {token}"),
        protected("upper-case scheme", f"{scheme.upper()} {token}"),
        protected("garbage", f"{scheme} {GARBAGE}"),
        protected("one word", f"{scheme} garbage"),
        protected("tampered", f"{scheme} {token[:-1]}|tampered}}"),
        protected("unsigned", f"{scheme} {token[:-1]}|unsigned}}"),
        protected("a browser without token", headers={"Accept": "text/html"}),
        Request("post where get is meant", "POST", "/protected/", {}, headers={"Authorization": f"{scheme} {token}"}),
        Request("post without token", "POST", "/protected/", {}),
    ]


MULTIPART = (
    "--frontier\r\nContent-Disposition: form-data; name=\"username\"\r\n\r\nada\r\n"
    f"--frontier\r\nContent-Disposition: form-data; name=\"password\"\r\n\r\n{PASSWORD}\r\n--frontier--\r\n"
).encode()

TOKEN, REFRESH, VERIFY, BLACKLIST = "/api/token/", "/api/token/refresh/", "/api/token/verify/", "/api/token/blacklist/"

SIMPLEJWT = [
    Story("simplejwt login", "simplejwt", tuple(credentials(TOKEN))),
    Story("simplejwt methods", "simplejwt", tuple(on_post_only([TOKEN, REFRESH, VERIFY, BLACKLIST]))),
    Story("simplejwt call", "simplejwt", (
        post("login", TOKEN, ADA),
        *authorization("Bearer", "{login.access}"),
        protected("refresh token as access token", "Bearer {login.refresh}"),
        protected("JWT as scheme", "JWT {login.access}"),
    )),
    Story("simplejwt refresh", "simplejwt", (
        post("login", TOKEN, ADA),
        post("refresh", REFRESH, {"refresh": "{login.refresh}"}),
        protected("call", "Bearer {refresh.access}"),
        post("again", REFRESH, {"refresh": "{login.refresh}"}),
        post("form", REFRESH, form={"refresh": "{login.refresh}"}),
        post("between blanks", REFRESH, {"refresh": "{login.refresh|padded}"}),
        post("two at once", REFRESH, {"refresh": "{login.refresh}"}, at_once=2),
        post("access token", REFRESH, {"refresh": "{login.access}"}),
        post("tampered", REFRESH, {"refresh": "{login.refresh|tampered}"}),
        post("unsigned", REFRESH, {"refresh": "{login.refresh|unsigned}"}),
        post("half", REFRESH, {"refresh": "{login.refresh|halved}"}),
        post("other member", REFRESH, {"token": "{login.refresh}"}),
        post("no slash", REFRESH.rstrip("/"), {"refresh": "{login.refresh}"}),
        *token_field("refresh", REFRESH, "refresh"),
    )),
    Story("simplejwt verify", "simplejwt", (
        post("login", TOKEN, ADA),
        post("access", VERIFY, {"token": "{login.access}"}),
        post("refresh", VERIFY, {"token": "{login.refresh}"}),
        post("form", VERIFY, form={"token": "{login.access}"}),
        post("tampered", VERIFY, {"token": "{login.access|tampered}"}),
        post("unsigned", VERIFY, {"token": "{login.access|unsigned}"}),
        *token_field("verify", VERIFY, "token"),
    )),
    Story("simplejwt blacklist", "simplejwt", (
        post("login", TOKEN, ADA),
        post("access token", BLACKLIST, {"refresh": "{login.access}"}),
        post("tampered", BLACKLIST, {"refresh": "{login.refresh|tampered}"}),
        post("blacklist", BLACKLIST, {"refresh": "{login.refresh}"}),
        post("twice", BLACKLIST, {"refresh": "{login.refresh}"}),
        post("refresh", REFRESH, {"refresh": "{login.refresh}"}),
        post("verify", VERIFY, {"token": "{login.refresh}"}),
        protected("call with its access token", "Bearer {login.access}"),
        *token_field("blacklist", BLACKLIST, "refresh"),
    )),
    Story("simplejwt accounts", "simplejwt", (
        post("login", TOKEN, {"username": "eve", "password": PASSWORD}),
        Change("deactivate", "eve"),
        post("login of inactive", TOKEN, {"username": "eve", "password": PASSWORD}),
        post("refresh of inactive", REFRESH, {"refresh": "{login.refresh}"}),
        post("verify of inactive", VERIFY, {"token": "{login.access}"}),
        protected("call of inactive", "Bearer {login.access}"),
        Change("activate", "eve"),
        post("login once more", TOKEN, {"username": "eve", "password": PASSWORD}),
        Change("password", "eve", {"password": "another long password"}),
        protected("call after a new password", "Bearer {login once more.access}"),
        post("refresh after a new password", REFRESH, {"refresh": "{login once more.refresh}"}),
        post("login with the new password", TOKEN, {"username": "eve", "password": "another long password"}),
        Change("delete", "eve"),
        protected("call of deleted", "Bearer {login with the new password.access}"),
        post("verify of deleted", VERIFY, {"token": "{login with the new password.access}"}),
        post("refresh of deleted", REFRESH, {"refresh": "{login with the new password.refresh}"}),
        post("blacklist of deleted", BLACKLIST, {"refresh": "{login with the new password.refresh}"}),
    )),
    Story("simplejwt rotation", "simplejwt-rotation", (
        post("login", TOKEN, ADA),
        post("rotate", REFRESH, {"refresh": "{login.refresh}"}),
        post("rotate the new one", REFRESH, {"refresh": "{rotate.refresh}"}),
        protected("call", "Bearer {rotate the new one.access}"),
        post("old one again", REFRESH, {"refresh": "{login.refresh}"}),
        post("verify the old one", VERIFY, {"token": "{login.refresh}"}),
        post("verify the new one", VERIFY, {"token": "{rotate the new one.refresh}"}),
        post("blacklist the old one", BLACKLIST, {"refresh": "{login.refresh}"}),
        post("new one after a replay", REFRESH, {"refresh": "{rotate the new one.refresh}"}),
        post("second login", TOKEN, ADA),
        post("two at once", REFRESH, {"refresh": "{second login.refresh}"}, at_once=2),
        post("third login", TOKEN, ADA),
        post("blacklist", BLACKLIST, {"refresh": "{third login.refresh}"}),
        post("verify blacklisted", VERIFY, {"token": "{third login.refresh}"}),
        post("verify its access token", VERIFY, {"token": "{third login.access}"}),
    )),
    Story("simplejwt strict", "simplejwt-strict", (
        post("login", TOKEN, ADA),
        post("refresh", REFRESH, {"refresh": "{login.refresh}"}),
        post("blacklist", BLACKLIST, {"refresh": "{login.refresh}"}),
        post("verify", VERIFY, {"token": "{login.refresh}"}),
        post("verify its access token", VERIFY, {"token": "{login.access}"}),
        post("access token as refresh token", REFRESH, {"refresh": "{login.access}"}),
        post("verify tampered", VERIFY, {"token": "{login.access|tampered}"}),
        post("refresh blacklisted", REFRESH, {"refresh": "{login.refresh}"}),
    )),
    Story("simplejwt strict rotation", "simplejwt-strict-rotation", (
        post("login", TOKEN, ADA),
        post("rotate", REFRESH, {"refresh": "{login.refresh}"}),
        post("verify the old one", VERIFY, {"token": "{login.refresh}"}),
        post("verify the new one", VERIFY, {"token": "{rotate.refresh}"}),
        post("blacklist", BLACKLIST, {"refresh": "{rotate.refresh}"}),
        post("verify blacklisted", VERIFY, {"token": "{rotate.refresh}"}),
        post("verify its access token", VERIFY, {"token": "{rotate.access}"}),
    )),
    Story("simplejwt rotation alone", "simplejwt-rotation-alone", (
        post("login", TOKEN, ADA),
        post("rotate", REFRESH, {"refresh": "{login.refresh}"}, after_seconds=1),
        post("old one again", REFRESH, {"refresh": "{login.refresh}"}, after_seconds=1),
        post("rotate the new one", REFRESH, {"refresh": "{rotate.refresh}"}),
        post("two at once", REFRESH, {"refresh": "{login.refresh}"}, at_once=2),
        post("verify the old one", VERIFY, {"token": "{login.refresh}"}),
        protected("call", "Bearer {old one again.access}"),
        post("blacklist", BLACKLIST, {"refresh": "{rotate the new one.refresh}"}),
        post("blacklisted again", REFRESH, {"refresh": "{rotate the new one.refresh}"}),
        post("verify blacklisted", VERIFY, {"token": "{rotate the new one.refresh}"}),
    )),
    Story("simplejwt leeway", "simplejwt-leeway", (
        post("login", TOKEN, ADA),
        protected("call within the leeway", "Bearer {login.access}", after_expiry="login.access"),
        post("verify within the leeway", VERIFY, {"token": "{login.access}"}),
        post("refresh", REFRESH, {"refresh": "{login.refresh}"}),
        post("access token as refresh token", REFRESH, {"refresh": "{login.access}"}),
    )),
    Story("simplejwt expiry", "simplejwt-short", (
        post("login", TOKEN, ADA),
        protected("expired", "Bearer {login.access}", after_expiry="login.access"),
        post("verify expired", VERIFY, {"token": "{login.access}"}),
        post("refresh expired", REFRESH, {"refresh": "{login.refresh}"}, after_expiry="login.refresh"),
        post("blacklist expired", BLACKLIST, {"refresh": "{login.refresh}"}),
        post("verify expired refresh token", VERIFY, {"token": "{login.refresh}"}),
        post("expired access token as refresh token", REFRESH, {"refresh": "{login.access}"}),
        protected("expired refresh token as access token", "Bearer {login.refresh}"),
    )),
    Story("simplejwt sliding", "simplejwt-sliding", (
        post("login", TOKEN, ADA),
        post("wrong password", TOKEN, {**ADA, "password": "wrong"}),
        protected("call", "Bearer {login.token}"),
        # In the second of the login simplejwt's is the same token once more.
        post("refresh", REFRESH, {"token": "{login.token}"}, after_seconds=1.1),
        protected("call again", "Bearer {refresh.token}"),
        post("verify", VERIFY, {"token": "{login.token}"}),
        post("tampered", REFRESH, {"token": "{login.token|tampered}"}),
        protected("garbage", f"Bearer {GARBAGE}"),
        post("blacklist", BLACKLIST, {"refresh": "{login.token}"}),
        *token_field("refresh", REFRESH, "token"),
    )),
    Story("simplejwt sliding expiry", "simplejwt-sliding-short", (
        post("login", TOKEN, ADA),
        post("refresh expired", REFRESH, {"token": "{login.token}"}, after_expiry="login.token"),
        protected("call expired", "Bearer {login.token}"),
    )),
    Story("simplejwt sliding refresh expiry", "simplejwt-sliding-refresh-short", (
        post("login", TOKEN, ADA),
        post("refresh late", REFRESH, {"token": "{login.token}"}, after_seconds=2.1),
        protected("call", "Bearer {login.token}"),
    )),
    Story("simplejwt renamed", "simplejwt-renamed", (
        post("login", TOKEN, {"username": "finn", "password": PASSWORD}),
        post("wrong password", TOKEN, {"username": "finn", "password": "wrong"}),
        protected("JWT", "JWT {login.access}"),
        protected("Bearer", "Bearer {login.access}"),
        protected("garbage", f"JWT {GARBAGE}"),
        protected("no header"),
        post("refresh", REFRESH, {"refresh": "{login.refresh}"}),
        post("access token", REFRESH, {"refresh": "{login.access}"}),
        Change("password", "finn", {"password": "another long password"}),
        protected("call after a new password", "JWT {login.access}"),
        post("refresh after a new password", REFRESH, {"refresh": "{login.refresh}"}),
        protected("call with what that gave", "JWT {refresh after a new password.access}"),
    )),
]

OBTAIN, RENEW, CHECK, IMPERSONATE, END = (
    "/api-token-auth/", "/api-token-refresh/", "/api-token-verify/", "/api-token-impersonate/", "/api-token-blacklist/")

DRF_JWT = [
    Story("drf-jwt login", "drf-jwt", tuple(credentials(OBTAIN))),
    Story("drf-jwt methods", "drf-jwt", tuple(on_post_only([OBTAIN, RENEW, CHECK, IMPERSONATE, END]))),
    Story("drf-jwt call", "drf-jwt", (
        post("login", OBTAIN, ADA),
        *authorization("JWT", "{login.token}"),
        protected("Bearer as scheme", "Bearer {login.token}"),
        protected("in a cookie that nobody named", headers={"Cookie": "jwt={login.token}"}),
    )),
    Story("drf-jwt refresh and verify", "drf-jwt", (
        post("login", OBTAIN, ADA),
        post("refresh", RENEW, {"token": "{login.token}"}),
        post("refresh the new one", RENEW, {"token": "{refresh.token}"}),
        post("refresh the old one again", RENEW, {"token": "{login.token}"}),
        post("two at once", RENEW, {"token": "{login.token}"}, at_once=2),
        protected("call", "JWT {refresh.token}"),
        post("verify", CHECK, {"token": "{login.token}"}),
        post("verify a form", CHECK, form={"token": "{login.token}"}),
        post("verify the new one", CHECK, {"token": "{refresh the new one.token}"}),
        post("refresh tampered", RENEW, {"token": "{login.token|tampered}"}),
        post("refresh unsigned", RENEW, {"token": "{login.token|unsigned}"}),
        post("verify tampered", CHECK, {"token": "{login.token|tampered}"}),
        post("verify unsigned", CHECK, {"token": "{login.token|unsigned}"}),
        *token_field("refresh", RENEW, "token"),
        *token_field("verify", CHECK, "token"),
    )),
    Story("drf-jwt blacklist", "drf-jwt", (
        post("login", OBTAIN, ADA),
        post("refresh", RENEW, {"token": "{login.token}"}),
        post("without token", END, {"token": "{login.token}"}),
        post("garbage", END, {"token": GARBAGE}, headers={"Authorization": "JWT {login.token}"}),
        post("blank", END, {"token": ""}, headers={"Authorization": "JWT {login.token}"}),
        post("blacklist", END, {"token": "{refresh.token}"}, headers={"Authorization": "JWT {login.token}"}),
        protected("call with it", "JWT {refresh.token}"),
        protected("call with its parent", "JWT {login.token}"),
        post("refresh it", RENEW, {"token": "{refresh.token}"}),
        post("refresh its parent", RENEW, {"token": "{login.token}"}),
        post("verify it", CHECK, {"token": "{refresh.token}"}),
        post("twice", END, {"token": "{refresh.token}"}, headers={"Authorization": "JWT {login.token}"}),
        post("second login", OBTAIN, ADA),
        post("own token", END, {}, headers={"Authorization": "JWT {second login.token}"}),
        post("third login", OBTAIN, ADA),
        post("own token without body", END, headers={"Authorization": "JWT {third login.token}"}),
        post("fourth login", OBTAIN, ADA),
        post("own token, empty form", END, form={}, headers={"Authorization": "JWT {fourth login.token}"}),
    )),
    Story("drf-jwt impersonation", "drf-jwt", (
        post("login", OBTAIN, ADA),
        post("admin", OBTAIN, {"username": ADMIN, "password": ADMIN_PASSWORD}),
        post("anonymous", IMPERSONATE, {"user": 1}),
        post("by a user", IMPERSONATE, {"user": 1}, headers={"Authorization": "JWT {login.token}"}),
        # The account's key as a token of its owner has it.
        post("by the admin", IMPERSONATE, {"user": "{login.token|user_id}"}, headers={"Authorization": "JWT {admin.token}"}),
        protected("call", "JWT {by the admin.token}"),
        post("nobody", IMPERSONATE, {"user": 99999}, headers={"Authorization": "JWT {admin.token}"}),
        post("no user", IMPERSONATE, {}, headers={"Authorization": "JWT {admin.token}"}),
        post("a word", IMPERSONATE, {"user": "ada"}, headers={"Authorization": "JWT {admin.token}"}),
        post("null", IMPERSONATE, {"user": None}, headers={"Authorization": "JWT {admin.token}"}),
    )),
    Story("drf-jwt accounts", "drf-jwt", (
        post("login", OBTAIN, {"username": "eve", "password": PASSWORD}),
        Change("deactivate", "eve"),
        post("login of inactive", OBTAIN, {"username": "eve", "password": PASSWORD}),
        post("refresh of inactive", RENEW, {"token": "{login.token}"}),
        post("verify of inactive", CHECK, {"token": "{login.token}"}),
        protected("call of inactive", "JWT {login.token}"),
        Change("activate", "eve"),
        post("login once more", OBTAIN, {"username": "eve", "password": PASSWORD}),
        Change("delete", "eve"),
        post("refresh of deleted", RENEW, {"token": "{login once more.token}"}),
        post("verify of deleted", CHECK, {"token": "{login once more.token}"}),
        protected("call of deleted", "JWT {login once more.token}"),
    )),
    Story("drf-jwt expiry", "drf-jwt-short", (
        post("login", OBTAIN, ADA),
        protected("expired", "JWT {login.token}", after_expiry="login.token"),
        post("refresh expired", RENEW, {"token": "{login.token}"}),
        post("verify expired", CHECK, {"token": "{login.token}"}),
        post("blacklist expired", END, {"token": "{login.token}"}, headers={"Authorization": "JWT {login.token}"}),
    )),
    Story("drf-jwt refresh expiry", "drf-jwt-refresh-short", (
        post("login", OBTAIN, ADA),
        post("refresh late", RENEW, {"token": "{login.token}"}, after_seconds=2.1),
        post("verify late", CHECK, {"token": "{login.token}"}),
        protected("call late", "JWT {login.token}"),
    )),
]

REST = "/dj-rest-auth"
LOGIN, LOGOUT, USER, JOIN = f"{REST}/login/", f"{REST}/logout/", f"{REST}/user/", f"{REST}/registration/"
CHANGE = f"{REST}/password/change/"
RESET, CONFIRM = f"{REST}/password/reset/", f"{REST}/password/reset/confirm/"
NEW = "the newest long password"


def bearer(token):
    return {"Authorization": f"Bearer {token}"}


def joining(name, email="joining@example.com", password1=NEW, password2=NEW):
    return {"username": name, "email": email, "password1": password1, "password2": password2}


REST_AUTH = [
    Story("dj-rest-auth login", "dj-rest-auth", (
        *credentials(LOGIN),
        post("e-mail", LOGIN, {"email": "ada@example.com", "password": PASSWORD}),
        post("e-mail in other case", LOGIN, {"email": "ADA@example.com", "password": PASSWORD}),
        post("unknown e-mail", LOGIN, {"email": "nobody@example.com", "password": PASSWORD}),
        post("not an e-mail", LOGIN, {"email": "nobody", "password": PASSWORD}),
        post("e-mail as username", LOGIN, {"username": "ada@example.com", "password": PASSWORD}),
        post("blank username and e-mail", LOGIN, {"username": "", "email": "", "password": PASSWORD}),
    )),
    Story("dj-rest-auth methods", "dj-rest-auth", tuple(
        on_post_only([LOGIN, LOGOUT, CHANGE, JOIN, f"{REST}/token/verify/", f"{REST}/token/refresh/"]))),
    Story("dj-rest-auth call", "dj-rest-auth", (
        post("login", LOGIN, ADA),
        *authorization("Bearer", "{login.access}"),
        protected("refresh token as access token", "Bearer {login.refresh}"),
    )),
    Story("dj-rest-auth user", "dj-rest-auth", (
        post("login", LOGIN, {"username": "dora", "password": PASSWORD}),
        get("get", USER, headers=bearer("{login.access}")),
        get("get without slash", USER.rstrip("/"), headers=bearer("{login.access}")),
        get("get without token", USER),
        get("get with garbage", USER, headers=bearer(GARBAGE)),
        Request("patch", "PATCH", USER, {"first_name": "Dora", "last_name": "Dee"}, headers=bearer("{login.access}")),
        Request("patch nothing", "PATCH", USER, {}, headers=bearer("{login.access}")),
        Request("patch e-mail", "PATCH", USER, {"email": "else@example.com"}, headers=bearer("{login.access}")),
        Request("patch a name too long", "PATCH", USER, {"first_name": "d" * 151}, headers=bearer("{login.access}")),
        Request("patch a name to null", "PATCH", USER, {"first_name": None}, headers=bearer("{login.access}")),
        Request("patch to a taken name", "PATCH", USER, {"username": "ada"}, headers=bearer("{login.access}")),
        Request("patch to a bad name", "PATCH", USER, {"username": "d o r a"}, headers=bearer("{login.access}")),
        Request("patch without token", "PATCH", USER, {"first_name": "Dora"}),
        Request("patch to a new name", "PATCH", USER, {"username": " dorothea "}, headers=bearer("{login.access}")),
        post("login under the new name", LOGIN, {"username": "Dorothea", "password": PASSWORD}),
        post("login under the old name", LOGIN, {"username": "dora", "password": PASSWORD}),
        Request("patch to a name too long", "PATCH", USER, {"username": "d" * 151}, headers=bearer("{login.access}")),
        Request("put another name", "PUT", USER, {"username": "dora"}, headers=bearer("{login.access}")),
        Request("put", "PUT", USER, {"username": "dora", "first_name": "D", "last_name": ""}, headers=bearer("{login.access}")),
        Request("put nothing", "PUT", USER, {}, headers=bearer("{login.access}")),
        Request("put a blank name", "PUT", USER, {"username": ""}, headers=bearer("{login.access}")),
        Request("patch a form", "PATCH", USER, form={"first_name": "Form"}, headers=bearer("{login.access}")),
        Request("post", "POST", USER, {}, headers=bearer("{login.access}")),
        Request("delete", "DELETE", USER, headers=bearer("{login.access}")),
        Request("options", "OPTIONS", USER, headers=bearer("{login.access}")),
        get("get at the end", USER, headers=bearer("{login.access}")),
    )),
    Story("dj-rest-auth tokens", "dj-rest-auth", (
        post("login", LOGIN, ADA),
        post("refresh", f"{REST}/token/refresh/", {"refresh": "{login.refresh}"}),
        post("refresh without slash", f"{REST}/token/refresh", {"refresh": "{login.refresh}"}),
        post("verify", f"{REST}/token/verify/", {"token": "{login.access}"}),
        post("access token", f"{REST}/token/refresh/", {"refresh": "{login.access}"}),
        *token_field("refresh", f"{REST}/token/refresh/", "refresh"),
        *token_field("verify", f"{REST}/token/verify/", "token"),
    )),
    Story("dj-rest-auth logout", "dj-rest-auth", (
        post("login", LOGIN, ADA),
        get("get", LOGOUT, headers=bearer("{login.access}")),
        post("nothing", LOGOUT, {}, headers=bearer("{login.access}")),
        post("no body", LOGOUT, headers=bearer("{login.access}")),
        post("garbage", LOGOUT, {"refresh": GARBAGE}, headers=bearer("{login.access}")),
        post("access token as refresh token", LOGOUT, {"refresh": "{login.access}"}, headers=bearer("{login.access}")),
        post("number", LOGOUT, {"refresh": 7}, headers=bearer("{login.access}")),
        post("bad header", LOGOUT, {"refresh": "{login.refresh}"}, headers=bearer(GARBAGE)),
        post("logout", LOGOUT, {"refresh": "{login.refresh}"}, headers=bearer("{login.access}")),
        post("refresh afterwards", f"{REST}/token/refresh/", {"refresh": "{login.refresh}"}),
        post("twice", LOGOUT, {"refresh": "{login.refresh}"}, headers=bearer("{login.access}")),
        protected("call afterwards", "Bearer {login.access}"),
        post("second login", LOGIN, ADA),
        post("logout without header", LOGOUT, {"refresh": "{second login.refresh}"}),
        post("third login", LOGIN, ADA),
        post("logout form", LOGOUT, form={"refresh": "{third login.refresh}"}),
        post("logout list", LOGOUT, []),
    )),
    Story("dj-rest-auth password", "dj-rest-auth", (
        post("login", LOGIN, {"username": "carol", "password": PASSWORD}),
        post("without token", CHANGE, {"new_password1": NEW, "new_password2": NEW}),
        post("nothing", CHANGE, {}, headers=bearer("{login.access}")),
        post("not the same", CHANGE, {"new_password1": NEW, "new_password2": "other"}, headers=bearer("{login.access}")),
        post("short", CHANGE, {"new_password1": "x7q", "new_password2": "x7q"}, headers=bearer("{login.access}")),
        post("common", CHANGE, {"new_password1": "password", "new_password2": "password"}, headers=bearer("{login.access}")),
        post("digits", CHANGE, {"new_password1": "4815162342", "new_password2": "4815162342"}, headers=bearer("{login.access}")),
        post("short common digits", CHANGE, {"new_password1": "123456", "new_password2": "123456"}, headers=bearer("{login.access}")),
        post("like the address", CHANGE, {"new_password1": "carol@example.com", "new_password2": "carol@example.com"}, headers=bearer(
            "{login.access}")),
        post("like the name", CHANGE, {"new_password1": "xCarol12", "new_password2": "xCarol12"}, headers=bearer("{login.access}")),
        post("like a part of the address", CHANGE, {"new_password1": "example1", "new_password2": "example1"}, headers=bearer(
            "{login.access}")),
        post("with the name in it", CHANGE, {"new_password1": "carolina reaper", "new_password2": "other"}, headers=bearer("{login.access}")),
        post("too long", CHANGE, {"new_password1": "n" * 129, "new_password2": "n" * 129}, headers=bearer("{login.access}")),
        post("blank", CHANGE, {"new_password1": "", "new_password2": ""}, headers=bearer("{login.access}")),
        post("change", CHANGE, {"new_password1": NEW, "new_password2": NEW}, headers=bearer("{login.access}")),
        protected("call afterwards", "Bearer {login.access}"),
        post("refresh afterwards", f"{REST}/token/refresh/", {"refresh": "{login.refresh}"}),
        post("login with the old one", LOGIN, {"username": "carol", "password": PASSWORD}),
        post("login with the new one", LOGIN, {"username": "carol", "password": NEW}),
    )),
    Story("dj-rest-auth old password", "dj-rest-auth-old-password", (
        post("login", LOGIN, {"username": "carol", "password": PASSWORD}),
        post("missing", CHANGE, {"new_password1": NEW, "new_password2": NEW}, headers=bearer("{login.access}")),
        post("wrong", CHANGE, {"old_password": "wrong", "new_password1": NEW, "new_password2": NEW}, headers=bearer("{login.access}")),
        post("right", CHANGE, {"old_password": PASSWORD, "new_password1": NEW, "new_password2": NEW}, headers=bearer("{login.access}")),
        post("login with the new one", LOGIN, {"username": "carol", "password": NEW}),
    )),
    Story("dj-rest-auth registration", "dj-rest-auth", (
        post("join", JOIN, joining("newcomer", "newcomer@example.com")),
        protected("call", "Bearer {join.access}"),
        post("join without e-mail", JOIN, {"username": "newcomer2", "password1": NEW, "password2": NEW}),
        post("login", LOGIN, {"username": "newcomer", "password": NEW}),
        post("nothing", JOIN, {}),
        post("not the same", JOIN, joining("newcomer3", password2="other")),
        post("taken name", JOIN, joining("ada")),
        post("taken name in other case", JOIN, joining("ADA")),
        post("taken e-mail", JOIN, joining("newcomer4", "newcomer@example.com")),
        post("not an e-mail", JOIN, joining("newcomer5", "newcomer")),
        post("blank e-mail", JOIN, joining("newcomer5", "")),
        post("blank name", JOIN, joining("")),
        post("bad name", JOIN, joining("new comer")),
        post("long name", JOIN, joining("n" * 151)),
        post("short password", JOIN, joining("newcomer6", password1="x7q", password2="x7q")),
        post("common password", JOIN, joining("newcomer6", password1="password", password2="password")),
        post("digits", JOIN, joining("newcomer6", password1="4815162342", password2="4815162342")),
        post("like the name", JOIN, joining("newcomer6", password1="newcomer6!", password2="newcomer6!")),
        post("like the address", JOIN, joining("newcomer6", "reynard@example.com", password1="reynard77", password2="reynard77")),
        post("everything wrong", JOIN, joining("new comer", "newcomer", password1="x7q", password2="")),
        post("form", JOIN, form=joining("newcomer7", "newcomer7@example.com")),
        post("form with empty fields", JOIN, form=joining("newcomer9", "", password2="")),
        post("no slash", JOIN.rstrip("/"), joining("newcomer8")),
        post("broken JSON", JOIN, raw=b"{", content_type="application/json"),
    )),
    Story("dj-rest-auth reset", "dj-rest-auth", (
        post("unknown address", RESET, {"email": "nobody@example.com"}),
        post("not an address", RESET, {"email": "nobody"}),
        post("nothing", RESET, {}),
        post("confirm nothing", CONFIRM, {}),
        post("confirm garbage", CONFIRM, {"uid": "x", "token": "x", "new_password1": NEW, "new_password2": NEW}),
    )),
    Story("dj-rest-auth cookies", "dj-rest-auth-cookies", (
        post("login", LOGIN, ADA),
        protected("call", headers={"Cookie": f"{ACCESS_COOKIE}={{login.cookie:{ACCESS_COOKIE}}}"}),
        get("user", USER, headers={"Cookie": f"{ACCESS_COOKIE}={{login.cookie:{ACCESS_COOKIE}}}"}),
        protected("header before cookie", f"Bearer {GARBAGE}", headers={"Cookie": f"{ACCESS_COOKIE}={{login.cookie:{ACCESS_COOKIE}}}"}),
        protected("another scheme and cookie", "Basic x", headers={"Cookie": f"{ACCESS_COOKIE}={{login.cookie:{ACCESS_COOKIE}}}"}),
        protected("bad cookie", headers={"Cookie": f"{ACCESS_COOKIE}={GARBAGE}"}),
        protected("empty cookie", headers={"Cookie": f"{ACCESS_COOKIE}="}),
        protected("no cookie"),
        post("login with a bad cookie", LOGIN, ADA, headers={"Cookie": f"{ACCESS_COOKIE}={GARBAGE}"}),
        post("refresh without", f"{REST}/token/refresh/", {}),
        post("refresh", f"{REST}/token/refresh/", {}, headers={"Cookie": f"{REFRESH_COOKIE}={{login.cookie:{REFRESH_COOKIE}}}"}),
        post("refresh once more", f"{REST}/token/refresh/", headers={"Cookie": f"{REFRESH_COOKIE}={{refresh.cookie:{REFRESH_COOKIE}}}"}),
        post("refresh with the old one", f"{REST}/token/refresh/", {}, headers={
            "Cookie": f"{REFRESH_COOKIE}={{login.cookie:{REFRESH_COOKIE}}}"}),
        post("empty body member and cookie", f"{REST}/token/refresh/", {"refresh": ""}, headers={
            "Cookie": f"{REFRESH_COOKIE}={{refresh once more.cookie:{REFRESH_COOKIE}}}"}),
        post("body before cookie", f"{REST}/token/refresh/", {"refresh": GARBAGE}, headers={
            "Cookie": f"{REFRESH_COOKIE}={{refresh once more.cookie:{REFRESH_COOKIE}}}"}),
        post("logout without cookie", LOGOUT, {}),
        post("second login", LOGIN, ADA),
        post("logout", LOGOUT, {}, headers={"Cookie": "; ".join(
            f"{name}={{second login.cookie:{name}}}" for name in (ACCESS_COOKIE, REFRESH_COOKIE))}),
        post("refresh after logout", f"{REST}/token/refresh/", {}, headers={
            "Cookie": f"{REFRESH_COOKIE}={{second login.cookie:{REFRESH_COOKIE}}}"}),
        post("logout twice", LOGOUT, {}, headers={"Cookie": f"{REFRESH_COOKIE}={{second login.cookie:{REFRESH_COOKIE}}}"}),
        post("join", JOIN, joining("cookiecomer", "cookiecomer@example.com")),
    )),
    Story("dj-rest-auth session", "dj-rest-auth-session", (
        post("login", LOGIN, ADA),
    )),
    Story("dj-rest-auth rotation", "dj-rest-auth-rotation", (
        post("login", LOGIN, ADA),
        post("rotate", f"{REST}/token/refresh/", {"refresh": "{login.refresh}"}),
        post("rotate the new one", f"{REST}/token/refresh/", {"refresh": "{rotate.refresh}"}),
        post("log out", LOGOUT, {"refresh": "{rotate the new one.refresh}"}),
        post("second login", LOGIN, ADA),
        post("rotate it", f"{REST}/token/refresh/", {"refresh": "{second login.refresh}"}),
        post("log out by the old one", LOGOUT, {"refresh": "{second login.refresh}"}),
    )),
]

STORIES = [*SIMPLEJWT, *DRF_JWT, *REST_AUTH]
