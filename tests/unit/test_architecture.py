from __future__ import annotations

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "affiliate_assets"
MODULES = {
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in sorted(PACKAGE.rglob("*.py"))
}
ROOMS = ("connectors", "http", "networks", "landing", "crm")
# A drawing needs binary numbers; whatever else tells money does not.
DRAWING = {"affiliate_assets.report.figures"}


def imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path} imports relatively"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


IMPORTS = {module: imports(path) for module, path in MODULES.items()}


def inside(name: str, *packages: str) -> bool:
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def importers(*packages: str) -> set[str]:
    return {module for module, names in IMPORTS.items() if any(inside(name, *packages) for name in names)}


def modules_in(*rooms: str) -> set[str]:
    return {module for module in MODULES if inside(module, *(f"affiliate_assets.{room}" for room in rooms))}


def test_only_defs_and_the_entry_point_import_dagster() -> None:
    allowed = modules_in("defs") | {"affiliate_assets.definitions"}
    assert importers("dagster", "dagster_dbt") <= allowed


def test_only_the_outermost_modules_import_defs() -> None:
    allowed = modules_in("defs") | {f"affiliate_assets.{name}" for name in ("definitions", "cli", "demo")}
    assert importers("affiliate_assets.defs") <= allowed


def test_only_http_opens_a_connection_to_a_network() -> None:
    clients = ("requests", "requests_ratelimiter", "urllib3", "urllib.request", "http.client", "httpx", "aiohttp")
    assert importers(*clients) <= modules_in("http")
    assert importers(*clients)


def test_the_sandbox_and_the_connectors_share_no_code() -> None:
    theirs = tuple(f"affiliate_assets.{room}" for room in ROOMS)
    own = modules_in("sandbox")
    assert own
    for module in own:
        assert not any(inside(name, *theirs) for name in IMPORTS[module]), module
    allowed = own | {"affiliate_assets.demo", "affiliate_assets.cli"}
    assert importers("affiliate_assets.sandbox") <= allowed


def test_networks_know_the_connector_language_the_errors_and_the_reading_of_answers_only() -> None:
    known = ("affiliate_assets.connectors", "affiliate_assets.errors", "affiliate_assets.http.answers")
    for module in modules_in("networks"):
        ours = {name for name in IMPORTS[module] if inside(name, "affiliate_assets") and name != "affiliate_assets"}
        slug = ".".join(module.split(".")[:3])
        packages = {"affiliate_assets.http"}
        assert all(inside(name, *known, slug) or name in packages for name in ours), (module, ours)


@pytest.mark.parametrize(
    ("room", "unknown"),
    [
        ("connectors", ("http", "landing", "networks", "crm", "defs", "settings")),
        ("http", ("landing", "networks", "crm")),
        ("crm", ("http", "networks")),
        ("landing", ("networks",)),
        ("attribution", ("connectors", "http", "landing", "networks", "crm", "defs", "settings", "publishing")),
        ("report", ("connectors", "http", "landing", "networks", "crm", "defs", "publishing")),
    ],
)
def test_a_room_knows_nothing_of_the_rooms_above_it(room: str, unknown: tuple[str, ...]) -> None:
    for module in modules_in(room):
        assert not any(inside(name, *(f"affiliate_assets.{other}" for other in unknown)) for name in IMPORTS[module])


def test_every_module_has_less_than_300_lines() -> None:
    long = {module: path for module, path in MODULES.items() if len(path.read_text("utf-8").splitlines()) >= 300}
    assert long == {}


def test_no_money_path_knows_a_binary_float() -> None:
    pattern = re.compile(r"pl\.Float|\b(DOUBLE|REAL|FLOAT)\b|(::|\bas )(double|real|float)\b")
    rooms = [*ROOMS, "sandbox", "report"]
    found = [module for module in modules_in(*rooms) if pattern.search(MODULES[module].read_text("utf-8"))]
    found += [
        module
        for module in modules_in(*rooms) - modules_in("http") - DRAWING
        if re.search(r"\bfloat\(", MODULES[module].read_text("utf-8"))
    ]
    assert found == []
    # Seconds, not money.
    seconds = [line.strip() for line in MODULES["affiliate_assets.http.answers"].read_text("utf-8").splitlines()]
    assert [line for line in seconds if "float(" in line] == ["return float(value)"]


def test_only_the_report_draws() -> None:
    assert importers("matplotlib") <= modules_in("report")
    assert importers("matplotlib")


def test_domain_code_loads_without_dagster_dbt_or_the_sandbox() -> None:
    code = (
        "import sys, affiliate_assets.landing.night, affiliate_assets.publishing, affiliate_assets.doctor;"
        "print([m for m in ('dagster', 'dbt', 'matplotlib', 'affiliate_assets.sandbox') if m in sys.modules])"
    )
    told = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert told.stdout.strip() == "[]"
