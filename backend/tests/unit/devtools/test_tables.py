"""SQL that names another package's table is found, and nothing else is."""

from pathlib import Path

import pytest

from devtools.tables import problems, statements, tables

OWNER_OF = {"runs": "runs", "users": "identity", "outbox": "infra"}


def found(text: str, path: str = "runs/a.py", **crossing: str) -> list[str]:
    allowed = {tuple(key.split("__", 1)): reason for key, reason in crossing.items()}
    return list(problems({Path(path): text}, OWNER_OF, allowed))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "sql",
    [
        "select id from users",
        "select id from runs r, users u",
        "select 1 from runs as r,\n users",
        "select 1 from runs r left join users u on true",
        "insert into users (id) values (1)",
        "update users set id = 1",
        "delete from only users",
        "delete from runs using users where true",
        "select 1 from runs join users on true",
    ],
)
def test_a_table_of_another_package_is_named_with_its_place(sql: str) -> None:
    [problem] = found(f'"""Text."""\nQUERY = """{sql}"""')
    assert problem.startswith("kuber/runs/a.py:2: names users, a table of identity")


def test_parts_of_an_f_string_are_read_and_what_is_put_in_is_not() -> None:
    assert len(found('A = f"with x as ({B}) select 1 from users"')) == 1
    assert found('A = f"select id from ({USERS}) u"') == []


def test_ones_own_tables_prose_and_names_within_a_statement_are_fine() -> None:
    assert found('A = "with done as (select 1 from runs) select * from done"') == []
    assert found('"""Takes names from users and updates them."""') == []
    assert found('class A:\n    x: int\n    """Ids from users."""') == []
    assert found('def f(name):\n    return f"Hello, users of {name}"') == []


def test_a_crossing_may_be_listed_with_its_reason_as_long_as_it_is_there() -> None:
    assert found('A = "select id from users"', runs__users="for now") == []
    [problem] = found('A = "select id from runs"', runs__users="for now")
    assert problem.endswith("nothing in runs names users any more: remove the entry")


def test_a_module_beside_the_packages_counts_as_one() -> None:
    assert len(found('A = "select id from users"', "service_host.py")) == 1


def test_tables_are_told_from_the_words_around_them() -> None:
    assert tables("select a.b from runs a where exists (select from users)") == {"runs", "users"}
    assert list(statements("x = 1")) == []
