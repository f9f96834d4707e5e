"""docker-compose.yml against the settings, .env.example and what the application really does."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

import pytest
import yaml
from arq.constants import health_check_key_suffix
from pymongo.uri_parser import parse_uri

from app.core.wakeups import QUEUE
from app.settings import Settings

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "docker-compose.yml").read_text()
COMPOSE: dict[str, Any] = yaml.safe_load(TEXT)
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
PROCESSES = ("api", "worker")
VARIABLE = re.compile(r"(?<!\$)\$\{(\w+)(?:(:[-?])([^}]*))?\}")
PREFIX = "BACKLOT_"
SETTINGS = {f"{PREFIX}{name.upper()}": field for name, field in Settings.model_fields.items()}


def resolve(text: str) -> str:
    """As compose does it, with a secret behind every name that must be set."""
    return VARIABLE.sub(
        lambda found: found[3] if found[2] == ":-" else "0123456789abcdef" * 4, text
    )


def environment(service: str) -> dict[str, str]:
    found: dict[str, str] = SERVICES[service].get("environment", {})
    return {name: resolve(str(value)) for name, value in found.items()}


def documented() -> tuple[dict[str, str], dict[str, str]]:
    """What .env.example sets, and what it shows in comments."""
    lines = (ROOT / ".env.example").read_text().splitlines()
    pairs = [re.fullmatch(r"(#?)([A-Z]\w*)=(.*)", line) for line in lines]
    found = [pair for pair in pairs if pair]
    return (
        {pair[2]: pair[3] for pair in found if not pair[1]},
        {pair[2]: pair[3] for pair in found if pair[1]},
    )


@pytest.fixture(params=PROCESSES)
def told(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Settings]:
    """A process of ours, and the settings that it reads in its container."""
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    for name, value in environment(request.param).items():
        monkeypatch.setenv(name, value)
    return request.param, Settings(_env_file=None)


def test_every_variable_of_ours_is_a_setting() -> None:
    read = {found[1] for found in VARIABLE.finditer(TEXT)}
    given = {name for service in SERVICES for name in environment(service)}
    assert {name for name in read | given if name.startswith(PREFIX)} <= set(SETTINGS)


def test_processes_are_given_every_address_and_secret(told: tuple[str, Settings]) -> None:
    programs = {name for name, field in SETTINGS.items() if Path in get_args(field.annotation)}
    needed = {name for name, field in SETTINGS.items() if field.default is None} - programs
    assert needed <= set(environment(told[0]))
    assert all(getattr(told[1], name.removeprefix(PREFIX).lower()) for name in needed)


def test_addresses_name_services_that_share_a_network(told: tuple[str, Settings]) -> None:
    service, settings = told
    mongo = parse_uri(settings.address("mongo_uri"))
    assert mongo["options"]["replicaSet"] == "rs0"
    hosts = {
        mongo["nodelist"][0][0],
        urlsplit(settings.address("redis_url")).hostname,
        urlsplit(settings.address("s3_endpoint")).hostname,
    }
    assert hosts == {"mongod", "valkey", "seaweedfs"}
    own = set(SERVICES[service]["networks"])
    assert all(own & set(SERVICES[host]["networks"]) for host in hosts)


def test_both_sides_of_a_connection_hold_the_same_secret(told: tuple[str, Settings]) -> None:
    settings = told[1]
    password = environment("mongo-init")["MONGO_PASSWORD"]
    assert parse_uri(settings.address("mongo_uri"))["password"] == password
    assert (
        urlsplit(settings.address("redis_url")).password
        == (environment("valkey")["VALKEYCLI_AUTH"])
    )
    store = environment("seaweedfs")
    assert settings.s3_access_key == store["AWS_ACCESS_KEY_ID"]
    assert settings.s3_secret_key is not None
    assert settings.s3_secret_key.get_secret_value() == store["AWS_SECRET_ACCESS_KEY"]
    assert settings.s3_bucket == store["S3_BUCKET"]


@pytest.mark.parametrize("name", SERVICES)
def test_a_service_is_checked_or_runs_once_and_is_awaited(name: str) -> None:
    service = SERVICES[name]
    if "healthcheck" in service:
        assert service["restart"] == "unless-stopped"
        assert service["healthcheck"]["test"][0] in ("CMD", "CMD-SHELL")
    else:
        awaited = [other.get("depends_on", {}).get(name) for other in SERVICES.values()]
        assert service["restart"] == "no"
        assert {"condition": "service_completed_successfully"} in awaited


@pytest.mark.parametrize("name", SERVICES)
def test_images_are_pinned(name: str) -> None:
    image, _, tag = SERVICES[name]["image"].partition(":")
    if image == "backlot":
        project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
        assert tag == project["version"]
    else:
        assert re.match(r"\d+\.\d+", tag)


@pytest.mark.parametrize("name", SERVICES)
def test_only_the_api_and_the_files_are_published_and_on_this_machine(name: str) -> None:
    ports = [resolve(port) for port in SERVICES[name].get("ports", [])]
    assert bool(ports) == (name in ("api", "seaweedfs"))
    assert all(port.startswith("127.0.0.1:") for port in ports)


def test_the_api_listens_where_it_is_published_and_checked() -> None:
    variables = environment("api")
    assert variables["BACKLOT_HOST"] == "0.0.0.0"  # noqa: S104
    port = variables["BACKLOT_PORT"]
    assert SERVICES["api"]["ports"][0].endswith(f":{port}")
    assert f"127.0.0.1:{port}/readyz" in SERVICES["api"]["healthcheck"]["test"][-1]


def test_the_workers_check_reads_the_key_that_the_worker_writes() -> None:
    assert f'"{QUEUE}{health_check_key_suffix}"' in SERVICES["worker"]["healthcheck"]["test"][-1]


@pytest.mark.parametrize("name", ["migrate", "api", "worker"])
def test_commands_exist(name: str) -> None:
    program, command = SERVICES[name]["command"]
    path = Path(sys.executable).with_name(program)
    answer = subprocess.run([path, command, "--help"], capture_output=True, check=False)
    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize("name", SERVICES)
def test_mounts_and_networks_exist(name: str) -> None:
    for mount in SERVICES[name].get("volumes", []):
        source = mount.split(":")[0]
        assert source in COMPOSE["volumes"] or (ROOT / source).is_file()
    assert set(SERVICES[name].get("networks", [])) <= set(COMPOSE["networks"])


def test_vector_search_is_optional() -> None:
    assert [name for name, service in SERVICES.items() if "profiles" in service] == ["mongot"]
    assert not any("mongot" in service.get("depends_on", {}) for service in SERVICES.values())
    # `mongod.sh` asks for mongot by the same variable that switches the profile on.
    assert SERVICES["mongod"]["environment"]["COMPOSE_PROFILES"] == "${COMPOSE_PROFILES:-}"


def test_the_example_sets_exactly_what_compose_requires() -> None:
    required = {found[1]: found[3] for found in VARIABLE.finditer(TEXT) if found[2] == ":?"}
    assert documented()[0] == dict.fromkeys(required, "")
    assert all("make env" in sentence for sentence in required.values())


def test_the_example_shows_everything_that_can_be_set() -> None:
    given, shown = documented()
    read = {found[1] for found in VARIABLE.finditer(TEXT)}
    assert set(given) | set(shown) == read | set(SETTINGS)


def test_the_example_shows_the_defaults() -> None:
    shown = documented()[1]
    fixed = {name: field.default for name, field in SETTINGS.items() if field.default is not None}
    assert {name: shown[name] for name in fixed} == {
        name: str(default) for name, default in fixed.items()
    }
    read = {found[1]: found[3] for found in VARIABLE.finditer(TEXT) if found[2] == ":-"}
    for name in fixed.keys() & read.keys():
        assert read[name] == str(fixed[name])


def test_the_image_is_built_from_files_that_the_builder_is_sent() -> None:
    sent = {
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    }
    copied = {
        source
        for line in re.findall(r"^COPY (?!--from)(.+)$", (ROOT / "Dockerfile").read_text(), re.M)
        for source in line.split()[:-1]
    }
    assert copied == sent
    assert all((ROOT / source).exists() for source in copied)


def test_the_image_starts_from_a_python_that_the_project_allows() -> None:
    text = (ROOT / "Dockerfile").read_text()
    bases = re.findall(r"^FROM (\S+)", text, re.M)
    assert {re.sub(r"python:3\.1[123]-slim", "python", base) for base in bases} == {"python"}
    assert re.findall(r"^USER (\S+)", text, re.M) == ["backlot"]
    assert "HEALTHCHECK" not in text
