# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# The backends beside a lab's hosts, each a process of its own on one more address of the lab's
# network. Sourced by `lab`.

LAB_ENVIRONMENT=testing # a word that every registry takes
PEERS=$TOP/tests/peers

# backend_address NAME
backend_address() {
	local port
	case $1 in
	etcd) port=2379 ;;
	etcd-peer) port=2380 ;;
	fakesc) port=30100 ;;
	fakekie) port=30110 ;;
	zipkin) port=9411 ;;
	prometheus) port=9090 ;;
	esac
	printf '%s.250:%s' "$LAB_NET" "$port"
}

# backend_start NAME COMMAND...: in the background, in a folder of its own.
backend_start() {
	local at=$LAB_DIR/backends/$1
	shift
	mkdir -p "$at"
	(cd "$at" && exec setsid "$@") >"$at/log" 2>&1 </dev/null &
	note_pid "$at/noted" $!
}

etcd_start() {
	local client peer
	client=http://$(backend_address etcd) peer=http://$(backend_address etcd-peer)
	backend_start etcd "$(find_program etcd)" --data-dir data --log-level error \
		--listen-client-urls "$client" --advertise-client-urls "$client" \
		--listen-peer-urls "$peer" --initial-advertise-peer-urls "$peer" \
		--initial-cluster "default=$peer"
}

# Everything that the services say, a line an instance, every second.
prometheus_config() {
	local service i
	printf 'global: { scrape_interval: 1s, scrape_timeout: 1s }\nscrape_configs:\n'
	printf '  - job_name: lab\n    static_configs:\n      - targets:\n'
	for service in $([ -n "$LAB_CHAIN" ] && echo gateway stock) "$(lab_service)"; do
		for i in $(instances "$service"); do
			printf '          - %s\n' "$(instance_address "$i")"
		done
	done
}

prometheus_start() {
	mkdir -p "$LAB_DIR/backends/prometheus"
	prometheus_config >"$LAB_DIR/backends/prometheus/prometheus.yaml"
	backend_start prometheus "$(find_program prometheus)" --log.level=error \
		--config.file=prometheus.yaml --storage.tsdb.path=data \
		--web.listen-address="$(backend_address prometheus)"
}

# --- what `lab` asks for ---

# settle VARIABLE OPTION SCHEME=BACKEND...: a word that was given becomes SCHEME://ADDRESS/ENVIRONMENT.
settle() {
	local -n variable=$1
	local option=$2 known words=''
	shift 2
	[ -n "$variable" ] || return 0
	for known in "$@"; do
		words+=" ${known%=*}"
		if [ "$variable" = "${known%=*}" ]; then
			variable=$variable://$(backend_address "${known#*=}")/$LAB_ENVIRONMENT
			return
		fi
	done
	die "$option $variable: one of:$words"
}

# backends_settle: the options as they were given become what lab.env keeps.
backends_settle() {
	[ -z "$LAB_CHAIN" ] || LAB_REGISTRY=${LAB_REGISTRY:-etcd}
	if [ -n "$LAB_CONFIG$LAB_TRACES$LAB_METRICS" ] && [ -z "$LAB_REGISTRY" ]; then
		die "--config, --traces and --metrics go with --registry"
	fi
	settle LAB_REGISTRY --registry etcd=etcd sc=fakesc
	settle LAB_CONFIG --config etcd=etcd kie=fakekie
	settle LAB_TRACES --traces zipkin=zipkin
	settle LAB_METRICS --metrics prometheus=prometheus
	if [ -n "$LAB_TRACES" ] && ! "$PEERS/start" -t zipkin; then
		printf 'lab: going on without traces\n' >&2
		LAB_TRACES=''
	fi
}

# backends_up: starts them, the slow one first.
backends_up() {
	[ -z "$LAB_TRACES" ] ||
		backend_start zipkin "$PEERS/start" -f zipkin "$(backend_address zipkin)" "$LAB_DIR/backends/zipkin"
	case "$LAB_REGISTRY $LAB_CONFIG" in
	*etcd://*) etcd_start ;;
	esac
	case $LAB_REGISTRY in
	sc://*) backend_start fakesc "$BIN/fakesc" "$(backend_address fakesc)" ;;
	esac
	case $LAB_CONFIG in
	kie://*) backend_start fakekie "$BIN/fakekie" "$(backend_address fakekie)" ;;
	esac
	[ -z "$LAB_METRICS" ] || prometheus_start
}

backend_answers() {
	noted_gone "$LAB_DIR/backends/$1/noted" || "$BIN/ask" "$(backend_address "$1")"
}

# backends_await: until they all listen.
backends_await() {
	local at name
	for at in "$LAB_DIR"/backends/*/; do
		[ -e "$at/noted" ] || continue
		name=${at%/}
		name=${name##*/}
		if ! await 90 backend_answers "$name" || noted_gone "$at/noted"; then
			die "$name does not start: $(tail -n 3 "$at/log")"
		fi
	done
}

# Nothing of theirs is worth a last word.
backends_down() {
	local noted
	for noted in "$LAB_DIR"/backends/*/noted; do
		[ ! -e "$noted" ] || stop_noted "$noted" KILL
	done
}

# backends_reset: as they were after `up`: nothing registered, nothing set.
backends_reset() {
	backends_down
	rm -rf "$LAB_DIR/backends"
	backends_up
}

# backend_write SECTION NAME URL: one backend of the inventory, by the scheme of what lab.env has.
backend_write() {
	local url
	url=http://$(backend_of "$3")
	case $3 in
	'') return ;;
	etcd://*) url="type: etcd, endpoints: \"$url\"" ;;
	sc://*) url="type: serviceCenter, url: \"$url\", watchAs: \"*\"" ;;
	*://*) url="type: ${3%%://*}, url: \"$url\"" ;;
	esac
	printf '%s:\n  %s: { %s }\n' "$1" "$2" "$url"
}

backends_inventory() {
	[ -n "$LAB_REGISTRY" ] || return 0
	printf 'environment: { name: %s }\n' "$LAB_ENVIRONMENT"
	backend_write registries city "$LAB_REGISTRY"
	backend_write configs settings "$LAB_CONFIG"
	backend_write metrics prom "$LAB_METRICS"
	backend_write tracing zipkin "$LAB_TRACES"
}

# backends_env: what every service is told, as pairs of a YAML mapping.
backends_env() {
	printf 'SHOP_REGISTRY: "%s", SHOP_SERVICE: "%s", SHOP_HOST: "%s", SHOP_REFRESH: "500", SHOP_TTL: "5"' \
		"$LAB_REGISTRY" "\$(service)" "\$(host)"
	[ -z "$LAB_CONFIG" ] || printf ', SHOP_CONFIG: "%s"' "$LAB_CONFIG"
	[ -z "$LAB_TRACES" ] || printf ', SHOP_TRACES: "%s", SHOP_SAMPLE: "20"' "$(backend_address zipkin)"
}
