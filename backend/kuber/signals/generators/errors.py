"""What can go wrong with signal generators."""

from typing import ClassVar

from kuber.kernel.errors import ErrorKind, KuberError


class GeneratorError(KuberError):
    """Base of the errors of generators; `problems` name the fields."""

    code = "bad_generator"
    title = "The signal generator cannot be used like this"
    usual_remedy = "Correct the generator's settings."


class UnknownGenerator(GeneratorError):
    """No generator of this kind is installed."""

    code = "unknown_generator"
    title = "No such kind of generator"


class GeneratorUnavailable(GeneratorError):
    """The kind is known, but this installation lacks what it needs."""

    kind: ClassVar[ErrorKind] = ErrorKind.CONFLICT
    code = "generator_unavailable"
    title = "This generator cannot be used here"


class GeneratorNotFound(GeneratorError):
    kind: ClassVar[ErrorKind] = ErrorKind.NOT_FOUND
    code = "not_found"
    title = "No such signal generator"


class PlatformGenerator(GeneratorError):
    """The platform's generators are the same for everybody."""

    kind: ClassVar[ErrorKind] = ErrorKind.FORBIDDEN
    code = "platform_generator"
    title = "The platform's generators cannot be changed"


class TooManyGenerators(GeneratorError):
    kind: ClassVar[ErrorKind] = ErrorKind.CONFLICT
    code = "too_many_generators"
    title = "There are too many signal generators"


class DetectorFailed(Exception):
    """The code of a generator failed while a series was looked at; the text says on which."""
