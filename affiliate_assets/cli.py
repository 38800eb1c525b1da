"""The command line: everything the Dagster UI can start, and the questions an operator asks first."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Annotated

import typer

from affiliate_assets.corrections.commands import corrections
from affiliate_assets.errors import ConfigError
from affiliate_assets.secrets import RedactingFilter
from affiliate_assets.terminal import EXIT_CONFIG as EXIT_CONFIG
from affiliate_assets.terminal import EXIT_FAILED as EXIT_FAILED
from affiliate_assets.terminal import EXIT_PARTIAL as EXIT_PARTIAL
from affiliate_assets.terminal import Told as _Told
from affiliate_assets.terminal import console

app = typer.Typer(
    name="affiliate",
    help="Affiliate programmes of one brand: pull, reconcile, publish.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
)
app.add_typer(corrections)


@app.callback()
def _logging() -> None:
    handler = logging.StreamHandler()
    handler.addFilter(RedactingFilter())
    handler.setFormatter(logging.Formatter("%(asctime)s %(levelname)s %(message)s"))
    root = logging.getLogger("affiliate_assets")
    root.handlers[:] = [handler]
    root.setLevel(logging.INFO)


@app.command()
def run(
    first: Annotated[datetime | None, typer.Option("--from", formats=["%Y-%m-%d"], help="First day.")] = None,
    last: Annotated[datetime | None, typer.Option("--to", formats=["%Y-%m-%d"], help="Last day, included.")] = None,
    network: Annotated[list[str] | None, typer.Option(help="Only this network; may be repeated.")] = None,
) -> None:
    """Run the night's job, or with --from/--to a backfill of those days.

    Exit status: 0 everything succeeded, 3 a network or export is not in order while the others went on,
    2 the configuration is refused, 1 anything else.
    """
    from affiliate_assets.defs.execution import run_job

    with _Told():
        if (first is None) != (last is None):
            raise ConfigError(
                "--from and --to belong together.", next_step="give both, or neither for the night's run."
            )
        days = None if first is None or last is None else (first.date(), last.date())
        outcome = run_job(days=days, networks=network or None)
        for report in outcome.reports:
            console.print(str(report))
            for problem in report.problems:
                console.print(f"  {problem}")
        if outcome.failed_step:
            console.print(f"Run {outcome.run_id} failed: {outcome.failed_step}")
            raise typer.Exit(EXIT_FAILED)
        if any(report.problems for report in outcome.reports):
            raise typer.Exit(EXIT_PARTIAL)


@app.command()
def plan(network: Annotated[list[str] | None, typer.Option(help="Only this network; may be repeated.")] = None) -> None:
    """Show which windows tonight's run would ask for, and why, and which files it would read. Asks nobody."""
    from affiliate_assets.landing.files import drops_of, waiting
    from affiliate_assets.landing.forecast import told, told_files
    from affiliate_assets.landing.plan import plan_network
    from affiliate_assets.networks import api_connectors, chosen_connectors, file_connectors
    from affiliate_assets.settings import load_settings, now

    with _Told():
        settings, as_of = load_settings(), now()
        chosen = {connector.slug for connector in chosen_connectors(network)}
        for slug, connector in api_connectors().items():
            if slug in chosen:
                _, plans = plan_network(settings, connector, requested=None, follow_changes=True, as_of=as_of)
                for line in told(connector, plans):
                    console.print(line)
        for slug, by_file in file_connectors().items():
            if slug in chosen and settings.accounts_of(slug):
                for line in told_files(by_file, waiting(settings, by_file, drops_of(settings, by_file))):
                    console.print(line)


@app.command()
def replay(
    network: Annotated[list[str] | None, typer.Option(help="Only this network, or crm; may be repeated.")] = None,
    stream: Annotated[list[str] | None, typer.Option(help="Only this stream; may be repeated.")] = None,
) -> None:
    """Judge again what was landed and what is in quarantine, after a change of code or schema. Asks nobody.

    Run the night's job afterwards, or materialize the models, so that the marts follow.
    """
    from affiliate_assets.landing.replay import replay_sources
    from affiliate_assets.networks import all_connectors
    from affiliate_assets.settings import load_settings, now

    with _Told():
        connectors = all_connectors().values()
        for place, result in replay_sources(load_settings(), connectors, network, stream, as_of=now()):
            verdict = result.verdict
            console.print(
                f"{place}: {result.pages} pages loaded, {verdict.accepted} versions valid,"
                f" {verdict.rejected} in quarantine, {verdict.flagged} flagged"
            )
            for check, count in verdict.checks.items():
                console.print(f"  {check}: {count}")


@app.command()
def decide(
    difference: Annotated[str, typer.Argument(help="Its diff_key in fct_differences.")],
    status: Annotated[
        str | None, typer.Option(help="open, accepted, corrected, disputed or written_off; without it, as it was.")
    ] = None,
    owner: Annotated[str | None, typer.Option(help="Who looks after it from now on: a team or initials.")] = None,
    note: Annotated[str | None, typer.Option(help="Why; no personal data, it is published.")] = None,
    by: Annotated[str | None, typer.Option(help="Who decides; by default this account of the machine.")] = None,
) -> None:
    """Record what was decided about a difference; the next night's figures show it."""
    from getpass import getuser

    from affiliate_assets.landing.decisions import Decision
    from affiliate_assets.landing.decisions import decide as record
    from affiliate_assets.landing.warehouse import connection
    from affiliate_assets.settings import load_settings, now

    with _Told():
        settings = load_settings()
        if not settings.warehouse.is_file():
            raise ConfigError(f"There is no warehouse at {settings.warehouse}.", next_step="run `affiliate run` first.")
        decision = Decision(
            diff_key=difference,
            status=status,
            owner=owner,
            note=note,
            decided_by=by or getuser(),
            decided_at=now(),
            source="cli",
        )
        with connection(settings.warehouse) as warehouse:
            record(warehouse, decision)
        console.print(f"Recorded for {difference}; it shows from the next night on.")


@app.command()
def doctor() -> None:
    """Check configuration, secrets, connectivity and clock of every account: one line each."""
    from affiliate_assets.doctor import examine

    with _Told():
        findings = list(examine())
        for finding in findings:
            console.print(str(finding))
        if not all(finding.ok for finding in findings):
            raise typer.Exit(EXIT_CONFIG)


@app.command()
def summary() -> None:
    """Print the published figures as a finance person reads them."""
    from affiliate_assets.settings import load_settings
    from affiliate_assets.summary import print_summary

    with _Told():
        print_summary(load_settings(), console)


@app.command()
def demo(
    seed: Annotated[int, typer.Option(help="Seed of the simulated world.")] = 7,
    orders_per_day: Annotated[int, typer.Option(help="Size of the simulated shop.")] = 40,
    every_network: Annotated[
        bool, typer.Option("--all-networks", help="Simulate all networks, not only Awin and CJ.")
    ] = False,
) -> None:
    """Simulate a brand: networks over HTTP on this machine, a backfill of 60 days, two nights, a summary.

    With --all-networks the narrowest published limit, six calls a minute, makes it last some minutes.
    """
    from affiliate_assets.demo import build_demo_world, run_demo

    with _Told():
        run_demo(build_demo_world(seed, orders_per_day, every_network=every_network), console)


@app.command()
def sandbox(
    port: Annotated[int, typer.Option(help="Port on 127.0.0.1.")] = 8765,
    seed: Annotated[int, typer.Option(help="Seed of the simulated world.")] = 7,
    orders_per_day: Annotated[int, typer.Option(help="Size of the simulated shop.")] = 40,
    clock: Annotated[datetime | None, typer.Option(help="Frozen time of the networks (UTC).")] = None,
    every_network: Annotated[
        bool, typer.Option("--all-networks", help="Simulate all networks, not only Awin and CJ.")
    ] = False,
) -> None:
    """Serve the simulated networks and write the demo's configuration, until interrupted."""
    from affiliate_assets.demo import FIRST_MORNING, build_demo_world, serve

    with _Told():
        world = build_demo_world(seed, orders_per_day, every_network=every_network)
        serve(world, port, clock.replace(tzinfo=UTC) if clock else FIRST_MORNING, console)


@app.command()
def network(
    name: Annotated[str | None, typer.Argument(help="Slug of the new network, in lower snake case.")] = None,
    title: Annotated[str | None, typer.Option(help="The network's own spelling.")] = None,
    by_file: Annotated[bool, typer.Option("--by-file", help="It is read from dropped files.")] = False,
    docs: Annotated[bool, typer.Option("--docs", help="Write docs/networks.md anew.")] = False,
) -> None:
    """Write the files of a new network: a small one that works, to be changed fact by fact."""
    from pathlib import Path

    from affiliate_assets.networks import all_connectors
    from affiliate_assets.scaffold.catalogue import networks_page
    from affiliate_assets.scaffold.files import scaffold

    root = Path(__file__).parents[1]
    with _Told():
        if name is None and not docs:
            raise ConfigError("No network is named.", next_step="give its slug, or --docs.")
        for path in scaffold(root, name, title, by_file=by_file) if name else ():
            console.print(str(path.relative_to(root)))
        if name:
            console.print(f"Next: affiliate_assets/networks/{name}/README.md says what to change first.")
        if docs:
            seeds = root / "dbt_project" / "seeds" / "status_map"
            page = networks_page(all_connectors().values(), seeds)
            (root / "docs" / "networks.md").write_text(page, encoding="utf-8")
