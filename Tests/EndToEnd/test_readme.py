"""The quick start of README.md, run as it stands there: every command, and what is shown below it."""

import re
import subprocess

import pytest

from martlet_server import PACKAGE, clean_environment, free_port, launch

README = PACKAGE / "README.md"
MARK = "\x1e"


@pytest.fixture(scope="module")
def steps():
    """Each command of the block, with the output that is shown for it."""
    assert README.exists(), "README.md is missing"
    found = re.search(r"<!-- quickstart -->\s*^```\w*\n(.*?)^```", README.read_text(), re.DOTALL | re.MULTILINE)
    assert found, "README.md has no fenced block after <!-- quickstart -->"
    steps = []
    for line in found[1].replace("\\\n", "").splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], []))
        else:
            assert steps, f"the block begins with output: {line}"
            steps[-1][1].append(line)
    return [(command, "\n".join(shown)) for command, shown in steps]


def pattern(shown):
    """What is shown as a pattern: a word that ends in … stands for anything."""
    parts = re.split(r"[\w.:-]*…", shown)
    return re.compile(r"[^\"{}\[\]]*?".join(map(re.escape, parts)))


def test_the_quick_start_does_what_it_shows(steps, tmp_path):
    assert sum("curl " in command for command, _ in steps) >= 5, "a quick start has more to show"
    port = free_port()
    server = launch(tmp_path, MARTLET_LISTEN=f"127.0.0.1:{port}", fresh_admin=False)
    try:
        here = lambda text: text.replace("localhost:8080", f"localhost:{port}")  # noqa: E731
        script = "\n".join(f"{here(command)}\nprintf '{MARK}%s{MARK}' $?" for command, _ in steps)
        ran = subprocess.run(["bash", "-c", script], capture_output=True, text=True, env=clean_environment(), cwd=tmp_path, timeout=60)
        assert ran.stderr == ""
        parts = ran.stdout.split(MARK)
        for (command, shown), output, status in zip(steps, parts[0::2], parts[1::2], strict=False):
            assert status == "0", (command, output)
            assert pattern(here(shown)).fullmatch(output.strip("\n")), f"$ {command}\nshows\n{here(shown)}\nand answers\n{output}"
        assert len(parts) == 2 * len(steps) + 1
    finally:
        server.stop()
