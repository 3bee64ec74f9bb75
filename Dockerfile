# syntax=docker/dockerfile:1

# Two stages: the first has the compiler, the second only what the program needs to run. The Swift runtime is linked in;
# OpenSSL, libargon2, libcrypt, SQLite, libcurl, hiredis and libpq (loaded only to import from PostgreSQL) stay Debian's, so that their fixes come with a rebuild on a newer base image.

FROM swift:6.2-bookworm AS build

# Headers follow the base image's release; pinning their versions would only break the build when Debian fixes one.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libssl-dev libargon2-dev libcrypt-dev libsqlite3-dev \
        libcurl4-openssl-dev libhiredis-dev pkg-config \
    && rm -rf /var/lib/apt/lists/*

WORKDIR /build

# Dependencies first: this layer stays until the manifest changes.
COPY Package.swift Package.resolve[d] ./
RUN swift package resolve

COPY Benchmarks Benchmarks
COPY Migrations Migrations
COPY Public Public
COPY Tests Tests
COPY Sources Sources
RUN swift build -c release --product martlet --static-swift-stdlib --explicit-target-dependency-import-check error \
    && strip -o /martlet .build/release/martlet


FROM debian:bookworm-slim

# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends ca-certificates libargon2-1 libcrypt1 libcurl4 libhiredis0.14 libpq5 libsqlite3-0 libssl3 \
        libstdc++6 \
    && rm -rf /var/lib/apt/lists/* \
    && groupadd --system --gid 10001 martlet \
    && useradd --system --uid 10001 --gid martlet --home-dir /data --no-create-home --shell /usr/sbin/nologin martlet \
    && install --directory --owner=martlet --group=martlet --mode=0700 /data

COPY --from=build /martlet /usr/local/bin/martlet

# By number, so that an orchestrator can see that it is not root.
USER 10001:10001
WORKDIR /data
VOLUME /data

# All addresses of the container, of which only published ports can be reached from outside. The issuer, what clients
# see, is http://localhost:8080 then; behind a proxy set MARTLET_ISSUER to the public https address.
ENV MARTLET_LISTEN=0.0.0.0:8080 \
    MARTLET_DATA_DIR=/data
EXPOSE 8080
STOPSIGNAL SIGTERM

# bash, which the base image has, speaks TCP by itself: no HTTP client has to be kept patched for this one question.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
    CMD ["/bin/bash", "-c", "exec 3<>/dev/tcp/127.0.0.1/8080 && printf 'GET /readyz HTTP/1.1\\r\\nHost: localhost\\r\\nConnection: close\\r\\n\\r\\n' >&3 && read -r -t 2 _ status _ <&3 && [ \"$status\" = 200 ]"]

ENTRYPOINT ["/usr/local/bin/martlet"]
CMD ["serve"]
