"""`affiliate corrections`: draft, look at, release, send, and see what became of it."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Annotated

import typer
from rich.table import Table

from affiliate_assets.errors import ConfigError, RecordError
from affiliate_assets.terminal import EXIT_PARTIAL, Told, console

if TYPE_CHECKING:
    from affiliate_assets.connectors.corrections import Instruction
    from affiliate_assets.corrections.journal import Entry

corrections = typer.Typer(
    name="corrections",
    help="Tell the networks what to approve, decline and amend: drafted, released by a second person, sent once.",
    no_args_is_help=True,
)
By = Annotated[str, typer.Option(help="Who does it: a name or sign, kept in the journal.")]
Ids = Annotated[list[str] | None, typer.Argument(help="Instructions, by id or its beginning.")]
Every = Annotated[bool, typer.Option("--all", help="All of them.")]


@corrections.command()
def draft(
    by: By,
    action: Annotated[list[str] | None, typer.Option(help="decline, amend or approve; may be repeated.")] = None,
    network: Annotated[list[str] | None, typer.Option(help="Only this network; may be repeated.")] = None,
    difference: Annotated[list[str] | None, typer.Option(help="Only this diff_key; may be repeated.")] = None,
) -> None:
    """Write an instruction for every published difference that asks for one. Sends nothing.

    Without --action what is to be declined and amended; what agrees is approved only where it is asked for.
    """
    from affiliate_assets.corrections.drafting import ACTIONS, Wanted
    from affiliate_assets.corrections.drafting import draft as write
    from affiliate_assets.corrections.journal import held
    from affiliate_assets.corrections.sending import settle as prove
    from affiliate_assets.networks import chosen_connectors
    from affiliate_assets.settings import load_settings, now

    with Told():
        settings, at = load_settings(), now()
        chosen_connectors(network)
        actions = frozenset(action or ("decline", "amend"))
        if not actions <= set(ACTIONS):
            raise ConfigError(
                f"There is no action {min(actions - set(ACTIONS))!r}.", next_step=f"choose from {', '.join(ACTIONS)}."
            )
        with held(settings.data, at) as journal:
            prove(settings, journal, at)
            drafted = write(settings, journal, Wanted(actions, network or (), difference or ()), by=_name(by), at=at)
        for told in drafted.instructions:
            console.print(f"{told.instruction_id}  {told.network} {told.account_id} {told.record_id}: {_what(told)}")
        for line in drafted.left_out:
            console.print(f"left out: {line}")
        console.print(f"{len(drafted.instructions)} drafted. Next: somebody else releases them.")


@corrections.command("list")
def list_(state: Annotated[list[str] | None, typer.Option(help="Only this state; may be repeated.")] = None) -> None:
    """List instructions with their state."""
    from affiliate_assets.corrections.journal import journal_file, read_entries
    from affiliate_assets.settings import load_settings

    with Told():
        table = Table(header_style="")
        for heading in ("instruction", "state", "network", "account", "record", "what", "drafted by", "released by"):
            table.add_column(heading)
        for name, entry in read_entries(journal_file(load_settings().data)).items():
            if state and entry.state not in state:
                continue
            told = entry.instruction
            place = (told.network, told.account_id, told.record_id)
            table.add_row(name, entry.state, *place, _what(told), entry.drafted_by, entry.released_by or "–")
        console.print(table)


@corrections.command()
def show(instruction: Annotated[str, typer.Argument(help="Its id, or the beginning of it.")]) -> None:
    """Print everything known of one instruction."""
    from affiliate_assets.corrections.journal import journal_file, read_entries
    from affiliate_assets.settings import load_settings

    with Told():
        entries = read_entries(journal_file(load_settings().data))
        (name,) = _chosen(list(entries), [instruction], every=False)
        entry = entries[name]
        for label in entry.__dataclass_fields__:
            value = getattr(entry, label)
            if label != "instruction" and value is not None:
                console.print(f"{label.replace('_', ' ')}: {value}")
        for label in entry.instruction.__dataclass_fields__:
            console.print(f"  {label.replace('_', ' ')}: {getattr(entry.instruction, label)}")


@corrections.command("dry-run")
def dry_run() -> None:
    """Print the exact calls that the drafted and released instructions would make. Asks nobody."""
    from affiliate_assets.corrections.journal import journal_file, read_entries
    from affiliate_assets.settings import load_settings, now

    with Told():
        entries = read_entries(journal_file(load_settings().data)).values()
        _print_calls([entry for entry in entries if entry.state in ("drafted", "released")], now())


@corrections.command()
def release(by: By, instructions: Ids = None, every: Every = False) -> None:
    """Release drafted instructions; whoever drafted one cannot release it."""
    from affiliate_assets.corrections.journal import Line, held
    from affiliate_assets.settings import load_settings, now

    with Told():
        settings, at, name = load_settings(), now(), _name(by)
        with held(settings.data, at) as journal:
            open_ = {e.instruction.instruction_id: e for e in journal.of(["drafted"])}
            chosen = _chosen(list(open_), instructions, every=every)
            own = [key for key in chosen if open_[key].drafted_by.casefold() == name.casefold()]
            if own:
                raise ConfigError(
                    f"{name} drafted {len(own)} of these and cannot release them, {own[0]} for one.",
                    next_step="let somebody else look at them and release them.",
                )
            journal.add(Line(at, "released", chosen, by=name))
        console.print(f"{len(chosen)} released. Next: affiliate corrections send --confirm.")


@corrections.command()
def withdraw(by: By, instructions: Ids = None, every: Every = False) -> None:
    """Take back instructions that are drafted or released, or in a file that nobody will upload."""
    from affiliate_assets.corrections.files import put_files
    from affiliate_assets.corrections.journal import Line, held
    from affiliate_assets.settings import load_settings, now

    with Told():
        settings, at = load_settings(), now()
        with held(settings.data, at) as journal:
            open_ = [e.instruction.instruction_id for e in journal.of(["drafted", "released", "written"])]
            chosen = _chosen(open_, instructions, every=every)
            journal.add(Line(at, "withdrawn", chosen, by=_name(by)))
            put_files(settings.data, journal)
        console.print(f"{len(chosen)} withdrawn.")


@corrections.command()
def send(
    confirm: Annotated[bool, typer.Option("--confirm", help="Make the calls instead of printing them.")] = False,
) -> None:
    """Send what is released, each once. Exit status 3 where something was refused or its end is not known."""
    from affiliate_assets.corrections.journal import held
    from affiliate_assets.corrections.sending import send as tell
    from affiliate_assets.corrections.sending import settle as prove
    from affiliate_assets.settings import load_settings, now

    with Told():
        settings, at = load_settings(), now()
        with held(settings.data, at) as journal:
            if not confirm:
                _print_calls(journal.of(["released"]), at)
                console.print("Nothing was sent. Next: the same with --confirm.")
                return
            prove(settings, journal, at)
            before = {name: entry.state for name, entry in journal.entries.items()}
            for line in tell(settings, journal, at):
                console.print(line)
            after = [journal.entries[name].state for name, state in before.items() if state == "released"]
        console.print(
            f"{after.count('sent')} of {len(after)} sent, {after.count('written')} written for upload."
            " Next: the next `affiliate run` shows what was taken."
        )
        if not set(after) <= {"sent", "written"}:
            raise typer.Exit(EXIT_PARTIAL)


@corrections.command()
def uploaded(
    by: By,
    files: Annotated[list[str] | None, typer.Argument(help="Files, by name or its beginning.")] = None,
    every: Every = False,
) -> None:
    """Say that files were uploaded; they are taken away, so that nobody uploads them again."""
    from affiliate_assets.corrections.files import put_files
    from affiliate_assets.corrections.journal import Line, held
    from affiliate_assets.settings import load_settings, now

    with Told():
        settings, at = load_settings(), now()
        with held(settings.data, at) as journal:
            there = {file.path.name: file for file in put_files(settings.data, journal)}
            names = [text.rpartition("/")[2] for text in files or ()]
            chosen = [there[name] for name in _chosen(list(there), names, every=every)]
            for file in chosen:
                journal.add(Line(at, "sent", list(file.ids), batch_id=file.batch_id, by=_name(by)))
            put_files(settings.data, journal)
        console.print(f"{len(chosen)} files. Next: the next `affiliate run` shows what was taken.")


@corrections.command()
def settle() -> None:
    """Write down what the last published pull proves of the instructions sent."""
    from affiliate_assets.corrections.files import put_files
    from affiliate_assets.corrections.journal import held
    from affiliate_assets.corrections.sending import settle as prove
    from affiliate_assets.settings import load_settings, now

    with Told():
        settings, at = load_settings(), now()
        with held(settings.data, at) as journal:
            taken, not_taken = prove(settings, journal, at)
            put_files(settings.data, journal)
            waiting = len(journal.of(["sent", "unknown", "written"]))
        console.print(f"{taken} taken, {not_taken} not taken within their time, {waiting} not proved yet.")
        if not_taken:
            raise typer.Exit(EXIT_PARTIAL)


def _print_calls(entries: list[Entry], at: datetime) -> None:
    from affiliate_assets.corrections.sending import batches, described

    for batch in batches(entries):
        console.print(f"# {batch.connector.title} {batch.account_id}, {len(batch.ids)} instructions")
        if batch.corrections.by_hand:
            console.print(f"# a file, never sent by this program. {batch.corrections.by_hand}")
        try:
            console.print(described(batch.connector, batch.request(at)))
        except RecordError as error:
            console.print(f"# not to be sent: {error}")


def _what(told: Instruction) -> str:
    amount = f" from {told.sale_amount.normalize():f} to {told.amount:f} {told.currency}" if told.amount else ""
    return f"{told.action}{amount}, {told.ground.replace('_', ' ')}"


def _name(by: str) -> str:
    if not by.strip():
        raise ConfigError("Nobody is named.", next_step="give --by a name.")
    return by.strip()


def _chosen(there: list[str], asked: list[str] | None, *, every: bool) -> list[str]:
    """The ids that were asked for, by id or its beginning, among those that are there."""
    if every:
        return there
    chosen = []
    for text in asked or ():
        found = [name for name in there if name.startswith(text)]
        if len(found) != 1:
            raise ConfigError(
                f"{text!r} means {len(found)} of those that this can be done with.",
                next_step="see `affiliate corrections list` for ids and states.",
            )
        chosen += found
    if not chosen:
        raise ConfigError("Nothing is named.", next_step="name some, or give --all.")
    return list(dict.fromkeys(chosen))
