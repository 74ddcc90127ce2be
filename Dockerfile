# syntax=docker/dockerfile:1
# One image for every process of Kuber: api, worker, relay, services and migrate differ by command only.

FROM python:3.11-slim-bookworm AS python
ENV UV_COMPILE_BYTECODE=1 UV_LINK_MODE=copy UV_PYTHON_DOWNLOADS=never
WORKDIR /app/backend
RUN python -m venv --without-pip .venv && pip install --no-cache-dir "uv==0.13.8"
COPY backend/requirements.lock ./
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip sync --python .venv/bin/python --require-hashes requirements.lock
COPY backend/pyproject.toml ./
COPY backend/kuber ./kuber
COPY backend/migrations ./migrations
RUN uv pip install --python .venv/bin/python --no-deps --editable . \
    && .venv/bin/python -m kuber.cli openapi --output /app/openapi.json

FROM python AS browser
COPY backend/requirements-stack.lock ./
RUN --mount=type=cache,target=/root/.cache/uv \
    uv pip sync --python .venv/bin/python --require-hashes requirements-stack.lock
WORKDIR /app/frontend
ENV PATH=/app/backend/.venv/bin:$PATH
COPY frontend/package.json frontend/package-lock.json frontend/.npmrc ./
RUN --mount=type=cache,target=/root/.npm npm ci --no-audit --no-fund
COPY frontend/ ./
RUN cp /app/openapi.json openapi.json && npm run api && npm run build

FROM python:3.11-slim-bookworm
RUN useradd --create-home --uid 10001 kuber && install -d -o kuber -g kuber /var/lib/kuber /var/lib/kuber/audit /var/lib/kuber/audit-key /var/lib/kuber/uploads
COPY --from=python /app/backend /app/backend
COPY --from=browser /app/frontend/dist /app/frontend/dist
COPY LICENSE NOTICE /app/
ENV PATH=/app/backend/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONPATH=/app/backend \
    MALLOC_ARENA_MAX=2 MALLOC_MMAP_THRESHOLD_=262144 MALLOC_TRIM_THRESHOLD_=1048576 \
    KUBER_ENVIRONMENT=production \
    KUBER_HOME=/var/lib/kuber \
    KUBER_HOST=0.0.0.0 \
    KUBER_PORT=8000 \
    KUBER_FRONTEND_DIR=/app/frontend/dist/kuber/browser
USER kuber
WORKDIR /var/lib/kuber
# Trading hours, in /var/lib/kuber/calendars: no process has to work them out.
RUN python -m kuber.cli calendars
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=6 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8000/ready', timeout=4)"]
ENTRYPOINT ["python", "-m", "kuber.cli"]
CMD ["api"]
