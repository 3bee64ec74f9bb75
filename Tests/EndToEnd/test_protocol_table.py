"""The protocol table: what OAuth 2.1, RFC 9700, OpenID Connect and the documents around them demand of a server, over HTTP.

A row is a section, its demand, what is done, and what must come of it; the rows stand in protocol/, a module for each topic.
"""

import re

import pytest
from protocol import (
    authorize, bearer, client_authentication, codes, device, dpop, exchange, logout, looking, metadata, pushed, redirects, refresh, registration)
from protocol.world import World

TOPICS = [authorize, bearer, client_authentication, codes, device, dpop, exchange, logout, looking, metadata, pushed, redirects, refresh, registration]
ROWS = [(topic.__name__.rpartition(".")[2], case) for topic in TOPICS for case in topic.CASES]
SOURCE = re.compile(r"(RFC \d+(bis)?|OAuth 2\.[01]( [A-Z][\w ]+)?|OIDC [A-Z][\w -]+) §\d+(\.\d+)*|redemption table")


@pytest.fixture(scope="session")
def world(tmp_path_factory, shim):
    world = World(tmp_path_factory.mktemp("protocol"), shim)
    yield world
    world.server.stop()


@pytest.mark.parametrize("case", [case for _, case in ROWS], ids=[f"{topic}: {case.id}" for topic, case in ROWS])
def test_row(world, case):
    case.expected(case.request(world), world)


def test_every_row_names_its_section():
    assert [case.id for _, case in ROWS if not SOURCE.fullmatch(case.section)] == []
    ids = [(topic, case.id) for topic, case in ROWS]
    assert len(ids) == len(set(ids)) and len(ids) >= 150
