"""The alerts against the metrics that there are, and the thresholds that were asked for."""

import re
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from app.core.metrics import Metrics

FILE: Final = Path(__file__).parents[2] / "deploy" / "alerts.yml"
GROUPS: Final[list[dict[str, Any]]] = yaml.safe_load(FILE.read_text())["groups"]
RULES: Final = {rule["alert"]: rule for group in GROUPS for rule in group["rules"]}
OTHERS: Final = frozenset(
    {
        "up",  # Prometheus' own
        "node_cpu_seconds_total",  # the rest: node_exporter's
        "node_filesystem_avail_bytes",
        "node_filesystem_size_bytes",
        "node_memory_MemAvailable_bytes",
        "node_memory_MemTotal_bytes",
    }
)
SUFFIXES: Final = {
    "counter": ("_total",),
    "histogram": ("_bucket", "_count", "_sum"),
    "info": ("_info",),
}
SELECTOR: Final = re.compile(r"([a-zA-Z_:][\w:]*)\s*\{([^}]*)\}")
NOT_NAMES: Final = re.compile(
    r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)"
)
NAME: Final = re.compile(r"(?<![\w.])([a-zA-Z_:][\w:]*)\b(?!\s*\()")
WORDS: Final = frozenset({"and", "or", "unless", "by", "bool", "offset"})
ASKED_FOR: Final = {
    "BacklotSlowQueries": "1000 ms",
    "BacklotBackupFailed": "",
    "BacklotReplicationLag": "> 10",
    "DiskFull": "> 0.8",
    "HighCpu": "",
    "HighMemory": "",
    "BacklotTasksWait": "",
    "BacklotTasksFail": "",
    "BacklotServerErrors": "",
}


def exposed() -> dict[str, frozenset[str]]:
    """The names of all samples that /metrics can show, with their labels."""
    metrics = Metrics()
    declared = {
        each._name: frozenset(each._labelnames)
        for each in vars(metrics).values()
        if hasattr(each, "_labelnames")
    }
    return {
        family.name + suffix: declared.get(family.name, frozenset())
        | ({"le"} if suffix == "_bucket" else frozenset())
        for family in metrics.registry.collect()
        for suffix in SUFFIXES.get(family.type, ("",))
    }


def names_in(expression: str) -> set[str]:
    return {*NAME.findall(NOT_NAMES.sub(" ", expression))} - WORDS


def test_names_are_found_in_expressions() -> None:
    expression = 'sum by (le, route) (rate(a_bucket{x="y"}[5m])) > 2.5e3 and max(b) == 0 or c_1'
    assert names_in(expression) == {"a_bucket", "b", "c_1"}


@pytest.mark.parametrize("alert", RULES)
def test_every_metric_that_an_alert_names_exists(alert: str) -> None:
    names = names_in(RULES[alert]["expr"])
    assert names
    assert names <= exposed().keys() | OTHERS


@pytest.mark.parametrize("alert", RULES)
def test_every_label_that_an_alert_names_exists(alert: str) -> None:
    known = exposed()
    for name, matchers in SELECTOR.findall(RULES[alert]["expr"]):
        labels = {*re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", matchers)} - {"job", "instance"}
        assert name in OTHERS or labels <= known[name]


@pytest.mark.parametrize("alert", RULES)
def test_every_alert_says_what_is_wrong_and_what_to_do(alert: str) -> None:
    rule = RULES[alert]
    assert rule["labels"]["severity"] in ("critical", "warning", "info")
    assert set(rule["annotations"]) == {"summary", "action"}
    assert all(rule["annotations"].values())


def test_alerts_have_names_of_their_own() -> None:
    assert len(RULES) == sum(len(group["rules"]) for group in GROUPS)


@pytest.mark.parametrize("alert", ASKED_FOR)
def test_what_was_asked_for_is_there(alert: str) -> None:
    rule = RULES[alert]
    assert ASKED_FOR[alert] in rule["expr"] + rule["annotations"]["summary"]
