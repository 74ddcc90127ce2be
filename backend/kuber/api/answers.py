"""Answers whose body is JSON text already."""

from fastapi import Response


def json_answer(body: bytes, status: int = 200, *, revision: int | None = None) -> Response:
    """Return an answer that is sent as it is; `revision` becomes its ETag."""
    headers = {} if revision is None else {"ETag": f'"{revision}"'}
    return Response(body, status, headers, media_type="application/json")
