"""contrib/prometheus/martlet-alerts.yaml asks for metrics that there are, and docs/operations.md names them all."""

import http.client
import re

import pytest
import yaml

from martlet_server import PACKAGE

RULES = PACKAGE / "contrib" / "prometheus" / "martlet-alerts.yaml"
OPERATIONS = PACKAGE / "docs" / "operations.md"


def types(port):
    """The metrics of a page, with what they are."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/metrics")
    text = connection.getresponse().read().decode()
    connection.close()
    return dict(re.findall(r"^# TYPE (\w+) (\w+)$", text, re.MULTILINE))


@pytest.fixture
def metrics(start, consume):
    """Every metric of the service and of a consumer that has heard from it."""
    server = start(MARTLET_METRICS_LISTEN="any")
    consumer = consume(server.url, MARTLET_METRICS_LISTEN="any").ready()
    return types(server.metrics_port) | types(consumer.metrics_port)


def test_rules_and_documentation_name_the_metrics_that_there_are(metrics):
    rules = [rule for group in yaml.safe_load(RULES.read_text())["groups"] for rule in group["rules"]]
    assert len({rule["alert"] for rule in rules}) == len(rules)
    for rule in rules:
        asked = set(re.findall(r"\bmartlet_\w+", rule["expr"]))
        assert asked <= set(metrics), rule
        # A counter alone says nothing: what counts is how it rises.
        for counter in (name for name in asked if metrics[name] == "counter"):
            assert re.search(rf"(rate|increase)\({counter}\b", rule["expr"]), rule
    text = OPERATIONS.read_text()
    told = set(re.findall(r"`(martlet_\w+)", text))
    # A row may go on with the ends of names that begin like its first.
    for first, rest in re.findall(r"`(martlet_\w+)`((?:, `…\w+`)+)", text):
        for end in re.findall(r"`…(\w+)`", rest):
            told |= {name for name in metrics if name.endswith(end) and name.split("_")[:2] == first.split("_")[:2]}
    assert set(metrics) - told == set()
    assert told - set(metrics) == set()
