# The signaling server alone: no WebRTC, no build tools, no root. BASE may be any image whose python3 is 3.11 or newer
# and has venv; both stages use the same one, since a venv points at the interpreter it was made with.
ARG BASE=python:3.12-slim

FROM ${BASE} AS builder
WORKDIR /src
COPY pyproject.toml constraints.txt README.md LICENSE ./
COPY signaling signaling
COPY peer peer
# pip installs from outside, so that it does not end up in the image (15 MB).
RUN python3 -m venv /opt/pip \
 && python3 -m venv --without-pip /opt/venv \
 && /opt/pip/bin/pip --python /opt/venv/bin/python install --quiet --no-cache-dir --disable-pip-version-check \
    --constraint constraints.txt '.[server,fast]'

FROM ${BASE}
COPY --from=builder /opt/venv /opt/venv
# A new volume takes over owner and mode of the folder it covers: this is what makes it writable for the server.
RUN mkdir -m 0700 /data && chown 10001:10001 /data
# PYTHONSAFEPATH: nothing found in a working directory is ever imported.
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONSAFEPATH=1 \
    PYTHONUNBUFFERED=1 \
    SIGNALING_HOST=0.0.0.0 \
    SIGNALING_LOG_FORMAT=json \
    SIGNALING_STORE=diskcache:/data/store
USER 10001:10001
VOLUME /data
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=10s CMD ["python", "-m", "signaling", "healthcheck"]
# A trial: without a word about who may come in, guests are let in, and the log says so. Any JWT setting, or
# SIGNALING_GUESTS itself, ends that. The server is process 1 and hears SIGTERM.
CMD ["python", "-m", "signaling", "serve", "--trial"]
