"""A crash while codes are redeemed: what a client got is good, and what it did not get is nobody's (RFC 6749 §4.1.2)."""

import base64
import hashlib
import json
import threading
import urllib.parse

import martlet_server
from browser_flow import Person

VERIFIER = "v" * 43
CHALLENGE = base64.urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
REDIRECT = "https://web.example/cb"
CODES = 40


def ask(server, client, **fields):
    body = urllib.parse.urlencode({"client_id": client, **fields}).encode()
    answer = server.send("POST", "/oauth2/token", body, {"Content-Type": "application/x-www-form-urlencoded"}, fresh=True)
    server.secrets.update(answer.json[name] for name in ("access_token", "refresh_token") if name in answer.json)
    return answer


def redeem(server, client, code, verifier=VERIFIER):
    return ask(server, client, grant_type="authorization_code", code=code, redirect_uri=REDIRECT, code_verifier=verifier)


def sessions(server, client, person):
    return {row["id"] for row in person.call("GET", "/auth/sessions").json["items"] if row["client_id"] == client}


def test_a_crash_between_redemption_and_answer_leaves_no_usable_half(tmp_path):
    server = martlet_server.launch(tmp_path / "crash")
    client = json.loads(server.cli("client", "add", "--json", "--public", "--name", "Web", "--redirect-uri", REDIRECT).stdout)["client_id"]
    ada = server.register()
    browser = Person(server, ada.username)
    codes = [
        browser.authorize(
            remember=True, response_type="code", client_id=client, redirect_uri=REDIRECT, scope="profile", code_challenge=CHALLENGE,
            code_challenge_method="S256")["code"] for _ in range(CODES)]
    answered, some = {}, threading.Event()

    def work(part):
        for code in part:
            try:
                answered[code] = redeem(server, client, code)
            except (OSError, EOFError, ValueError, AssertionError):
                return
            if len(answered) >= CODES // 4:
                some.set()

    workers = [threading.Thread(target=work, args=(codes[start::4],)) for start in range(4)]
    for worker in workers:
        worker.start()
    assert some.wait(30)
    server.kill()
    for worker in workers:
        worker.join()
    assert CODES // 4 <= len(answered) < CODES, "the crash came in the middle"

    server = martlet_server.launch(tmp_path / "crash", fresh_admin=False, MARTLET_ISSUER=server.url)
    ada = server.login(ada.username)
    # Whatever was answered stands, every one of them.
    assert {answer.status for answer in answered.values()} == {200}
    for answer in answered.values():
        assert ask(server, client, grant_type="refresh_token", refresh_token=answer.json["refresh_token"]).status == 200
    # The rest: redeemed now, or redeemed before and never answered; then the client is refused and starts anew.
    later = {code: redeem(server, client, code).status for code in codes if code not in answered}
    assert set(later.values()) <= {200, 400}
    lost = [code for code, status in later.items() if status == 400]
    living = sessions(server, client, ada)
    assert len(living) == CODES
    # Nobody has the tokens of what was lost; whoever brings such a code without its verifier ends what is left of it.
    for code in lost:
        assert redeem(server, client, code, verifier="w" * 43).json["error"] == "invalid_grant"
    assert len(sessions(server, client, ada)) == CODES - len(lost)
    server.stop()
