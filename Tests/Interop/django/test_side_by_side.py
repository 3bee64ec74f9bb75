"""The whole table against a real Django and against Martlet. With MARTLET_REFERENCE_TWIN=1 a second Django stands in for Martlet.

MARTLET_STORIES, words with commas between, picks the stories whose names begin so; permissions that nobody needs are then no fault.
"""

import itertools
import os
import re

import compare
from allowed import ALLOWED
from martlet_server import PACKAGE
from profiles import PROFILES
from table import STORIES

TWIN = bool(os.environ.get("MARTLET_REFERENCE_TWIN"))
CHOSEN = tuple(filter(None, os.environ.get("MARTLET_STORIES", "").split(",")))


def test_every_answer_is_djangos_or_documented(site, martlet, subtests):
    stories = [story for story in STORIES if story.name.startswith(CHOSEN or "")]
    assert stories, "no story is called that"
    differences = []
    for name, group in itertools.groupby(stories, key=lambda story: story.profile):
        sides = None
        for story in group:
            with subtests.test(story.name):
                sides = sides or (site(PROFILES[name]), (site if TWIN else martlet)(PROFILES[name]))
                found = compare.run(story, *sides)
                differences += found
                unexpected, _ = compare.judge(found, [] if TWIN else ALLOWED)
                assert not unexpected, "\n".join(["", *map(str, unexpected)])
            if any(isinstance(step, compare.Change) for step in story.steps):
                # Accounts are not what they were; the next story gets fresh sides.
                sides = None
    if not TWIN and not CHOSEN:
        with subtests.test("no permission is stale"):
            _, stale = compare.judge(differences, ALLOWED)
            assert not stale


def test_every_reason_is_in_the_documentation():
    words = re.sub(r"\s+", " ", (PACKAGE / "docs" / "django.md").read_text())
    missing = sorted({entry.reason for entry in ALLOWED if entry.reason not in words})
    assert not missing
