# The whole service in one image: `docker run backpropd` runs `backpropd up`; docker-compose.yml runs
# its parts (api, worker, migrate) with PostgreSQL and Redis.

FROM python:3.11-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
WORKDIR /source
# Dependencies are installed first, because they change less often than the code: layer caching.
COPY requirements.txt ./
RUN /venv/bin/pip install --require-hashes -r requirements.txt
COPY . .
RUN /venv/bin/pip install --no-deps --no-build-isolation .

FROM python:3.11-slim-bookworm
COPY --from=build /venv /venv
RUN install -d -o 10001 -g 10001 -m 0700 /data
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    BACKPROPD_DATA_DIR=/data
# A numeric user id lets an orchestrator verify that the container does not run as root.
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8000/readyz', timeout=4)"]
ENTRYPOINT ["backpropd"]
# Clients that use another name than localhost need it in -e BACKPROPD_ALLOWED_HOSTS=name.
# More API processes: `docker run backpropd up --host 0.0.0.0 --data /data --api-processes 2`.
CMD ["up", "--host", "0.0.0.0", "--port", "8000", "--data", "/data"]
