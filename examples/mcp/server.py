"""An MCP server behind Martlet: one tool, which says who calls.

Martlet is the authorization server; this process only verifies. It answers a request without a token with 401 and a pointer to its
metadata (RFC 9728), and takes only tokens of its own issuer that name it in `aud` (RFC 8707).
"""

import asyncio
import os

import jwt
import uvicorn
from mcp.server.auth.middleware.auth_context import get_access_token
from mcp.server.auth.provider import AccessToken
from mcp.server.auth.settings import AuthSettings
from mcp.server.mcpserver import MCPServer

PORT = int(os.environ.get("PORT", "8000"))
ISSUER = os.environ.get("ISSUER", "http://localhost:8080")
# What clients call this server, byte for byte: it is the `aud` of their tokens.
RESOURCE = os.environ.get("RESOURCE", f"http://localhost:{PORT}/mcp")

keys = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json", lifespan=300)


def verify(text):
    """What a token says; None when it is not good here."""
    try:
        # The type first (RFC 9068 §4): the revocation feed is signed by the same issuer, and is no access token.
        if jwt.get_unverified_header(text).get("typ", "").lower() != "at+jwt":
            return None
        claims = jwt.decode(
            text, keys.get_signing_key_from_jwt(text), algorithms=["ES256", "EdDSA", "RS256"], issuer=ISSUER, audience=RESOURCE,
            options={"require": ["exp", "iat", "sub", "client_id"]},
        )
    except jwt.PyJWTError:
        return None
    return AccessToken(
        token=text, client_id=claims["client_id"], scopes=claims.get("scope", "").split(), expires_at=claims["exp"],
        resource=RESOURCE, subject=claims["sub"], claims=claims,
    )


class Verifier:
    async def verify_token(self, token):
        # The key set may have to be fetched, which blocks.
        return await asyncio.to_thread(verify, token)


server = MCPServer(
    "whoami", token_verifier=Verifier(), auth=AuthSettings(issuer_url=ISSUER, resource_server_url=RESOURCE, required_scopes=[]),
)


@server.tool()
def whoami() -> str:
    """Says whose token this is, and which client's."""
    token = get_access_token()
    return f"{token.subject} by {token.client_id}"


if __name__ == "__main__":
    uvicorn.run(server.streamable_http_app(), host="127.0.0.1", port=PORT, log_level="warning")
