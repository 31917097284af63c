"""The gateway and the API together read each request in one way, and never take a part of a body for the whole."""

import json

import pytest
from testinfra.host import Host

from containers.scenarios.gateway import CA

UNITS = ("docker", "haproxy")
# Sends the bytes of argv[1] over TLS and prints the statuses of all answers until the gateway closes the connection.
CLIENT = f"""
import json, socket, ssl, sys
context = ssl.create_default_context(cafile={CA!r})
with socket.create_connection(("localhost", 443)) as plain:
    plain.settimeout(60)
    with context.wrap_socket(plain, server_hostname="localhost") as secure:
        secure.sendall(json.loads(sys.argv[1]).encode("latin-1"))
        answer = b"".join(iter(lambda: secure.recv(65536), b""))
print(*[part.split(b" ", 1)[0].decode() for part in answer.split(b"HTTP/1.1 ")[1:]])
"""
# A second request that only a wrong reading of the first one's body can find; its answer is 404.
HIDDEN = "GET /hidden HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
BODY = '{"features": []}'


def request(headers: str, body: str) -> str:
    return f"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n{headers}\r\n{body}"


CASES = {
    "a length and chunks": request("Content-Length: 6\r\nTransfer-Encoding: chunked\r\n", f"0\r\n\r\n{HIDDEN}"),
    "chunks and a length": request(
        f"Transfer-Encoding: chunked\r\nContent-Length: {len(HIDDEN) + 5}\r\n", f"0\r\n\r\n{HIDDEN}"
    ),
    "two lengths": request("Content-Length: 0\r\nContent-Length: 200\r\n", HIDDEN),
    "two lengths in one line": request("Content-Length: 0, 200\r\n", HIDDEN),
    "a length with a sign": request("Content-Length: +0\r\n", HIDDEN),
    "a length in hexadecimal": request("Content-Length: 0x0\r\n", HIDDEN),
    "a negative length": request("Content-Length: -1\r\n", HIDDEN),
    "an unknown encoding": request("Transfer-Encoding: xchunked\r\n", f"0\r\n\r\n{HIDDEN}"),
    "chunks that are not last": request("Transfer-Encoding: chunked, identity\r\n", f"0\r\n\r\n{HIDDEN}"),
    "a space before the colon": request("Content-Length : 100\r\n", HIDDEN),
    "a chunk's size that is no number": request("Transfer-Encoding: chunked\r\n", f"zz\r\n{BODY}\r\n0\r\n\r\n{HIDDEN}"),
    "a chunk longer than its size": request("Transfer-Encoding: chunked\r\n", f"2\r\n{BODY}\r\n0\r\n\r\n{HIDDEN}"),
    "a zero byte in a header": request("X: a\0b\r\nContent-Length: 0\r\n", HIDDEN),
}


@pytest.mark.parametrize("case", CASES)
def test_a_request_that_can_be_read_in_two_ways_is_read_in_one_or_refused(host: Host, case: str) -> None:
    statuses = host.check_output("python3 -c %s %s", CLIENT, json.dumps(CASES[case])).split()
    # Refused: nothing of what follows on the connection is read.
    assert statuses[0] == "400", statuses
    assert len(statuses) == 1, statuses


# RFC 9112 allows a server to read these, in one way only: the second request is one.
ALLOWED = {
    "a header over two lines": request("X-One: 1\r\n Content-Length: 100\r\n", HIDDEN),
    "a line feed alone": request("X: 1\nTransfer-Encoding: chunked\r\n", f"0\r\n\r\n{HIDDEN}"),
}


@pytest.mark.parametrize("case", ALLOWED)
def test_what_the_standard_allows_is_read_by_both_in_the_same_way(host: Host, case: str) -> None:
    # The prediction has no body, and the second request no path.
    assert host.check_output("python3 -c %s %s", CLIENT, json.dumps(ALLOWED[case])).split() == ["400", "404"]


# Sends 2,000 rows of CSV without a length, by both versions of HTTP at once, and then neither more nor the end. curl
# does not read an answer before it has sent everything, so it gives up, and the gateway's log has the status.
PART = f"""
send() {{
    (
        echo MedInc,HouseAge,AveRooms,AveBedrms,Population,AveOccup,Latitude,Longitude
        yes 3.5,20,5,1,1000,3,37,-122 | head -n 2000
        sleep 60
    ) | curl -sS --max-time 55 --cacert {CA} --$1 -X POST -H 'Content-Type: text/csv' -H "X-Request-ID: part-$1" -T - \\
        https://localhost/invocations
}}
send http1.1 & send http2 & wait
"""


def test_a_body_that_is_never_whole_gets_408_and_no_prediction(host: Host) -> None:
    host.run("bash -c %s", PART)
    log = host.check_output("journalctl --unit=haproxy --output=cat").splitlines()
    lines = [json.loads(line) for line in log if '"part-http' in line]
    assert {(line["request_id"], line["status"]) for line in lines} == {("part-http1.1", 408), ("part-http2", 408)}
