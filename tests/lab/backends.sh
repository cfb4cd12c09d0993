# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The backends beside a lab's hosts, each a process of its own on one more address of the lab's
# network. Sourced by `lab`.

LAB_ENVIRONMENT=testing # a word that every registry takes

backend_address() {
	printf '%s.250:%s' "$LAB_NET" "$1"
}

# backend_start NAME PORT COMMAND...: in the background, until it listens.
backend_start() {
	local name=$1 port=$2 at=$LAB_DIR/backends/$1
	shift 2
	mkdir -p "$at"
	(cd "$at" && exec setsid "$@") >"$at/log" 2>&1 </dev/null &
	note_pid "$at/noted" $!
	await 30 "$BIN/ask" "$(backend_address "$port")" ||
		die "$name does not start: $(tail -n 3 "$at/log")"
}

etcd_start() {
	local client peer
	client=http://$(backend_address 2379) peer=http://$(backend_address 2380)
	backend_start etcd 2379 "$(find_program etcd)" --data-dir data --log-level error \
		--listen-client-urls "$client" --advertise-client-urls "$client" \
		--listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
		--initial-cluster "default=$peer"
}

# --- what `lab` asks for ---

# backends_settle: the options as they were given become what lab.env keeps.
backends_settle() {
	case $LAB_REGISTRY in
	'') ;;
	etcd) LAB_REGISTRY=etcd://$(backend_address 2379)/$LAB_ENVIRONMENT ;;
	*) die "--registry $LAB_REGISTRY: etcd" ;;
	esac
}

backends_up() {
	case $LAB_REGISTRY in
	etcd://*) etcd_start ;;
	esac
}

backends_down() {
	local noted
	for noted in "$LAB_DIR"/backends/*/noted; do
		[ ! -e "$noted" ] || stop_noted "$noted"
	done
}

# backends_reset: as they were after `up`: nothing registered, nothing set.
backends_reset() {
	backends_down
	rm -rf "$LAB_DIR/backends"
	backends_up
}

backends_inventory() {
	[ -n "$LAB_REGISTRY" ] || return 0
	printf 'environment: { name: %s }\n' "$LAB_ENVIRONMENT"
	printf 'registries:\n  city: { type: etcd, endpoints: "http://%s" }\n' "$(backend_address 2379)"
}

# backends_env: the environment of a service, as pairs of a YAML mapping.
backends_env() {
	[ -n "$LAB_REGISTRY" ] || return 0
	printf 'SHOP_REGISTRY: "%s", SHOP_SERVICE: "%s", SHOP_HOST: "%s", SHOP_REFRESH: "500", SHOP_TTL: "5"' \
		"$LAB_REGISTRY" "\$(service)" "\$(host)"
}
