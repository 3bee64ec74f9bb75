"""The comparison itself: it says nothing about equals, and one changed setting is told by name."""

from dataclasses import replace

import pytest

import compare
from compare import Allowed, Difference
from profiles import PROFILES, simplejwt
from table import STORIES

BY_NAME = {story.name: story for story in STORIES}


def shortened(name, count):
    """The first requests of a story."""
    return replace(BY_NAME[name], steps=BY_NAME[name].steps[:count])


def names(differences, row):
    return {difference.name for difference in differences if difference.row == row}


def test_the_table_has_a_hundred_rows_each_with_a_name_of_its_own():
    rows = [f"{story.name}/{request.name}" for story in STORIES for request in story.requests]
    assert len(rows) >= 100
    assert len(rows) == len(set(rows))
    assert {story.profile for story in STORIES} == set(PROFILES)


@pytest.mark.parametrize("story", ["simplejwt refresh", "drf-jwt blacklist", "dj-rest-auth cookies"])
def test_a_django_differs_in_nothing_from_another(site, story):
    profile = PROFILES[BY_NAME[story].profile]
    assert compare.run(BY_NAME[story], site(profile), site(profile)) == []


def test_rotation_shows_as_a_new_refresh_token(site):
    found = compare.run(shortened("simplejwt refresh", 2), site(simplejwt({})), site(simplejwt({}, ROTATE_REFRESH_TOKENS=True)))
    assert "body.refresh: absent → token, new" in names(found, "simplejwt refresh/refresh")
    assert not names(found, "simplejwt refresh/login")


def test_a_lifetime_shows_as_seconds(site):
    found = compare.run(shortened("simplejwt refresh", 1), site(simplejwt({})), site(simplejwt({}, ACCESS_TOKEN_LIFETIME=600)))
    assert found == [Difference("simplejwt refresh/login", "body.access claims.exp: 300 s → 600 s")]


def test_a_scheme_shows_in_status_and_challenge(site):
    found = compare.run(shortened("simplejwt call", 3), site(simplejwt({})), site(simplejwt({}, AUTH_HEADER_TYPES=["JWT"])))
    assert "status: 200 → 401" in names(found, "simplejwt call/right")
    assert names(found, "simplejwt call/no header") == {'header WWW-Authenticate: Bearer realm="api" → JWT realm="api"'}


DIFFERENCES = [Difference("login/right", "body[0]: a → b"), Difference("call/right", "status: 200 → 401")]


@pytest.mark.parametrize(("allowed", "unexpected", "stale"), [
    ([], 2, 0),
    ([Allowed("login/right", "body[0]: a → b", "")], 1, 0),
    ([Allowed("*/right", "body[0]: *", ""), Allowed("call/*", "status: 200 → 401", "")], 0, 0),
    ([Allowed("login/right", "body0: a → b", "")], 2, 1),
    ([Allowed("login/right", "body[0]: a", "")], 2, 1),
    ([Allowed("*", "*", ""), Allowed("logout/*", "*", "")], 0, 1),
])
def test_only_what_is_allowed_passes_and_only_what_occurs_is_allowed(allowed, unexpected, stale):
    assert tuple(map(len, compare.judge(DIFFERENCES, allowed))) == (unexpected, stale)
