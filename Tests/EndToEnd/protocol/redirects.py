"""Where answers go: redirect URIs compared as bytes, and nothing that was not proven redirected to."""

from .table import Case, coded, errs, shown

EXACT = "RFC 9700 §2.1"
LOOPBACK = "RFC 8252 §7.3"


def at(uri, client="web"):
    """A request that names this redirect URI."""
    return lambda world: world.authorize(client, redirect_uri=uri)


# What is presented in place of https://web.example/cb, and how it differs.
WEB_TRICKS = [
    ("https://web.example/cb/", "a slash more at the end"),
    ("https://web.example/cbx", "a longer path of the same beginning"),
    ("https://web.example/c", "a shorter path"),
    ("https://web.example/", "the path left out"),
    ("https://web.example/cb/../evil", "dot segments that lead elsewhere"),
    ("https://web.example/x/../cb", "dot segments that lead there"),
    ("https://web.example/cb/%2e%2e/evil", "percent-encoded dot segments"),
    ("https://web.example/cb%2f..%2fevil", "percent-encoded slashes"),
    ("https://web.example/%63b", "a letter percent-encoded"),
    ("https://web.example/cb%00", "a percent-encoded NUL at the end"),
    ("https://web.example/cb%0d%0aLocation:%20https://evil.example", "a percent-encoded line end"),
    ("https://web.example/cb\r\nLocation: https://evil.example", "a line end"),
    ("https://web.example//cb", "a doubled slash"),
    ("https://web.example/cb;x=1", "a path parameter"),
    ("https://web.example/cb?x=1", "an extra query"),
    ("https://web.example/cb?", "an empty query"),
    ("https://web.example/cb#x", "a fragment"),
    ("https://web.example/cb#", "an empty fragment"),
    ("https://web.example/CB", "another case in the path"),
    ("https://WEB.example/cb", "another case in the host"),
    ("HTTPS://web.example/cb", "another case in the scheme"),
    ("http://web.example/cb", "http in place of https"),
    ("https://web.example:443/cb", "the default port written out"),
    ("https://web.example:8443/cb", "another port: ports are free on loopback addresses alone"),
    ("https://web.example./cb", "a dot after the host"),
    ("https://sub.web.example/cb", "a host below the registered one"),
    ("https://web.example.evil.example/cb", "the registered host as a prefix"),
    ("https://evilweb.example/cb", "the registered host as a suffix"),
    ("https://web.example@evil.example/cb", "the registered host as user information"),
    ("https://user@web.example/cb", "user information before the host"),
    ("https://evil.example/https://web.example/cb", "the registered URI within a path"),
    ("https://evil.example\\@web.example/cb", "a backslash that browsers read as a slash"),
    ("https://evil.example#@web.example/cb", "another host before a fragment"),
    ("//web.example/cb", "no scheme"),
    ("/cb", "a path alone"),
    (" https://web.example/cb", "a space before"),
    ("https://web.example/cb ", "a space after"),
    ("https://wеb.example/cb", "a letter of another alphabet that looks the same"),
    ("javascript:alert(1)//https://web.example/cb", "a script"),
    ("data:text/html,<script>alert(1)</script>", "a document in the address"),
    ("https://poster.example/cb", "another client's redirect URI"),
    ("https://*.example/cb", "a pattern"),
]

# Of a client that registered http://127.0.0.1/cb and com.example.app:/cb.
NATIVE_TRICKS = [
    ("http://127.0.0.1:51004/other", "another path on a free port"),
    ("http://127.0.0.1:51004/cb?x=1", "an extra query on a free port"),
    ("http://localhost:51004/cb", "localhost where 127.0.0.1 is registered"),
    ("http://[::1]:51004/cb", "[::1] where 127.0.0.1 is registered"),
    ("http://127.0.0.2:51004/cb", "another address of the loopback network"),
    ("http://127.1:51004/cb", "the address in another spelling"),
    ("http://2130706433:51004/cb", "the address as a number"),
    ("https://127.0.0.1:51004/cb", "https where http is registered"),
    ("http://127.0.0.1:51004@evil.example/cb", "the address as user information"),
    ("http://127.0.0.1.evil.example/cb", "the address as the beginning of a name"),
    ("http://127.0.0.1:evil/cb", "a port that is no number"),
    ("http://127.0.0.1:0/cb", "port 0"),
    ("http://127.0.0.1:65536/cb", "a port that there is not"),
    ("http://127.0.0.1:80:80/cb", "two ports"),
    ("com.example.app:/cb2", "another path of a scheme of the app's own"),
    ("com.example.app://cb", "an authority in a scheme of the app's own"),
    ("com.example.app.evil:/cb", "a longer scheme"),
    ("COM.EXAMPLE.APP:/cb", "the scheme in another case"),
    ("com.example.app:/cb#x", "a fragment after a scheme of the app's own"),
]

CASES = [
    Case("OAuth 2.1 §4.1.1", "the registered redirect URI gets the answer", at("https://web.example/cb"), coded(at="https://web.example/cb")),
    *[Case(EXACT, f"a redirect URI is compared as it is: {what} is refused on a page", at(uri), shown()) for uri, what in WEB_TRICKS],
    Case(LOOPBACK, "on a loopback address any port is taken", at("http://127.0.0.1:51004/cb", "native"), coded(at="http://127.0.0.1:51004/cb")),
    Case(LOOPBACK, "on a loopback address the port may be left out", at("http://127.0.0.1/cb", "native"), coded(at="http://127.0.0.1/cb")),
    Case("RFC 8252 §7.1", "a scheme of the app's own is taken as it is registered", at("com.example.app:/cb", "native"), coded(at="com.example.app:/cb")),
    *[Case("RFC 8252 §8.4", f"a native app's redirect URI: {what} is refused on a page", at(uri, "native"), shown()) for uri, what in NATIVE_TRICKS],
    Case("OAuth 2.1 §2.3.3", "with several registered, the redirect URI must be there", at(None, "two"), shown()),
    Case("OAuth 2.1 §2.3.3", "with one registered, it may be left out", at(None), coded(at="https://web.example/cb")),
    Case("RFC 6749 §3.1.2", "the query of a redirect URI stays",
         lambda world: keeps_its_query(world.authorize("two", redirect_uri="https://two.example/b?keep=1")), coded()),
    Case("RFC 6749 §3.1.2", "the query of a redirect URI stays in an answer with an error",
         lambda world: keeps_its_query(world.authorize("two", redirect_uri="https://two.example/b?keep=1", scope="unheard.of")),
         lambda outcome, world: errs("invalid_scope")(outcome, with_address(world))),
    Case("RFC 6749 §4.1.2.1", "an unknown client is told on a page", lambda world: world.authorize(client_id="nobody"), shown()),
    Case("RFC 6749 §4.1.2.1", "a request without a client is told on a page", lambda world: world.authorize(client_id=None), shown()),
    Case("RFC 6749 §4.1.2.1", "of an unknown client the redirect URI is not followed, whatever else is wrong",
         lambda world: world.authorize(client_id="nobody", redirect_uri="https://evil.example/", response_type="token"), shown()),
    Case("RFC 6749 §4.1.2.1", "a wrong redirect URI is a page even where the scope is wrong, too",
         lambda world: world.authorize(redirect_uri="https://evil.example/", scope="unheard.of"), shown()),
    Case("RFC 6749 §4.1.2.1", "a wrong redirect URI is a page even with prompt=none",
         lambda world: world.authorize(redirect_uri="https://evil.example/", prompt="none", person=world.stranger()), shown()),
    Case("RFC 9700 §4.11.2", "a wrong redirect URI is a page even for somebody who is signed in and said yes before",
         lambda world: world.authorize("own", redirect_uri="https://own.example.evil.example/cb"), shown()),
    Case("RFC 6749 §3.1", "client_id given twice is told on a page", lambda world: world.authorize(client_id=[world.id("web")] * 2), shown()),
    Case("RFC 6749 §3.1", "redirect_uri given twice is told on a page",
         lambda world: world.authorize(redirect_uri=["https://web.example/cb", "https://evil.example/"]), shown()),
    Case("RFC 6749 §3.1", "a redirect_uri that repeats the right one is told on a page",
         lambda world: world.authorize(redirect_uri=["https://web.example/cb"] * 2), shown()),
    Case("RFC 6749 §4.1.2.1", "the page of an error shows nothing of the request as markup",
         lambda world: world.authorize(client_id="\"><script>alert(1)</script>"),
         lambda outcome, world: no_script(outcome, world)),
    Case("RFC 9700 §2.1", "the first-party login is no client here",
         lambda world: world.authorize(client_id="martlet", redirect_uri=f"{world.server.url}/"), shown()),
]


def keeps_its_query(outcome):
    assert outcome.pairs[0] == ("keep", "1"), outcome
    return outcome


def with_address(world):
    """`world`, as the location without its query is compared."""
    class Addresses:
        redirect_uris = world.redirect_uris | {"https://two.example/b"}
        server, state = world.server, world.state

    return Addresses


def no_script(outcome, world):
    shown()(outcome, world)
    assert "<script>alert" not in outcome.html, outcome
