"""The command line: names, arguments and help. What the commands do is in `kuber.commands`."""

from pathlib import Path
from typing import Annotated

import typer

from kuber.commands.audit_app import audit_app
from kuber.commands.dead_letters_app import dead_letters_app
from kuber.commands.ledger_app import ledger_app
from kuber.commands.limits_app import limits_app
from kuber.commands.registering import command, stack_settings
from kuber.commands.users_app import users_app

app = typer.Typer(
    name="kuber",
    help="Kuber: trading pipelines from agents. Start with: ./kuber up",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
plugins_app = typer.Typer(help="Agent packages of this installation.", no_args_is_help=True)
app.add_typer(plugins_app, name="plugins")
generators_app = typer.Typer(help="Signal generators.", no_args_is_help=True)
app.add_typer(generators_app, name="generators")
app.add_typer(dead_letters_app, name="dead-letters")
app.add_typer(audit_app, name="audit")
app.add_typer(ledger_app, name="ledger")
app.add_typer(users_app, name="users")
app.add_typer(limits_app, name="limits")


@command(app, "up", example="./kuber up -d")
def up(
    detach: Annotated[
        bool, typer.Option("--detach", "-d", help="Return once everything is ready.")
    ] = False,
) -> int:
    """Start everything, print the address and the log-in, and follow the logs."""
    from kuber.commands.up import up as start

    return start(stack_settings(), detach=detach)


@command(app, "supervise", example="./kuber up -d", hidden=True)
def supervise() -> int:
    """Run the stack in this process without following its logs."""
    from kuber.commands.up import supervise as run

    return run(stack_settings(), follow=False)


@command(app, "down", example="./kuber down")
def down() -> int:
    """Stop everything that `up` has started."""
    from kuber.commands.up import down as stop

    return stop(stack_settings())


@command(app, "status", example="./kuber status --json")
def status(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON for programs.")] = False,
) -> int:
    """Show the services, their memory and their restarts. Ends with 3 when nothing runs."""
    from kuber.commands.status import show

    return show(stack_settings(), as_json=as_json)


@command(app, "halt", example="./kuber halt --flatten")
def halt(
    scope: Annotated[
        str, typer.Option(help="platform, user:<e-mail> or pipeline:<id>.")
    ] = "platform",
    off: Annotated[bool, typer.Option("--off", help="Let trading go on.")] = False,
    flatten: Annotated[
        bool, typer.Option("--flatten", help="Also close every position at the market.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why, for the record.")] = "./kuber halt",
) -> int:
    """Stop trading at once, also without the database: no entry leaves, working ones end.

    Stops, targets and closes go on. Ends with 1 when not all of it could be done, and says what.
    """
    from kuber.commands.halt import HaltOptions
    from kuber.commands.halt import halt as stop

    return stop(stack_settings(), HaltOptions(scope, off, flatten, reason))


@command(app, "logs", example="./kuber logs worker -f")
def logs(
    services: Annotated[list[str] | None, typer.Argument(help="Services; all by default.")] = None,
    lines: Annotated[int, typer.Option("--lines", "-n", min=1, help="Lines per service.")] = 40,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with new lines.")] = False,
) -> int:
    """Show the last log lines of the services."""
    from kuber.commands.logs import show

    return show(stack_settings().home / "logs", services or [], lines, follow=follow)


@command(app, "clean", example="./kuber clean --yes")
def clean(
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
) -> int:
    """Stop everything and delete the data: accounts, pipelines, runs, imported bars."""
    from kuber.commands.clean import clean as delete

    return delete(stack_settings(), yes=yes)


@command(app, "migrate", example="./kuber migrate")
def migrate(
    with_seed: Annotated[bool, typer.Option("--seed", help="Also do what `seed` does.")] = False,
) -> int:
    """Bring the database's tables up to date."""
    from kuber.commands.processes import migrate as run

    return run(stack_settings(), with_seed=with_seed)


@command(app, "seed", example="./kuber seed")
def seed() -> int:
    """Store the demo user and the sample history. Running it again changes nothing."""
    from kuber.commands.processes import seed as run

    return run(stack_settings())


@command(app, "api", example="./kuber api")
def api() -> int:
    """Run the API server in the foreground."""
    from kuber.commands.processes import api as run

    return run(stack_settings())


@command(app, "worker", example="./kuber worker")
def worker() -> int:
    """Run one more worker in the foreground."""
    from kuber.commands.processes import worker as run

    return run(stack_settings())


@command(app, "relay", example="./kuber relay")
def relay() -> int:
    """Publish announced events to Kafka, in the foreground."""
    from kuber.commands.processes import relay as run

    return run(stack_settings())


@command(app, "fork-server", example="./kuber fork-server", hidden=True)
def fork_server(
    pulse: Annotated[Path | None, typer.Option(help="The file to touch as a sign of life.")] = None,
) -> int:
    """Fork relay and services when the supervisor asks for it on the standard input."""
    from kuber.commands.processes import fork_server as run

    return run(pulse, app)


@command(app, "services", example="./kuber services dispatcher")
def services(
    names: Annotated[
        list[str] | None, typer.Argument(help="dispatcher, scheduler, ...; all without a name.")
    ] = None,
    kinds: Annotated[
        str | None,
        typer.Option(help="Only generators of these kinds, such as rsi,golden_cross; or all."),
    ] = None,
) -> int:
    """Run long-running services in the foreground."""
    from kuber.commands.processes import services as run

    return run(stack_settings(), names or [], kinds)


@command(app, "topics", example="./kuber topics")
def topics() -> int:
    """Create the Kafka topics that a cluster lacks."""
    from kuber.commands.processes import topics as run

    return run(stack_settings())


@command(app, "calendars", example="./kuber calendars")
def calendars() -> int:
    """Work out the trading hours of every exchange, and keep them. `up` does it by itself."""
    from kuber.commands.calendars import prepare

    return prepare(stack_settings().home)


@command(app, "alive", example="./kuber alive worker", hidden=True)
def alive(service: Annotated[str, typer.Argument(help="worker, relay or services.")]) -> int:
    """Say whether a process of this machine does its work; for containers' health checks."""
    from kuber.commands.connect import use_running_stack

    use_running_stack(stack_settings())
    from kuber.commands.health import check
    from kuber.startup import load_settings

    return check(load_settings(), service)


@command(
    app,
    "import-bars",
    example="./kuber import-bars prices.csv --timeframe 1d --timezone America/New_York",
)
def import_bars(
    file: Annotated[
        Path, typer.Argument(exists=True, dir_okay=False, help="CSV, Parquet or JSON.")
    ],
    timeframe: Annotated[
        str | None,
        typer.Option(help="Length of a bar: 1m, 30m, 4h, 1d, 1mo and more; told from the file."),
    ] = None,
    timezone: Annotated[str | None, typer.Option(help="Zone of the times; UTC by default.")] = None,
    symbol: Annotated[
        str | None, typer.Option(help="Of a file without a column for it, such as Yahoo's.")
    ] = None,
    market: Annotated[
        str | None, typer.Option(help="By whose hours bars close: XNYS, 24/5, 24/7 and others.")
    ] = None,
    label: Annotated[
        str | None, typer.Option(help="Which end of a bar its time names: open or close.")
    ] = None,
    prices: Annotated[
        str | None,
        typer.Option(help="Where splits do not tell how prices stand: as_traded or adjusted."),
    ] = None,
    date_order: Annotated[str | None, typer.Option(help="day_first or month_first.")] = None,
    user: Annotated[
        str | None, typer.Option(help="E-mail of whose bars these are; the demo user by default.")
    ] = None,
    preview: Annotated[
        bool, typer.Option("--preview", help="Say what is understood, and import nothing.")
    ] = False,
) -> int:
    """Store price history, splits or dividends for a user of the running stack."""
    from kuber.commands.customer import import_bars as run

    said = {
        "timeframe": timeframe,
        "timezone": timezone,
        "symbol": symbol,
        "market": market,
        "label": label,
        "prices": prices,
        "date_order": date_order,
    }
    return run(stack_settings(), file, said, user, only_preview=preview)


@command(app, "undo-import", example="./kuber undo-import 0199c2a4-...")
def undo_import(
    import_id: Annotated[str, typer.Argument(help="Its id, as the import has printed it.")],
    user: Annotated[
        str | None, typer.Option(help="E-mail of whose import it is; the demo user by default.")
    ] = None,
) -> int:
    """Take an import back: what it had replaced is read again."""
    from kuber.commands.customer import undo_import as run

    return run(stack_settings(), import_id, user)


@command(
    app,
    "run-pipeline",
    example="./kuber run-pipeline --template golden-cross --symbol AAPL --seed 7",
)
def run_pipeline(
    pipeline_id: Annotated[str | None, typer.Argument(help="A pipeline of the user.")] = None,
    template: Annotated[
        str | None, typer.Option(help="Make a pipeline from this template and run it.")
    ] = None,
    symbol: Annotated[str | None, typer.Option(help="What to trade, such as AAPL.")] = None,
    as_of: Annotated[
        str | None, typer.Option(help="The simulated now, such as 2020-06-30T20:00:00Z.")
    ] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of the simulated venue.")] = None,
    user: Annotated[
        str | None, typer.Option(help="E-mail of the user; the demo user by default.")
    ] = None,
) -> int:
    """Run a pipeline on the running stack and print what each node did."""
    from kuber.commands.customer import run_pipeline as run

    inputs: dict[str, str | int | None] = {"symbol": symbol, "as_of": as_of, "seed": seed}
    return run(stack_settings(), pipeline_id, template, inputs, user)


@command(app, "openapi", example="./kuber openapi --output openapi.json")
def openapi(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; prints by default.")
    ] = None,
) -> int:
    """Print the HTTP contract. Needs no running stack."""
    from kuber.commands.processes import write_contract
    from kuber.main import contract

    return write_contract(contract(), output)


@command(app, "events", example="./kuber events --output asyncapi.json")
def events(
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="File to write; prints by default.")
    ] = None,
) -> int:
    """Print the messages on Kafka as AsyncAPI. Needs no running stack."""
    from kuber.commands.events import write

    return write(output)


@command(plugins_app, "add", example="./kuber plugins add ./my-agents")
def plugins_add(
    package: Annotated[str, typer.Argument(help="A name, a wheel or a folder.")],
) -> int:
    """Install an agent package and remember it."""
    from kuber.commands import plugins

    return plugins.add(stack_settings().home, package)


@command(plugins_app, "remove", example="./kuber plugins remove my-agents")
def plugins_remove(
    package: Annotated[str, typer.Argument(help="Its name, or as it was added.")],
) -> int:
    """Uninstall an agent package and forget it."""
    from kuber.commands import plugins

    return plugins.remove(stack_settings().home, package)


@command(plugins_app, "list", example="./kuber plugins list")
def plugins_list() -> int:
    """List the packages that were added, and what of them is left out, with the reason."""
    from kuber.commands import plugins

    return plugins.show(stack_settings().home)


@command(
    generators_app,
    "replay",
    example="./kuber generators replay --kind golden_cross --symbols AAPL,MSFT,GOOG"
    " --from 2004-01-01 --to 2013-03-01",
)
def generators_replay(
    kind: Annotated[str, typer.Option(help="A kind such as golden_cross.")],
    symbols: Annotated[str, typer.Option(help="Symbols with commas between.")],
    start: Annotated[str, typer.Option("--from", help="Bars that closed after this.")],
    end: Annotated[str, typer.Option("--to", help="And by this.")],
    timeframe: Annotated[
        str, typer.Option(help="Length of a bar: 1m, 30m, 4h, 1d, 1w, 1mo and more.")
    ] = "1d",
    config: Annotated[str, typer.Option(help="Settings of the generator, as JSON.")] = "{}",
    step_days: Annotated[
        int, typer.Option(min=1, max=3650, help="Days of history in one transaction.")
    ] = 7,
) -> int:
    """Send what a generator would have sent over stored history. Pipelines will act on it.

    After an interruption the same command goes on where it was.
    """
    from kuber.commands.generators import ReplayOptions
    from kuber.commands.generators import replay as run

    options = ReplayOptions(kind, symbols, start, end, timeframe, config, step_days)
    return run(stack_settings(), options)


@command(generators_app, "new", example="./kuber generators new gap_up")
def generators_new(
    name: Annotated[str, typer.Argument(help="Its kind: small letters, digits and _.")],
    folder: Annotated[Path, typer.Option(help="Where its folder is made.")] = Path(),
) -> int:
    """Write a package with a signal generator to begin with. Needs no running stack."""
    from kuber.commands.generators import new

    return new(folder, name)


if __name__ == "__main__":
    app(prog_name="./kuber")
