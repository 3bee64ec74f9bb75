"""Runs JOSETool, the test executable that signs and verifies with MartletJOSE.

JOSE_TOOL names the executable; by default it is the debug build of this package.
"""

import os
import pathlib
import subprocess
from dataclasses import dataclass

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parents[3]
TOOL = os.environ.get("JOSE_TOOL", str(PACKAGE / ".build" / "debug" / "JOSETool"))


@dataclass
class Signed:
    private_jwk: str
    jwks: str
    token: str


class Refused(Exception):
    """The token was not accepted; the message is the stable code."""


def run(*arguments):
    result = subprocess.run([TOOL, *arguments], capture_output=True, text=True, timeout=60)
    if result.returncode == 1:
        raise Refused(result.stdout.strip())
    assert result.returncode == 0, result.stderr
    return result.stdout.rstrip("\n")


@pytest.fixture(scope="session")
def martlet_sign():
    """Signs with a new key, or with the private JWK that is given."""

    def sign(algorithm, jwk=None):
        return Signed(*run("sign", algorithm, *([jwk] if jwk else [])).split("\n"))

    return sign


@pytest.fixture(scope="session")
def martlet_verify():
    """The payload of a token as text; raises Refused."""
    return lambda jwks, token: run("verify", jwks, token)


@pytest.fixture(scope="session")
def martlet_thumbprint():
    return lambda jwk: run("thumbprint", jwk)


@pytest.fixture(scope="session")
def refused():
    return Refused
