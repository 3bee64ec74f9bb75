"""As many connections as the setting says, however low the limit of open files is that the program is started with."""

import resource
import socket


def test_the_limit_of_open_files_is_raised_to_the_connections(start):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (128, hard))
    try:
        server = start()
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    port = int(server.url.rsplit(":", 1)[1])
    sockets = [socket.create_connection(("127.0.0.1", port), timeout=10) for _ in range(300)]
    for one in sockets:
        one.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
    assert all(one.recv(4096).startswith(b"HTTP/1.1 200 ") for one in sockets)
    for one in sockets:
        one.close()
