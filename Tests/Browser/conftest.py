"""The service that the browser tests visit: open registration, and access tokens that can be waited for."""

import sys

import pytest

import martlet_server

# The real Django beside a Martlet (sides.py, profiles.py) is that of the comparison.
sys.path.append(str(martlet_server.PACKAGE / "Tests" / "Interop" / "django"))


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    server = martlet_server.launch(tmp_path_factory.mktemp("visited"), fresh_admin=False, MARTLET_ACCESS_TTL=12, MARTLET_REGISTRATION="open")
    yield server
    server.stop()
