"""E-mail addresses as the names of accounts."""

from email_validator import EmailNotValidError, validate_email

from kuber.identity.errors import InvalidAccount
from kuber.kernel.errors import Problem
from kuber.kernel.names import is_visible


def normalise(email: str) -> str:
    """Return the one spelling under which an account is found: Unicode NFC, lower case.

    Nothing is looked up on the network. Raises InvalidAccount.
    """
    try:
        # Names under .test are as good as any: the address names an account, nothing is sent.
        checked = validate_email(email.strip(), check_deliverability=False, test_environment=True)
    except EmailNotValidError as error:
        raise InvalidAccount(
            "The e-mail address is not valid.",
            [Problem(str(error), "Enter an address such as ann@example.com.", field="email")],
        ) from error
    address = checked.normalized.lower()
    if not all(is_visible(part) for part in address.rsplit("@", 1)):
        raise InvalidAccount(
            "The e-mail address is not valid.",
            [
                Problem(
                    "A part of the address shows nothing.",
                    "Enter an address such as ann@example.com.",
                    field="email",
                )
            ],
        )
    return address
