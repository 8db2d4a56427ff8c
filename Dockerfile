# Shopfloor in a container: every service of docker-compose.yml that is ours. The first stage builds, the second runs.
FROM python:3.12.12-slim-bookworm AS build
WORKDIR /source
RUN python -m venv /opt/shopfloor
COPY constraints.txt pyproject.toml README.md LICENSE ./
COPY plant plant
COPY broker broker
COPY simulators simulators
COPY experiments experiments
COPY twin twin
COPY dashboards dashboards
COPY shopfloor shopfloor
COPY examples examples
RUN /opt/shopfloor/bin/pip install --no-cache-dir --disable-pip-version-check --constraint constraints.txt .

FROM python:3.12.12-slim-bookworm
# A volume that is new takes owner and rights of the folder in the image: /data is ours, the others are Mosquitto's.
RUN useradd --uid 10001 --user-group --no-create-home --shell /usr/sbin/nologin shopfloor \
    && install -d -o 10001 -g 10001 -m 0700 /data \
    && install -d -o 1883 -g 1883 -m 0755 /certificates \
    && install -d -o 1883 -g 1883 -m 0700 /access
COPY --from=build /opt/shopfloor /opt/shopfloor
ENV PATH=/opt/shopfloor/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    COLUMNS=160
USER 10001:10001
WORKDIR /tmp
ENTRYPOINT ["shopfloor"]
