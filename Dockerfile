# docker build -t tdinspect .
# docker run --rm --user "$(id -u):$(id -g)" -v "$PWD:/specs" tdinspect check
FROM python:3.11-slim

# git is for `tdinspect diff REV`; a mounted repository belongs to somebody else than the container's user.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends git \
    && rm -rf /var/lib/apt/lists/* \
    && git config --system --add safe.directory /specs

# The big part first: it is built anew only when a pin changes.
COPY constraints.txt /build/
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action ignore \
    --constraint /build/constraints.txt --extra-index-url https://download.pytorch.org/whl/cpu \
    torch PyYAML rich typer

COPY pyproject.toml README.md LICENSE /build/
COPY tdinspect /build/tdinspect
RUN pip install --no-cache-dir --disable-pip-version-check --root-user-action ignore \
    --constraint /build/constraints.txt /build \
    && rm -r /build

RUN useradd --create-home tdinspect
USER tdinspect
WORKDIR /specs
ENTRYPOINT ["tdinspect"]
CMD ["check"]
