"""The files for deployment: each is read, and held to the rules that a linter of its kind has."""

from __future__ import annotations

import configparser
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import fastguard
import pytest
from fastguard.server.config import load_config
from fastguard.server.errors import ConfigError
from fastguard.server.metrics import Metrics
from fastguard.server.pgurl import Address

yaml = pytest.importorskip("yaml", reason="pyyaml is not installed")
_FOLDER = Path(fastguard.__file__).parent / "server/deploy"
_HASH = "sha256:" + "0" * 64


def documents(name: str) -> list[Any]:
    return list(yaml.safe_load_all((_FOLDER / name).read_text()))


def instructions() -> list[tuple[str, str]]:
    text = re.sub(r"^#.*\n", "", (_FOLDER / "Dockerfile").read_text(), flags=re.MULTILINE).replace("\\\n", " ")
    return [tuple(line.split(" ", 1)) for line in text.splitlines() if line.strip()]  # type: ignore[misc]


def test_the_command_writes_them_and_overwrites_nothing(tmp_path: Path) -> None:
    def write() -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "fastguard", "serve", "--write-deploy", str(tmp_path / "out")]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    assert write().returncode == 0
    for path in _FOLDER.iterdir():
        assert (tmp_path / "out" / path.name).read_bytes() == path.read_bytes()
    again = write()
    assert again.returncode == 2
    assert "overwrites nothing" in again.stderr


def test_the_readme_names_every_file() -> None:
    text = (_FOLDER / "README.md").read_text()
    assert {path.name for path in _FOLDER.iterdir() if path.is_file()} - {"README.md"} == {
        name for name in re.findall(r"`([\w-]+\.?\w*)`", text) if (_FOLDER / name).is_file()
    }


def test_dockerfile() -> None:
    lines = instructions()
    names = [name for name, _ in lines]
    assert all(re.fullmatch(r"[\w./-]+:[\w.-]*\d[\w.-]*( AS \w+)?", rest) for name, rest in lines if name == "FROM")
    assert "ADD" not in names
    assert dict(lines)["USER"] == "10001:10001"
    last = max(i for i, name in enumerate(names) if name == "FROM")
    assert names.index("USER") > last
    assert not {"RUN", "COPY"} & set(names[names.index("USER") :])
    for rest in (rest for name, rest in lines if name == "RUN" and "apt-get install" in rest):
        assert "--no-install-recommends" in rest
        assert "rm -rf /var/lib/apt/lists/*" in rest
    assert all("--no-cache-dir" in rest for name, rest in lines if name == "RUN" and "pip install" in rest)
    check = dict(lines)["HEALTHCHECK"]
    assert json.loads(check[check.index("[") :])[0] == "python"
    assert "/readyz" in check
    for name in ("ENTRYPOINT", "CMD", "VOLUME"):
        assert json.loads(dict(lines)[name])


def test_the_configuration_starts_once_a_key_is_in_it(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no key is set"):
        load_config(str(_FOLDER / "server.toml"), environment={})
    text = (_FOLDER / "server.toml").read_text()
    filled = re.sub(r"^# (?=\[|hash|scopes)", "", text, flags=re.MULTILINE).replace("sha256:...", _HASH)
    (tmp_path / "server.toml").write_text(filled)
    config = load_config(str(tmp_path / "server.toml"), environment={})
    assert len(config.keys) == 2
    assert config.events.store.startswith("/var/lib/fastguard/")
    assert config.listen.port == int(dict(instructions())["EXPOSE"])


def test_compose() -> None:
    (compose,) = documents("compose.yaml")
    volumes = set(compose["volumes"])
    for name, service in compose["services"].items():
        assert re.search(r":v?\d", service["image"]), name
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert all(port.startswith("127.0.0.1:") for port in service.get("ports", ()))
        assert set(service.get("depends_on", ())) <= set(compose["services"])
        for volume in service["volumes"]:
            source = volume.split(":")[0]
            given = (_FOLDER / source).is_file() or source == "./metrics.key"
            assert given if source.startswith("./") else source in volumes
    assert compose["services"]["fastguard"]["read_only"] is True
    server, database = compose["services"]["fastguard"]["environment"], compose["services"]["postgres"]["environment"]
    store = load_config(environment={"FASTGUARD_EVENTS_STORE": server["FASTGUARD_EVENTS_STORE"]}).events.store
    address = Address.of(store)
    assert (address.host, address.user, address.database) == (
        "postgres", database["POSTGRES_USER"], database["POSTGRES_DB"]
    )  # fmt: skip
    assert server["PGPASSWORD"] == database["POSTGRES_PASSWORD"]
    (prometheus,) = documents("prometheus.yaml")
    (target,) = prometheus["scrape_configs"][0]["static_configs"][0]["targets"]
    assert target == "fastguard:8470"
    (sources,), (boards,) = documents("grafana-sources.yaml"), documents("grafana-dashboards.yaml")
    assert sources["datasources"][0]["uid"] == "prometheus"
    assert boards["providers"][0]["options"]["path"] == "/var/lib/grafana/dashboards"


def test_kubernetes() -> None:
    found = {item["kind"]: item for item in documents("kubernetes.yaml")}
    assert set(found) == {"Deployment", "Service", "PodDisruptionBudget"}
    pod = found["Deployment"]["spec"]["template"]
    labels = pod["metadata"]["labels"].items()
    for selector in (
        found["Deployment"]["spec"]["selector"]["matchLabels"],
        found["Service"]["spec"]["selector"],
        found["PodDisruptionBudget"]["spec"]["selector"]["matchLabels"],
    ):
        assert selector.items() <= labels
    assert pod["spec"]["securityContext"]["runAsNonRoot"] is True
    assert pod["spec"]["automountServiceAccountToken"] is False
    (container,) = pod["spec"]["containers"]
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    probes = {container[name]["httpGet"]["path"] for name in ("startupProbe", "readinessProbe", "livenessProbe")}
    assert probes == {"/startupz", "/readyz", "/livez"}
    assert {item["name"] for item in container["volumeMounts"]} == {item["name"] for item in pod["spec"]["volumes"]}


def test_kubernetes_against_its_schema() -> None:
    validate = pytest.importorskip("kubernetes_validate", reason="kubernetes-validate is not installed")
    for item in documents("kubernetes.yaml"):
        validate.validate(item, validate.latest_version(), strict=True)


def test_systemd() -> None:
    unit = configparser.ConfigParser(strict=True, interpolation=None)
    unit.optionxform = str  # type: ignore[assignment,method-assign]
    unit.read(_FOLDER / "fastguard.service")
    service = unit["Service"]
    assert service["ExecStart"] + " --check" == service["ExecStartPre"]
    assert service["ExecReload"].endswith("-HUP $MAINPID")
    assert (service["DynamicUser"], service["ProtectSystem"], service["CapabilityBoundingSet"]) == ("yes", "strict", "")
    assert unit["Install"]["WantedBy"] == "multi-user.target"


def test_every_metric_of_the_dashboard_is_there() -> None:
    board = json.loads((_FOLDER / "dashboard.json").read_text())
    metrics = Metrics()
    text = metrics.render(ready=True, loaded=0)
    metrics.close()
    series = {
        name: set(re.findall(r"(\w+)=", labels or ""))
        for name, labels in re.findall(r"^(\w+)(\{.*\})? ", text, re.MULTILINE)
    }
    used: set[str] = set()
    for panel in board["panels"]:
        for target in panel["targets"]:
            query = target["expr"]
            names = set(re.findall(r"\bfastguard_\w+", query))
            assert names <= set(series), panel["title"]
            used |= names
            labels = {label.strip() for group in re.findall(r"by \((.*?)\)", query) for label in group.split(",")}
            assert all(labels <= series[name] for name in names), panel["title"]
    families = {
        re.sub(r"_(bucket|sum|count)$", "", name) for name in series if name != "fastguard_loaded_timestamp_seconds"
    }
    assert {re.sub(r"_bucket$", "", name) for name in used} == families
    places = [tuple(panel["gridPos"].values()) for panel in board["panels"]]
    assert len(set(places)) == len(places)
