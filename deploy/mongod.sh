#!/usr/bin/env bash
# Starts the mongod of docker-compose.yml: a member of rs0 with access control, and with vector
# search where the profile `search` runs the process that does it.
set -euo pipefail

# The folder lies in memory; mongod refuses a key file that others may read.
key_file=${KEY_FOLDER:-/run/mongod}/key
(umask 077 && printf '%s' "$MONGO_REPLICA_KEY" >"$key_file")

arguments=(--replSet rs0 --bind_ip_all --keyFile "$key_file")
# A transaction of a killed process holds its documents until then (60 s by default).
arguments+=(--setParameter transactionLifetimeLimitSeconds=5)
case ",${COMPOSE_PROFILES:-}," in
    *,search,*)
        # Without mongot these must be absent: only then does the server say that it has no vector
        # search, and the application takes its own index.
        arguments+=(
            --setParameter mongotHost=mongot:27028
            --setParameter searchIndexManagementHostAndPort=mongot:27028
            --setParameter useGrpcForSearch=true
            --setParameter skipAuthenticationToSearchIndexManagementServer=false
            --setParameter skipAuthenticationToMongot=false
        )
        ;;
esac
exec mongod "${arguments[@]}"
