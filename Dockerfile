# syntax=docker/dockerfile:1
# Two stages: wheels are built with pip's tools, the image that runs has none of them.
FROM python:3.11-slim-bookworm AS build
WORKDIR /src
COPY setup.py pyproject.toml README.md LICENSE ./
COPY agent ./agent
COPY models ./models
RUN pip wheel --no-cache-dir --wheel-dir /wheels .

FROM python:3.11-slim-bookworm
RUN --mount=type=bind,from=build,source=/wheels,target=/wheels \
    pip install --no-cache-dir --no-index --find-links /wheels city-eye-agent \
    && useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin cityeye \
    && install -d -o cityeye -g cityeye /data /models \
    && install -d /etc/cityeye
USER cityeye
WORKDIR /data
VOLUME /data
# `alive` reads the heartbeat file, alive.json in the data folder: healthy while the agent renews it and none of its
# parts hangs or fails again and again. This is for people and orchestrators: restart policies act on the process, which
# ends by itself (exit code 70) when a part hangs.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["cityeye", "alive", "--config", "/etc/cityeye/config.yaml"]
ENTRYPOINT ["cityeye"]
CMD ["run", "--config", "/etc/cityeye/config.yaml"]
