# syntax=docker/dockerfile:1
# Two stages: the agent is installed with pip's tools, the image that runs has none of them.
ARG BASE=python:3.11-slim-bookworm
# hadolint ignore=DL3006 # the tag stands in BASE
FROM ${BASE} AS build
WORKDIR /src
COPY setup.py pyproject.toml README.md LICENSE ./
COPY agent ./agent
COPY models ./models
RUN python -m venv /opt/cityeye \
    && /opt/cityeye/bin/pip install --no-cache-dir . \
    && /opt/cityeye/bin/pip uninstall --yes pip setuptools

# hadolint ignore=DL3006
FROM ${BASE}
# The folders that may be volumes belong to the agent; a new named volume takes that over.
RUN pip uninstall --yes pip setuptools wheel \
    && useradd --uid 10001 --no-create-home --home-dir /data --shell /usr/sbin/nologin cityeye \
    && install -d -o cityeye -g cityeye -m 0750 /data /models \
    && install -d /etc/cityeye
COPY --from=build /opt/cityeye /opt/cityeye
ENV PATH=/opt/cityeye/bin:$PATH PYTHONDONTWRITEBYTECODE=1
USER 10001
WORKDIR /data
VOLUME ["/data", "/models"]
# `alive` reads the heartbeat file, alive.json in the data folder: healthy while the agent renews it and none of its
# parts hangs or fails again and again. This is for people and orchestrators: restart policies act on the process, which
# ends by itself (exit code 70) when a part hangs.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["cityeye", "alive", "--config", "/etc/cityeye/config.yaml"]
ENTRYPOINT ["cityeye"]
CMD ["run", "--config", "/etc/cityeye/config.yaml"]
