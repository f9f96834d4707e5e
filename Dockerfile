# One image for the API, the worker and the one-shot commands; docker-compose.yml says which runs.
FROM python:3.12-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/backlot && python -m venv /opt/tools
# The packages change less often than the code: their layers come first.
COPY requirements-service.lock ./
RUN /opt/backlot/bin/pip install --require-hashes -r requirements-service.lock
COPY deploy/requirements-build.lock deploy/
RUN /opt/tools/bin/pip install --require-hashes -r deploy/requirements-build.lock
COPY pyproject.toml README.md LICENSE NOTICE ./
COPY documents documents
COPY app app
COPY workers workers
COPY scripts scripts
RUN /opt/tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir dist . \
    && /opt/backlot/bin/pip install --no-deps --no-index dist/*.whl \
    && /opt/backlot/bin/python -m compileall -q /opt/backlot/lib

FROM python:3.12-slim
ENV PATH=/opt/backlot/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 TMPDIR=/scratch
RUN useradd --system --uid 10001 --create-home backlot \
    && install --directory --owner backlot --mode 0700 /scratch
COPY --from=build /opt/backlot /opt/backlot
COPY LICENSE NOTICE /opt/backlot/
USER backlot
WORKDIR /home/backlot
EXPOSE 8000
CMD ["backlot", "api"]
