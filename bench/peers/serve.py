"""Runs the FastAPI peer: uvicorn with uvloop and httptools, two workers.

`uvicorn --workers 2` shares one listening socket, and one worker may accept every connection of a burst while the other
idles: 2.4k or 4.4k requests a second by chance. Here each worker listens by itself with SO_REUSEPORT, as Slipway's do,
so that the kernel spreads connections; that is the faster and the steadier of the two.
"""

import argparse
import multiprocessing
import socket

import uvicorn

WORKERS = 2
BACKLOG = 2048


def serve(port: int) -> None:
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    listener.listen(BACKLOG)
    config = uvicorn.Config(
        "bench.peers.fastapi_app:from_environment",
        factory=True,
        loop="uvloop",
        http="httptools",
        access_log=False,
        log_level="warning",
        lifespan="off",
    )
    uvicorn.Server(config).run(sockets=[listener])


def main() -> None:
    parser = argparse.ArgumentParser(description="The FastAPI peer; PEER_BUNDLE names the bundle's folder.")
    parser.add_argument("--port", type=int, required=True)
    port = parser.parse_args().port
    context = multiprocessing.get_context("spawn")
    workers = [context.Process(target=serve, args=(port,), daemon=True) for _ in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


if __name__ == "__main__":
    main()
