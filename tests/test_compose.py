"""The stack as files: the compose file against its schema, and against what it names."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
import typer.main
import yaml

from broker.deployment import filled, variables
from plant.loader import load_plant
from shopfloor.cli import app

ROOT = Path(__file__).parent.parent
TEXT = (ROOT / "docker-compose.yml").read_text(encoding="utf-8")
COMPOSE = yaml.safe_load(TEXT)
SERVICES = COMPOSE["services"]
EXAMPLE = (ROOT / ".env.example").read_text(encoding="utf-8")
ONCE = {"setup", "certificates"}
ON_DEMAND = {"doctor"}
LASTING = set(SERVICES) - ONCE - ON_DEMAND
BOARDS = ROOT / "dashboards" / "grafana" / "provisioning"


def resolved(text: str) -> str:
    """A value as compose fills it in from the example."""
    told = variables(EXAMPLE)
    return re.sub(r"(?<!\$)\$\{(\w+)[^}]*\}", lambda found: told[found[1]], text)


def active(profile: str) -> set[str]:
    return {name for name, service in SERVICES.items() if profile in service.get("profiles", [profile])}


def test_the_compose_file_is_one():
    program = Path(sys.executable).with_name("check-jsonschema")
    command = [program, "--builtin-schema", "vendor.compose-spec", ROOT / "docker-compose.yml"]
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout


def test_every_variable_is_in_the_example_and_every_one_of_the_example_is_used():
    used = set(re.findall(r"(?<!\$)\$\{(\w+)", TEXT))
    assert used == set(variables(EXAMPLE))


def test_every_secret_of_the_example_is_filled_and_nothing_else():
    before = variables(EXAMPLE)
    after = variables(filled(EXAMPLE, iter(f"random-{i}" for i in range(100))))
    secret = {name for name in before if re.search("TOKEN|PASSWORD|SECRET", name)}
    assert {name for name in before if before[name] != after[name]} == secret
    assert len({after[name] for name in secret}) == len(secret)
    assert not any(before[name] for name in secret), "a secret in git is none"


def test_images_are_pinned_to_a_release():
    images = {service["image"] for service in SERVICES.values()}
    froms = re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    for image in [*images, *froms]:
        assert re.fullmatch(r"[\w/.-]+:\d+\.\d+\.\d+(-[a-z-]+)?", image), image
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"shopfloor:{version}" in images


@pytest.mark.parametrize("service", SERVICES)
def test_ports_are_on_the_loopback_interface(service):
    for port in SERVICES[service].get("ports", []):
        assert port.startswith("127.0.0.1:${"), port


@pytest.mark.parametrize("service", SERVICES)
def test_what_is_mounted_exists(service):
    for volume in SERVICES[service].get("volumes", []):
        source, _, mode = [*resolved(volume).split(":"), "rw"][:3]
        if source.startswith("."):
            if "dashboards/grafana" in source and not BOARDS.is_dir():
                pytest.skip("dashboards are not built yet")
            assert (ROOT / source).exists(), source
            assert mode == "ro", "state is in named volumes"
        else:
            assert source in COMPOSE["volumes"]


def test_every_volume_is_used():
    used = {resolved(volume).split(":")[0] for service in SERVICES.values() for volume in service.get("volumes", [])}
    assert {name for name in used if not name.startswith(".")} == set(COMPOSE["volumes"])


@pytest.mark.parametrize("service", sorted(LASTING))
def test_a_service_that_stays_has_a_health_check_and_comes_back(service):
    assert SERVICES[service]["healthcheck"]["test"]
    assert SERVICES[service]["restart"] == "unless-stopped"


@pytest.mark.parametrize("service", SERVICES)
def test_who_is_waited_for_can_be_waited_for(service):
    for name, how in SERVICES[service].get("depends_on", {}).items():
        wanted = "service_completed_successfully" if name in ONCE else "service_healthy"
        assert how["condition"] == wanted
        together = [p for p in ("demo", "plant", "tls") if service in active(p)]
        assert how.get("required") is False or all(name in active(profile) for profile in together)


@pytest.mark.parametrize("profile", ["demo", "plant", "tls"])
def test_a_service_that_ends_is_waited_for_by_one_that_stays(profile):
    """Else `up --wait` takes its end for a failure."""
    here = active(profile)
    for name in ONCE & here:
        assert [other for other in LASTING & here if name in SERVICES[other].get("depends_on", {})]


def test_the_profiles_are_a_demo_and_a_plant_without_simulator():
    assert active("demo") - active("plant") == {"simulator"}
    assert "twin" in active("plant")
    assert "certificates" not in active("demo")


@pytest.mark.parametrize("service", [name for name, of in SERVICES.items() if of["image"].startswith("shopfloor:")])
def test_our_containers_are_closed_and_their_commands_exist(service):
    told = SERVICES[service]
    assert told["read_only"] is True
    assert told["cap_drop"] == ["ALL"]
    assert told["security_opt"] == ["no-new-privileges:true"]
    name, *words = told["command"]
    command = typer.main.get_command(app).commands[name]
    options = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    assert {word for word in words if word.startswith("--")} <= options


def test_the_image_runs_as_nobody_in_particular():
    lines = (ROOT / "Dockerfile").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("USER")] == ["USER 10001:10001"]
    assert sum(line.startswith("FROM") for line in lines) == 2


def test_what_the_image_is_made_of_is_let_through_and_exists():
    allowed = re.findall(r"^!(\S+)", (ROOT / ".dockerignore").read_text(encoding="utf-8"), re.MULTILINE)
    recipe = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    copied = {word for line in re.findall(r"^COPY (?!--)(.+) \S+$", recipe, re.MULTILINE) for word in line.split()}
    assert copied == set(allowed)
    assert all((ROOT / name).exists() for name in copied)


def test_grafana_is_given_all_that_its_files_ask_for_and_phones_nobody():
    given = SERVICES["grafana"]["environment"]
    if BOARDS.is_dir():
        asked = {
            name for file in BOARDS.rglob("*.yaml") for name in re.findall(r"(?<!\$)\$([A-Z]\w+)", file.read_text())
        }
        assert asked <= set(given)
    for name in ("REPORTING_ENABLED", "CHECK_FOR_UPDATES", "CHECK_FOR_PLUGIN_UPDATES"):
        assert given[f"GF_ANALYTICS_{name}"] == "false"
    assert given["GF_PLUGINS_PREINSTALL_DISABLED"] == "true"
    assert not [name for name in given if "PLUGINS_PREINSTALL" in name and not name.endswith("DISABLED")]
    assert "GF_INSTALL_PLUGINS" not in given


def test_the_plant_of_the_example_is_one():
    assert load_plant(ROOT / variables(EXAMPLE)["SHOPFLOOR_PLANT"]).lines
