"""What is wrong with the settings of a plug-in, for the form that shows them."""

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from kuber.kernel.errors import Problem

_BOUNDS = {
    "greater_than_equal": ("of at least", "ge"),
    "less_than_equal": ("of at most", "le"),
    "greater_than": ("above", "gt"),
    "less_than": ("below", "lt"),
}


class SettingFault(ValueError):
    """A setting that does not go with another one; raised by validators of settings.

    `field` is where the form shows it; `remedy` says what to do.
    """

    def __init__(self, field: str, message: str, remedy: str) -> None:
        super().__init__(message)
        self.field = field
        self.remedy = remedy


def setting_problem(config: type[BaseModel], item: ErrorDetails, owner: str) -> Problem:
    """Return one finding of pydantic about settings of `config` as a problem of its field.

    owner: what has these settings, in a word: `agent`, `generator`.
    """
    fault = item.get("ctx", {}).get("error")
    if isinstance(fault, SettingFault):
        return _named(config, fault.field, fault.field, f"{fault}.", fault.remedy)
    name = str(item["loc"][0]) if item["loc"] else ""
    path = ".".join(str(part) for part in item["loc"])
    message = item["msg"].removeprefix("Value error, ")
    remedy = _remedy(config, item, owner)
    return _named(config, name, path, f"{message[:1].lower()}{message[1:]}.", remedy)


def _named(config: type[BaseModel], name: str, path: str, message: str, remedy: str) -> Problem:
    field = config.model_fields.get(name)
    label = (field.title if field and field.title else name) or "Settings"
    return Problem(f"{label}: {message}", remedy, field=path or None, code="bad_config")


def _remedy(config: type[BaseModel], item: ErrorDetails, owner: str) -> str:
    context = item.get("ctx", {})
    match item["type"]:
        case "extra_forbidden":
            return f"Remove it; this {owner} knows: {', '.join(config.model_fields) or 'none'}."
        case "missing":
            return "Fill it in."
        case str(kind) if kind in _BOUNDS:
            words, key = _BOUNDS[kind]
            return f"Choose a value {words} {context.get(key)}."
        case "enum" | "literal_error":
            return f"Choose one of: {context.get('expected')}."
        case _:
            return "Correct the value as the message says."
