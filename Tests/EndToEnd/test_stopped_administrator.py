"""An administrator who was stopped while a request of theirs waited for the hashing lane."""

import threading

from martlet_server import PASSWORD


def test_a_queued_request_of_a_disabled_administrator_makes_no_account(start):
    # Hashes as slow as they may be, so that the queue before them can be seen.
    server = start(MARTLET_ARGON2_MEMORY_KIB=262144, MARTLET_ARGON2_ITERATIONS=3, MARTLET_LOGIN_ATTEMPTS="off")
    root = server.admin()
    root.call("POST", "/admin/api/users", {"username": "second", "password": PASSWORD, "roles": ["admin"]})
    second = server.login("second", PASSWORD)
    answers = []

    def create():
        answers.append(second.call("POST", "/admin/api/users", {"username": "backdoor", "password": PASSWORD, "roles": ["admin"]}))

    storm = [
        threading.Thread(target=server.post, args=("/auth/login", {"username": "nobody", "password": "wrong password"})) for _ in range(8)
    ]
    for thread in storm:
        thread.start()
    creating = threading.Thread(target=create)
    creating.start()
    assert root.call("PATCH", f"/admin/api/users/{second.user_id}", {"is_active": False}).status == 200
    for thread in [*storm, creating]:
        thread.join()
    found = root.call("GET", "/admin/api/users?query=backdoor").json["items"]
    if answers[0].status == 201:
        # It was quicker than the disabling: then it is an ordinary account, made in time.
        assert len(found) == 1
    else:
        assert answers[0].status in (401, 403) and found == []
