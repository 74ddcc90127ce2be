"""Which packages are installed beside Kuber, and under which licence each may be used."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from importlib.metadata import Distribution, PackageMetadata, distributions

from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression
from packaging.utils import canonicalize_name

_LICENCE_FILE = re.compile(r"\.dist-info/(licenses/)?(licen[cs]e|copying)[^/]*$", re.IGNORECASE)

_PREFERRED_LINKS = ("homepage", "repository", "source", "github")

# What packages of before SPDX expressions call a licence, where that can mean only one.
_WORDS = {
    "3-clause bsd license": "BSD-3-Clause",
    "apache 2": "Apache-2.0",
    "apache 2.0": "Apache-2.0",
    "apache license version 2.0": "Apache-2.0",
    "apache license, version 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "apache software license v2": "Apache-2.0",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "new bsd": "BSD-3-Clause",
    "python software foundation license": "PSF-2.0",
    "the unlicense (unlicense)": "Unlicense",
}

# What stands in the text of a licence and in no other; the first that fits counts.
_TEXTS = (
    ("Apache-2.0", ("apache license", "version 2.0")),
    ("MPL-2.0", ("mozilla public license", "version 2.0")),
    ("BSD-3-Clause", ("redistribution and use in source and binary forms", "neither the name")),
    ("BSD-2-Clause", ("redistribution and use in source and binary forms",)),
    ("MIT", ("permission is hereby granted, free of charge",)),
    ("ISC", ("permission to use, copy, modify, and/or distribute",)),
)


@dataclass(frozen=True, slots=True)
class PackageLicence:
    """A package and its licence: an SPDX expression, or else the package's own words."""

    name: str
    version: str
    licence: str | None
    home_page: str | None


@cache
def installed_packages() -> tuple[PackageLicence, ...]:
    """Return all installed packages but Kuber, by name. Reads some hundred files, once."""
    found = {
        canonicalize_name(package.name): _describe(package)
        for package in reversed(list(distributions()))  # of two with one name the first counts
    }
    return tuple(found[name] for name in sorted(found) if name != "kuber")


def spdx(expression: str) -> str | None:
    """Return `expression` in SPDX's own spelling, None when it is no SPDX expression."""
    try:
        return canonicalize_license_expression(expression)
    except InvalidLicenseExpression:
        return None


def licence_in_words(field: str | None, classifiers: Iterable[str]) -> str | None:
    """Return the SPDX expression that a licence field or else one sole classifier stands for."""
    told = (field or "").strip()
    if "\n" not in told and (known := spdx(told) or _WORDS.get(told.lower())):
        return known
    known_classifiers = [_WORDS.get(words.lower()) for words in classifiers]
    return known_classifiers[0] if len(known_classifiers) == 1 else None


def licence_of_text(text: str) -> str | None:
    """Return the SPDX identifier of the licence that `text` gives, None when it is not clear."""
    plain = " ".join(text.lower().split())
    for identifier, marks in _TEXTS:
        if all(mark in plain for mark in marks):
            return identifier
    return None


def _describe(package: Distribution) -> PackageLicence:
    return PackageLicence(
        package.name, package.version, _licence_of(package), _home_page_of(package)
    )


def _licence_of(package: Distribution) -> str | None:
    about = package.metadata
    expression, field = _told(about, "License-Expression"), _told(about, "License")
    classifiers = [
        line.rpartition(" :: ")[2]
        for line in about.get_all("Classifier") or []
        if line.startswith("License ::")
    ]
    return (
        (expression and spdx(expression))
        or licence_in_words(field, classifiers)
        or licence_of_text(field or "")
        or _licence_of_files(package)
        or (field if field and "\n" not in field else None)
        or ", ".join(classifiers)
        or None
    )


def _licence_of_files(package: Distribution) -> str | None:
    files = (path for path in package.files or [] if _LICENCE_FILE.search(path.as_posix()))
    kinds = (licence_of_text(path.read_text(encoding="utf-8")) for path in files)
    return next(filter(None, kinds), None)


def _told(about: PackageMetadata, field: str) -> str | None:
    return next(iter(about.get_all(field) or []), None)


def _home_page_of(package: Distribution) -> str | None:
    """Return the address of the package's project; of several the one called a home page."""
    links = {"homepage": _told(package.metadata, "Home-page") or ""}
    for line in package.metadata.get_all("Project-URL") or []:
        label, _, address = line.partition(",")
        plain = re.sub(r"\W", "", label.lower())
        links[plain] = links.get(plain) or address.strip()
    addresses = [*(links.get(label, "") for label in _PREFERRED_LINKS), *links.values()]
    return next((found for found in addresses if found.startswith(("https://", "http://"))), None)
