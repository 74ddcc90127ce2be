"""`logs`: the end of the services' log files, and what is added to them."""

import time
from pathlib import Path

from kuber.commands import say
from kuber.workers.service_logs import last_lines

_POLL_S = 0.2


def show(folder: Path, services: list[str], lines: int, *, follow: bool) -> int:
    """Print the last `lines` of each service's log, then new lines while `follow`."""
    files = {path.stem: path for path in sorted(folder.glob("*.log")) if path.is_file()}
    unknown = [name for name in services if name not in files]
    if unknown:
        say.failure(f"There is no log of {unknown[0]}. There are: {', '.join(files) or 'none'}")
        return 1
    chosen = {name: path for name, path in files.items() if not services or name in services}
    for name, path in chosen.items():
        for text in last_lines(path, lines):
            say.log_line(name, text)
    if follow:
        _follow(chosen)
    return 0


def _follow(files: dict[str, Path]) -> None:
    places = {name: path.stat().st_size for name, path in files.items()}
    while True:
        for name, path in files.items():
            size = path.stat().st_size if path.exists() else 0
            if size < places[name]:  # the file was set aside and a new one begun
                places[name] = 0
            if size > places[name]:
                with path.open("rb") as file:
                    file.seek(places[name])
                    text = file.read()
                whole = text[: text.rfind(b"\n") + 1]
                places[name] += len(whole)
                for line in whole.decode(errors="replace").splitlines():
                    say.log_line(name, line)
        time.sleep(_POLL_S)
