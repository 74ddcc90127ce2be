"""What the commands print: short lines for people, in colour where the terminal shows it."""

import typer

from kuber.workers.stack_state import StackRecord, StackStatus

_COLOURS = {
    "api": typer.colors.CYAN,
    "worker": typer.colors.GREEN,
    "relay": typer.colors.MAGENTA,
    "supervisor": typer.colors.YELLOW,
}
_BOX_WIDTH = 64


def line(text: str = "") -> None:
    """Print one line."""
    typer.echo(text)


def raw(text: str) -> None:
    """Print `text` as it is."""
    if text:
        typer.echo(text, nl=False)


def failure(text: str) -> None:
    """Print what went wrong, on the error stream."""
    typer.secho(text, fg=typer.colors.RED, err=True)


def confirmed(question: str) -> bool:
    """Ask somebody; whoever does not answer has not agreed."""
    return typer.confirm(question, default=False)


def step(name: str, seconds: float) -> None:
    """Print that a part of the work is done."""
    typer.echo(f"  {typer.style('ok', fg=typer.colors.GREEN)}  {name:<10} {seconds:5.1f} s")


def log_line(service: str, text: str) -> None:
    """Print a line that a service has written."""
    name = typer.style(f"{service:<10}", fg=_COLOURS.get(service, typer.colors.WHITE))
    typer.echo(f"{name} {text}")


def ready_box(record: StackRecord) -> None:
    """Print where Kuber is and how to get in."""
    rows = [("Open", record.url)]
    if record.demo_email and record.demo_password:
        rows.append(("Log in", f"{record.demo_email}   {record.demo_password}"))
    elif record.no_demo_because:
        rows.append(("Log in", "with an account of your own; there is no demo account, because"))
        rows.append(("", f"{record.no_demo_because}."))
    rows += [
        ("Kafka", record.kafka_bootstrap),
        ("Data", str(record.home)),
        ("Stop", "ctrl-C, or ./kuber down"),
    ]
    width = max(_BOX_WIDTH, *(len(value) + 12 for _, value in rows))
    typer.echo("+" + "-" * width + "+")
    for name, value in (("Kuber is ready", ""), *rows):
        text = f"  {name:<8}{value}" if value else f"  {name}"
        typer.echo(f"|{text:<{width}}|")
    typer.echo("+" + "-" * width + "+")


def table(header: tuple[str, ...], rows: list[tuple[str, ...]]) -> None:
    """Print `rows` in aligned columns."""
    widths = [max(len(row[i]) for row in (header, *rows)) for i in range(len(header))]
    for row in (header, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        typer.echo("  ".join(cells).rstrip())


def stack(status: StackStatus) -> None:
    """Print the state of the stack as a table."""
    typer.echo(f"Kuber runs at {status.url}, Kafka at {status.kafka_bootstrap}\n")
    table(
        ("service", "state", "pid", "memory", "restarts"),
        [
            (
                service.name,
                service.state,
                str(service.pid or "-"),
                f"{service.rss_mb:.0f} MB",
                str(service.restarts),
            )
            for service in status.services
        ],
    )
    total = sum(service.rss_mb for service in status.services)
    typer.echo(f"\n{total:.0f} MB in all")
    if status.lost_log_bytes or status.unsaved:
        typer.secho(
            f"\nThe disk was full: {status.lost_log_bytes} bytes of the services' output are in no "
            f"log, and this state could not be written {status.unsaved} times. See "
            "docs/runbooks/full-disk.md",
            fg=typer.colors.YELLOW,
        )
