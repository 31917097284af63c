"""A runtime socket with HAProxy's commands for maps and tables, and its answers (3.0, tried by hand)."""

import contextlib
import re
import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path

# The process id of the current worker.
PID = "13"
Entries = list[tuple[str, str]]
Counters = dict[str, list[int]]


class FakeHAProxy:
    """The maps of a process; `refused` is a command that it does not take; `old` are workers by process id.

    `tables` are stick tables: the counters of each key, which grow by `growth` before each look.
    """

    def __init__(self) -> None:
        self.old: dict[str, FakeHAProxy] = {}
        self.maps: dict[str, Entries] = {}
        self.versions: dict[str, Entries] = {}
        self.tables: dict[str, Counters] = {}
        self.growth: Counters = {}
        self.commands: list[str] = []
        self.refused = ""

    def answer(self, command: str) -> str:
        if command == "show proc":
            # As the master's socket, which passes a command on to the worker that its beginning names.
            lines = "".join(f"{pid} worker 1 0d00h00m01s 3.0.11\n" for pid in self.old)
            return f"#<PID> <type>\n7 master 1\n# workers\n{PID} worker 0\n# old workers\n{lines}# programs\n\n"
        if command.startswith("@!"):
            pid, _, passed_on = command.removeprefix("@!").partition(" ")
            found = {PID: self, **self.old}.get(pid)
            return found.answer(passed_on) if found else f"Can't find the target PID matching the prefix '@!{pid}'\n"
        if command.startswith("show table "):
            return self.table(command.split()[2])
        words, _, lines = command.partition(" <<\n")
        self.commands.append(words)
        verb, _, *rest = words.split(" ")
        *version, file = rest
        if file not in self.maps:
            return "Unknown map identifier. Please use #<id> or <file>.\n\n"
        if verb == self.refused:
            return "Out of memory error.\n\n"
        if verb == "show":
            return "".join(f"0x7f9b0e2294d0 {key} {value}\n" for key, value in self.maps[file]) + "\n"
        if verb == "prepare":
            self.versions[f"@{len(self.versions) + 1}"] = []
            return f"New version created: {len(self.versions)}\n\n"
        if verb == "add":
            self.versions[version[0]] += [tuple(line.split(" ", 1)) for line in lines.splitlines() if line]  # type: ignore[misc]
        elif verb == "commit":
            self.maps[file] = self.versions.pop(version[0])
        elif verb == "clear":
            del self.versions[version[0]]
        return "\n"

    def table(self, name: str) -> str:
        if name not in self.tables:
            return "No such table\n\n"
        table = self.tables[name]
        for key, more in self.growth.items():
            table[key] = [one + other for one, other in zip(table.get(key, [0] * len(more)), more, strict=True)]
        lines = [f"# table: {name}, type: string, size:10, used:{len(table)}"]
        for key, values in table.items():
            counters = " ".join(f"gpc{number}={value % 2**32}" for number, value in enumerate(values))
            lines.append(f"0x7fd53395bed0: key={key} use=0 exp=0 shard=0 {counters}")
        return "\n".join(lines) + "\n\n"


@contextlib.contextmanager
def listening(path: Path) -> Iterator[FakeHAProxy]:
    """A process that answers one command a connection, as HAProxy does."""
    process = FakeHAProxy()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            command = self.rfile.readline().decode()
            if command.endswith("<<\n"):
                # Lines follow, up to an empty one.
                command += re.sub(r"\n$", "", "".join(iter(lambda: self.rfile.readline().decode(), "\n")))
            self.wfile.write(process.answer(command.rstrip("\n")).encode())

    with socketserver.ThreadingUnixStreamServer(str(path), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
        thread.start()
        yield process
        server.shutdown()
        thread.join()
