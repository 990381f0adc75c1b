# Runs the service, or its background jobs with the command `worker`. compose.yaml runs both with a
# PostgreSQL server. Without TIENDO_DATABASE_URL, a container starts the embedded PostgreSQL in its
# volume, which is sufficient for an evaluation.

FROM python:3.13-slim AS build
ENV VIRTUAL_ENV=/srv/tiendo/.venv UV_LINK_MODE=copy UV_COMPILE_BYTECODE=1
WORKDIR /srv/tiendo
RUN pip install --no-cache-dir --root-user-action=ignore uv==0.13.9 && python -m venv .venv
# Dependencies first: this layer stays cached while only the service changes.
COPY requirements.lock ./
RUN uv pip install --no-cache --require-hashes -r requirements.lock
COPY pyproject.toml alembic.ini README.md LICENSE ./
COPY app app
COPY migrations migrations
COPY seed seed
COPY docs/api-guide.md docs/
RUN uv pip install --no-cache --no-deps --editable .

FROM python:3.13-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/tiendo tiendo
COPY --from=build /srv/tiendo /srv/tiendo
ENV PATH=/srv/tiendo/.venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TIENDO_HOST=0.0.0.0 \
    TIENDO_DATA_DIR=/var/lib/tiendo
WORKDIR /srv/tiendo
USER 10001
VOLUME /var/lib/tiendo
EXPOSE 8000
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s CMD ["python", "-c", \
    "import os, urllib.request as web; web.urlopen(f\"http://127.0.0.1:{os.getenv('TIENDO_PORT', '8000')}/health/ready\", timeout=4)"]
ENTRYPOINT ["tiendo"]
CMD ["serve"]
