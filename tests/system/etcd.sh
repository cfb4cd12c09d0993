# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# A test's etcd, looked at from outside, sourced after lib.sh: ETCD and PORT say where it answers,
# $T/etcd.proc which process it is.

ENVIRONMENT=testing
SERVICE=shop

etcd_of_lab() {
	PORT=2379 ETCD=$LAB_NET.250
}

service_key() {
	printf '/sluice/services/%s/%s/%s' "$ENVIRONMENT" "$SERVICE" "$1"
}

config_key() {
	printf '/sluice/config/%s/%s/%s' "$ENVIRONMENT" "$SERVICE" "$1"
}

# What the registry says of each instance: "h1 UP 1.0.0".
registered() {
	local h
	for h in $LAB_HOSTS; do
		etcd_get "$(service_key "$h:$LAB_PORTS")" |
			sed -n "s/.*\"version\":\"\([^\"]*\)\".*\"state\":\"\([^\"]*\)\".*/$h \2 \1\n/p" | grep .
	done
}

all_registered() {
	local want
	# shellcheck disable=SC2086 # one line a host
	want=$(printf '%s UP '"$1"'\n' $LAB_HOSTS)
	[ "$(registered)" = "$want" ]
}

etcd_answers() {
	curl -fsS -m 2 "http://$ETCD:$PORT/health" >/dev/null 2>&1
}

etcd_signal() {
	kill "-$1" "$(noted_pid "$T/etcd.proc")"
}

# etcd_ask PATH BODY
etcd_ask() {
	curl -fsS -m 10 "http://$ETCD:$PORT/v3/kv/$1" -d "$2"
}

etcd_base64() {
	printf %s "$1" | base64 -w0
}

# etcd_put KEY VALUE
etcd_put() {
	etcd_ask put "{\"key\":\"$(etcd_base64 "$1")\",\"value\":\"$(etcd_base64 "$2")\"}" >"$T/put" ||
		fail "etcd takes no $1"
}

etcd_delete() {
	etcd_ask deleterange "{\"key\":\"$(etcd_base64 "$1")\"}" >"$T/put" || fail "etcd keeps $1"
}

# etcd_get KEY: its value; nothing when it is not there.
etcd_get() {
	etcd_ask range "{\"key\":\"$(etcd_base64 "$1")\"}" |
		sed -n 's/.*"value":"\([^"]*\)".*/\1/p' | base64 -d
}
