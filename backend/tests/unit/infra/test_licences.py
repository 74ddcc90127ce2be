"""What an installed package is understood to say about its licence."""

import pytest

from kuber.infra.licences import installed_packages, licence_in_words, licence_of_text, spdx


@pytest.mark.parametrize(
    ("field", "classifiers", "licence"),
    [
        ("MIT", [], "MIT"),
        ("mit or apache-2.0", [], "MIT OR Apache-2.0"),
        ("Apache License, Version 2.0", [], "Apache-2.0"),
        (None, ["MIT License"], "MIT"),
        ("", ["Mozilla Public License 2.0 (MPL 2.0)"], "MPL-2.0"),
        ("BSD", ["BSD License"], None),  # with two clauses or three?
        ("Dual License", ["BSD License", "Apache Software License"], None),  # and, or?
        ("MIT License\n\nCopyright (c) 2011", ["MIT License"], "MIT"),
        (None, [], None),
    ],
)
def test_words_are_taken_when_they_can_mean_one_licence_only(
    field: str | None, classifiers: list[str], licence: str | None
) -> None:
    assert licence_in_words(field, classifiers) == licence


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        ("Permission is hereby granted,\n  free of charge, to any person", "MIT"),
        ("Redistribution and use in source and binary forms, with or without", "BSD-2-Clause"),
        (
            "Redistribution and use in source and binary forms ... Neither the name of the",
            "BSD-3-Clause",
        ),
        ("Apache License\n   Version 2.0, January 2004", "Apache-2.0"),
        ("Permission to use, copy, modify, and/or distribute this software", "ISC"),
        ("Mozilla Public License Version 2.0", "MPL-2.0"),
        ("All rights reserved.", None),
    ],
)
def test_a_text_is_known_by_what_stands_in_no_other(text: str, licence: str | None) -> None:
    assert licence_of_text(text) == licence


def test_an_expression_is_brought_into_the_spelling_of_spdx() -> None:
    assert spdx("apache-2.0 and (mit or mpl-2.0)") == "Apache-2.0 AND (MIT OR MPL-2.0)"
    assert spdx("BSD License") is None


def test_the_installed_packages_are_listed_once_with_version_licence_and_home_page() -> None:
    packages = installed_packages()
    by_name = {package.name: package for package in packages}
    assert len(by_name) == len(packages)
    assert "kuber" not in by_name
    fastapi = by_name["fastapi"]
    assert (fastapi.licence, fastapi.home_page) == ("MIT", "https://github.com/fastapi/fastapi")
    assert by_name["click-plugins"].licence == "BSD-3-Clause"
    assert by_name["vine"].licence == "BSD-3-Clause", "its field says BSD, its file says which"
