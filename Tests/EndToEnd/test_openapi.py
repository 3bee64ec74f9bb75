"""docs/openapi.yaml: it names the routes that there are, its references lead somewhere, and its examples are answers."""

import base64
import json
import re

import pytest
import yaml

from martlet_server import PACKAGE, until

DESCRIPTION = PACKAGE / "docs" / "openapi.yaml"
WEB = PACKAGE / "Sources" / "Web"
ROUTES = WEB / "Routes.swift"
# The routes of groups that a setting turns on: in rows below a path of their own, or a list of paths that all take POST.
GROUPS = {"/dj-rest-auth/": WEB / "Django" / "DJRestAuthRoutes.swift"}
LISTS = [WEB / "Django" / f"{name}Routes.swift" for name in ("SimpleJWT", "DRFJWT", "OlderJWT")]
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
# On a listener of its own, so not in the list of routes.
ELSEWHERE = {("get", "/metrics")}
TYPES = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "null": type(None)}


@pytest.fixture(scope="module")
def document():
    return yaml.safe_load(DESCRIPTION.read_text())


def operations(document):
    return {(method, path): operation
            for path, item in document["paths"].items() for method, operation in item.items() if method in METHODS}


def resolve(document, schema):
    while "$ref" in schema:
        found = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        schema = found
    return schema


def problems(document, schema, value, where="$"):
    """What of `value` is not as `schema` says, for the keywords that this description uses. Members that it does not name count."""
    schema = resolve(document, schema)
    if "allOf" in schema:
        parts = [resolve(document, part) for part in schema["allOf"]]
        schema = {"type": "object", "required": sum((part.get("required", []) for part in parts), []),
                  "properties": {name: inner for part in parts for name, inner in part.get("properties", {}).items()}}
    if "const" in schema and value != schema["const"]:
        return [f"{where} is {value}, not {schema['const']}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{where} is {value}, none of {schema['enum']}"]
    if "type" in schema:
        names = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if not any(type(value) is TYPES[name] for name in names):
            return [f"{where} is {value!r}, no {names}"]
    if isinstance(value, str) and "pattern" in schema and not re.search(schema["pattern"], value):
        return [f"{where} is {value}, which is not {schema['pattern']}"]
    found = []
    if isinstance(value, dict) and "properties" in schema:
        found += [f"{where}.{name} is missing" for name in schema.get("required", []) if name not in value]
        for name, inner in value.items():
            if name in schema["properties"]:
                found += problems(document, schema["properties"][name], inner, f"{where}.{name}")
            else:
                found.append(f"{where}.{name} is not described")
    if isinstance(value, list):
        for number, inner in enumerate(value):
            fixed = schema.get("prefixItems", [])
            item = fixed[number] if number < len(fixed) else schema.get("items")
            if item is not None:
                found += problems(document, item, inner, f"{where}[{number}]")
    return found


def described(document, path, status="200"):
    """The schema and the example of an answer to GET."""
    [content] = operations(document)["get", path]["responses"][status]["content"].values()
    return content["schema"], content.get("example")


def test_it_names_every_route_and_no_other(document):
    served = {(method, path) for method, path in re.findall(r'^ +\(\.(\w+), "(/[^"]*)", \.\w+, ', ROUTES.read_text(), re.MULTILINE)}
    assert len(served) > 30
    for prefix, routes in GROUPS.items():
        found = re.findall(r'^ +\(\.(\w+), "([^"]*)", \.\w+, ', routes.read_text(), re.MULTILINE)
        assert found, prefix
        served |= {(method, f"{prefix}{path}/") for method, path in found}
    for routes in LISTS:
        found = re.findall(r'"(/[^"]+/)"', routes.read_text())
        assert found, routes
        served |= {("post", path) for path in found}
    assert set(operations(document)) - ELSEWHERE == served


def test_every_reference_leads_somewhere(document):
    references = re.findall(r'\$ref: "([^"]+)"', DESCRIPTION.read_text())
    assert references
    for reference in references:
        resolve(document, {"$ref": reference})


def test_operations_have_names_of_their_own_and_tags_that_exist(document):
    every = operations(document).values()
    names = [operation["operationId"] for operation in every]
    assert len(names) == len(set(names))
    assert {tag for operation in every for tag in operation["tags"]} == {tag["name"] for tag in document["tags"]}


@pytest.mark.parametrize("name", ["oauth-authorization-server", "openid-configuration", "oauth-protected-resource"])
def test_metadata_is_as_described_and_as_in_the_example(document, shared, name):
    schema, example = described(document, f"/.well-known/{name}")
    answer = shared.get(f"/.well-known/{name}")
    assert problems(document, schema, answer.json) == []
    assert json.loads(json.dumps(example).replace("http://localhost:8080", shared.url)) == answer.json


def test_the_key_set_is_as_described(document, shared):
    schema, _ = described(document, "/.well-known/jwks.json")
    # The keys of ID tokens are made after the start.
    until(lambda: len(shared.get("/.well-known/jwks.json").json["keys"]) > 3, seconds=30, what="the keys of ID tokens")
    keys = shared.get("/.well-known/jwks.json").json
    assert problems(document, schema, keys) == []
    of_statements = "JWT logout+jwt token-introspection+jwt"
    assert [key["signs"] for key in keys["keys"] if "signs" in key] == [of_statements, of_statements, "revocations+jwt"]


def test_documents_of_the_feed_are_as_described(document, shared, ada):
    schema = document["components"]["schemas"]["RevocationDocument"]
    for example in schema["examples"]:
        assert problems(document, schema, example) == []
    assert shared.post("/auth/blacklist", {"token": ada.access}).status == 204
    assert ada.refresh().status == 200
    assert shared.post("/auth/logout", {"refresh": ada.refresh_token}).status == 204
    for query in ("", "?after=0", "?after=0&wait=5"):
        answer = shared.get("/.well-known/revocations" + query)
        assert answer.headers["Content-Type"] == "application/jwt"
        wanted, _ = described(document, "/.well-known/revocations")
        text = answer.body.decode()
        assert problems(document, wanted, text) == []
        payload = text.split(".")[1]
        assert problems(document, schema, json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))) == []


def test_the_answer_to_a_proxy_has_the_fields_that_are_described(document, shared, ada):
    answer = shared.get("/auth/forward", token=ada.access)
    assert answer.status == 200
    described_fields = operations(document)["get", "/auth/forward"]["responses"]["200"]["headers"]
    assert {field for field in described_fields if field.startswith("X-Auth-")} == {
        field.title() for field in answer.headers if field.lower().startswith("x-auth-")}


def test_keys_of_every_purpose_are_as_described(document, warden):
    schema = document["components"]["schemas"]["Key"]
    until(lambda: '"id"' in warden.call("GET", "/admin/api/keys").body.decode(), seconds=30, what="the keys of ID tokens")
    keys = warden.call("GET", "/admin/api/keys").json["items"]
    for key in keys:
        assert problems(document, schema, key) == []
    assert {key["purpose"] for key in keys} == set(schema["properties"]["purpose"]["enum"])


def test_clients_are_as_described(document, warden, start):
    schemas = document["components"]["schemas"]
    wanted = {"redirect_uris": ["https://a.example/cb"], "client_name": "App", "first_party": True, "access_ttl": 60, "scope": "openid",
              "jwks": {"keys": []}, "backchannel_logout_uri": "https://a.example/out", "default_max_age": 60}
    made = warden.call("POST", "/admin/api/clients", wanted)
    path = made.headers["Location"]
    assert problems(document, schemas["Client"], made.json) == []
    assert problems(document, schemas["Client"], warden.call("GET", path).json) == []
    assert problems(document, schemas["Client"], warden.call("POST", path + "/rotate-secret").json) == []
    for line in warden.call("GET", "/admin/api/clients").json["items"]:
        assert problems(document, schemas["ClientLine"], line) == []
    assert warden.call("DELETE", path).status == 204
    open_to_all = start(MARTLET_CLIENT_REGISTRATION="open", MARTLET_CLIENT_DOCUMENTS="on")
    registered = open_to_all.post("/oauth2/register", wanted)
    assert registered.status == 201 and problems(document, schemas["RegisteredClient"], registered.json) == []
    refused = open_to_all.post("/oauth2/register", {})
    assert problems(document, schemas["OAuthError"], refused.json) == []
    metadata, _ = described(document, "/.well-known/oauth-authorization-server")
    assert problems(document, metadata, open_to_all.get("/.well-known/oauth-authorization-server").json) == []
