"""How large a body may be, by its address."""

import pytest

from kuber.api.middleware import body_limit


@pytest.mark.parametrize(
    ("path", "limit"),
    [
        ("/api/v1/auth/login", 100_000),
        ("/api/v1/scanners", 100_000),
        ("/api/v1/pipelines", 1_000_000),
        ("/api/v1/pipelines/import", 1_000_000),
        ("/api/v1/pipelines/validate", 1_000_000),
        ("/api/v1/pipelines/0198c0de-0000-7000-8000-000000000000", 1_000_000),
        ("/api/v1/pipelines/0198c0de-0000-7000-8000-000000000000/run", 100_000),
        ("/api/v1/pipelinesque", 100_000),
        ("/api/v1/market/imports", 2_000_000_000),
        ("/api/v1/market/imports/preview", 2_000_000_000),
        ("/api/v1/market/imports/preview/", 100_000),
        ("/api/v1/market/imports/x", 100_000),
        ("/api/v1/webhooks/some-source", None),
        ("/", 100_000),
    ],
)
def test_the_limit_of_a_body_goes_by_its_address(path: str, limit: int | None) -> None:
    assert body_limit(path) == limit
