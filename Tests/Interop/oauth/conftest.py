"""A service, and its clients as their libraries are told about them."""

import pytest
from browser_flow import Person

import martlet_server
from martlet_server import PASSWORD


class Site:
    """A running service, one client of each kind, and somebody who says yes."""

    def __init__(self, folder):
        self.server = martlet_server.launch(folder, MARTLET_CLIENT_REGISTRATION="open")
        self.metadata = self.server.get("/.well-known/openid-configuration").json
        # A new service makes the keys of ID tokens after it began to serve.
        martlet_server.until(lambda: any(key.get("alg") == "RS256" for key in self.keys()["keys"]), 30, 0.1, "a key of ID tokens")
        username = martlet_server.name("ada")
        self.server.register(username, PASSWORD, email=f"{username}@people.example")
        self.person = Person(self.server, username)
        code = ["authorization_code", "refresh_token"]
        self.web = self.client(client_name="Web", redirect_uris=["https://web.example/cb"], grant_types=code)
        self.spa = self.client(
            client_name="Spa", redirect_uris=["https://spa.example/cb"], grant_types=code, token_endpoint_auth_method="none")
        self.poster = self.client(
            client_name="Poster", redirect_uris=["https://poster.example/cb"], grant_types=code, token_endpoint_auth_method="client_secret_post")
        self.tv = self.client(
            client_name="Television", grant_types=["urn:ietf:params:oauth:grant-type:device_code", "refresh_token"],
            token_endpoint_auth_method="none")
        self.machine = self.client(client_name="Machine", grant_types=["client_credentials"], scope="read write")

    def client(self, **members):
        answer = self.server.admin().call("POST", "/admin/api/clients", members)
        assert answer.status == 201, answer
        return answer.json

    def endpoint(self, name):
        return self.metadata[f"{name}_endpoint"]

    def answer(self, address):
        """Where the person's browser ends that was sent to an authorization address and says yes: the whole address at the client."""
        place = self.person.go_on(self.person.get(address.removeprefix(self.server.url)))
        return place.answer.headers["Location"]

    def keys(self):
        return self.server.get(self.metadata["jwks_uri"].removeprefix(self.server.url)).json

    def claims(self, token):
        return martlet_server.claims(token)


@pytest.fixture(scope="session")
def site(tmp_path_factory):
    site = Site(tmp_path_factory.mktemp("clients"))
    yield site
    site.server.stop()


@pytest.fixture(autouse=True)
def plain_http(monkeypatch):
    """The libraries want https; on loopback there is none."""
    monkeypatch.setenv("AUTHLIB_INSECURE_TRANSPORT", "1")
    monkeypatch.setenv("OAUTHLIB_INSECURE_TRANSPORT", "1")


