"""What /metrics says, parsed."""

from __future__ import annotations

from prometheus_client.parser import text_string_to_metric_families

from tests.app.conftest import Server
from tests.app.http_client import ask, get


class Samples(dict[tuple[str, frozenset[tuple[str, str]]], float]):
    """Each sample's value, by its name and labels; parsing fails where the text is not Prometheus's."""

    def total(self, name: str, **labels: str) -> float:
        """Return the sum over all samples of this name that have these labels."""
        return sum(value for (n, pairs), value in self.items() if n == name and labels.items() <= set(pairs))

    def labels(self, name: str, label: str) -> set[str]:
        return {dict(pairs)[label] for n, pairs in self if n == name}


def scrape(server: Server) -> Samples:
    return parse(ask(server.address, get("/metrics")).body.decode())


def parse(text: str) -> Samples:
    samples = Samples()
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            key = (sample.name, frozenset(sample.labels.items()))
            assert key not in samples, f"twice: {key}"
            samples[key] = sample.value
    return samples
