#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The lab's chain on a real etcd and on the fake of Service Center and Kie: it registers, finds its
# callees there, reads its setting, and is seen by registry, tracing and metrics.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# chain_up REGISTRY CONFIG
chain_up() {
	SITE=$T/$1
	lab_start --hosts 2 --lbs 1 --driver local --chain --registry "$1" --config "$2" \
		--traces zipkin --metrics prometheus --healthy 200ms
}

chain_down() {
	local file
	for file in "$T"/*.noted; do
		[ -e "$file" ] && stop_noted "$file" KILL
	done
	cd / && "$LAB_HOME/lab" down "$SITE"
}

# --- the registry and the config centre, as an operator with curl has them ---

etcd_call() {
	curl -fsS "http://$(backend_of "$1")/v3/kv/$2" -d "$3" || fail "etcd refuses $2"
}

base64_of() {
	printf %s "$1" | base64 -w0
}

# etcd_state HOST STATE: what is there with another state, its lease kept.
etcd_state() {
	local key value
	key=$(base64_of "/sluice/services/testing/orders/$1:8080")
	value=$(etcd_call "$LAB_REGISTRY" range "{\"key\":\"$key\"}" |
		sed 's/.*"value":"\([^"]*\)".*/\1/' | base64 -d | sed "s/\"state\":\"[A-Z]*\"/\"state\":\"$2\"/")
	etcd_call "$LAB_REGISTRY" put \
		"{\"key\":\"$key\",\"value\":\"$(base64_of "$value")\",\"ignore_lease\":true}" >"$T/put"
}

# center_state HOST STATE
center_state() {
	local url path
	url=http://$(backend_of "$LAB_REGISTRY")/v4/default/registry
	path=$(curl -fsS "$url/instances?appId=shop&serviceName=orders&env=testing&noCache=1" | tr '{' '\n' |
		sed -n "s/.*\"instanceId\":\"\([^\"]*\)\",\"serviceId\":\"\([^\"]*\)\".*\"hostName\":\"$1\".*/\2\/instances\/\1/p")
	[ -n "$path" ] || fail "Service Center has no orders on $1"
	curl -fsS -X PUT "$url/microservices/$path/status?value=$2" || fail "Service Center refuses $2"
}

# orders_state HOST UP|OUT
orders_state() {
	case $LAB_REGISTRY in
	etcd://*) etcd_state "$@" ;;
	*) center_state "$1" "${2/OUT/OUTOFSERVICE}" ;;
	esac
}

# pool_size VALUE: made or changed
pool_size() {
	local kv id text=${1//\"/\\\"}
	kv=http://$(backend_of "$LAB_CONFIG")/v1/default/kie/kv
	case $LAB_CONFIG in
	etcd://*)
		etcd_call "$LAB_CONFIG" put "{\"key\":\"$(base64_of /sluice/config/testing/orders/pool.size)\",
			\"value\":\"$(base64_of "$1")\"}" >"$T/put"
		return
		;;
	esac
	id=$(curl -fsS "$kv?key=pool.size" | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p')
	if [ -n "$id" ]; then
		curl -fsS -X PUT "$kv/$id" -H 'Content-Type: application/json' -o "$T/put" \
			-d "{\"value\":\"$text\",\"status\":\"enabled\"}" || fail "Kie refuses the change"
	else
		curl -fsS "$kv" -H 'Content-Type: application/json' -o "$T/put" -d "{\"key\":\"pool.size\",
			\"value\":\"$text\",\"status\":\"enabled\",
			\"labels\":{\"environment\":\"testing\",\"service\":\"orders\"}}" || fail "Kie refuses the key"
	fi
}

# --- what is waited for ---

get() {
	sl get "$@" -i inventory.yaml
}

# shows PATTERN WHAT...: does get WHAT print it?
shows() {
	local pattern=$1
	shift
	get "$@" && grep -qe "$pattern" "$T/out"
}

# expect_shown SECONDS PATTERN WHAT...
expect_shown() {
	local seconds=$1
	shift
	await "$seconds" shows "$@" || { cat "$T/out" >>"$T/err" && fail "no '$1' in get ${*:2}"; }
}

answer_has() {
	local front
	read -r front <<<"$(fronts)"
	"$BIN/get" "$front/checkout" >"$T/answer" 2>&1 && grep -q "$1" "$T/answer"
}

# In its last whole second the client was answered by these versions only, and often.
answered_by() {
	tail -n 1 "$T/timeline" | awk -v want="$1" '
		{ for (i = 4; i <= NF; i++) { split($i, kv, "="); if (kv[2] > 0) got[kv[1]] = 1 } }
		END {
			many = split(want, wanted, " ")
			for (i = 1; i <= many; i++) { good += wanted[i] in got; delete got[wanted[i]] }
			for (i in got) good = -1
			exit !($2 > 20 && good == many)
		}'
}

expect_answered_by() {
	await 30 answered_by "$1" || fail "not answered by $1: $(tail -n 1 "$T/timeline")"
}

# --- cases ---

# expect_up SERVICE HOST VERSION
expect_up() {
	expect_shown 20 "^$1,[^,]*,$2,[^,]*,8080,$3,ok,UP," instances -o csv
}

comes_up_and_registers() {
	local service host
	for service in stock install gateway; do
		expect_exit 0 run "$service.yaml" --set version=1.0.0 -y
	done
	expect_exit 0 run install.yaml --set version=2.0.0 --limit h2 -y
	for host in g1 g2; do
		expect_up gateway "$host" 1.0.0
	done
	for host in s1 s2; do
		expect_up stock "$host" 1.0.0
	done
	expect_up orders h1 1.0.0
	expect_up orders h2 2.0.0
	await 20 answer_has '"gateway".*"orders".*"stock"' || fail "the chain answers $(cat "$T/answer")"
}

# A client that passes no balancer.
orders_client_start() {
	"$BIN/client" --registry "$LAB_REGISTRY" --service orders --refresh 300 --rate 100 \
		--timeline "$T/timeline" >"$T/client.json" 2>&1 </dev/null &
	note_pid "$T/client.noted" $!
	disown
}

# One that is marked out loses its traffic, without a failure, and gets it back.
out_and_back() {
	orders_client_start
	expect_answered_by '1.0.0 2.0.0'
	orders_state h1 OUT
	expect_answered_by '2.0.0'
	expect_shown 20 '^orders,.*,h1,.*,OUT,' instances -o csv
	orders_state h1 UP
	expect_answered_by '1.0.0 2.0.0'
	expect_no_failure
}

setting_is_read_again() {
	pool_size 80
	await 20 answer_has '"orders".*"setting":{"pool.size":"80"}' || fail "the setting is not read"
	pool_size 'a "hundred"'
	await 20 answer_has '"setting":{"pool.size":"a \\"hundred\\""}' || fail "the change is not read"
	expect_shown 20 'pool.size.*hundred' keys -o wide
}

# The drain is the registry's, the setting goes with the release and comes back with its undo.
released_and_undone() {
	pool_size 80
	orders_client_start
	expect_exit 0 run canary.yaml --set version=3.0.0 -y -o json
	expect_answered_by '3.0.0'
	await 20 answer_has '"orders","version":"3.0.0".*"setting":{"pool.size":"120"}' ||
		fail "the setting did not come with the release: $(cat "$T/answer")"
	expect_exit 0 undo canary -y
	expect_answered_by '1.0.0 2.0.0'
	await 20 answer_has '"setting":{"pool.size":"80"}' || fail "the setting did not go back"
	expect_no_failure
}

spans_are_found() {
	local id
	expect_shown 60 '"spans":[3-5],"services":3,"errors":0,"service":"gateway"' traces -o ndjson
	id=$(sed -n 's/.*"services":3,.*"trace":"\([^"]*\)".*/\1/p' "$T/out" | head -n 1)
	expect_exit 0 get trace "$id" -i inventory.yaml
	expect_out '^.  *gateway  get /checkout'
	expect_out '^.  *orders  get /order'
	expect_out '^.  *stock  get /reserve'
}

rates_are_seen() {
	local service
	for service in gateway orders stock; do
		expect_shown 60 "\"service\":\"$service\".*\"rate\":[0-9.]*[1-9]" services -o ndjson
		expect_out "\"service\":\"$service\".*\"p99\":[0-9.]*[1-9]"
		expect_out '"p99Series":\[[^]]*,' # asked once, and there is a past
	done
}

# heard PATTERN: says the console that polls once a minute?
heard() {
	grep -q "$1" "$T/heard"
}

# What gateway calls is pushed to it, and so to who listens as gateway does.
changes_are_pushed() {
	rm -f "$T/typed"
	mkfifo "$T/typed"
	exec 8<>"$T/typed"
	"$BUILD/sluice-console" --plain -i inventory.yaml --interval 60s instances \
		<"$T/typed" >"$T/heard" 2>"$T/err" &
	note_pid "$T/heard.noted" $!
	disown
	await 20 heard ' ok .*HOST h2;' || fail "the console shows nothing"
	orders_state h1 OUT
	await 20 heard ' off .*HOST h1;' || fail "that h1 is out is not heard"
	: >"$T/heard"
	orders_state h1 UP
	await 20 heard ' ok .*HOST h1;' || fail "that h1 is back is not heard"
	exec 8>&-
	stop_noted "$T/heard.noted" KILL
}

# misses WORD...: a console on the services, of which only well ones are left; more keys then.
misses() {
	printf '%s\n' 'wait orders' / 'type service:orders' enter 'wait 1 of 3 services' \
		"dump $T/there" 'wait 1 left the registry, the last' "$@" >"$T/keys"
	rm -f "$T/there"
	LC_ALL=C.UTF-8 setsid timeout -k 5 120 "$BUILD/sluice-console" services -i inventory.yaml \
		--interval 1s --keys "$T/keys" --screen-dump "$T/screen" >"$T/out" 2>"$T/err" </dev/null &
	await 30 test -s "$T/there" || fail "the console shows no services"
}

# TERM takes an instance out at once; one that just dies goes with its lease. Who is left is well:
# the console misses the other, and where the registry's ids are places, l is its log.
goes_from_the_registry() {
	case $LAB_REGISTRY in
	etcd://*) misses l 'wait Services > h1:8080' 'wait stopping' ;;
	*) misses ;;
	esac
	kill -TERM "$(running_below "$SITE/hosts/h1")"
	await 10 not_shown ',h1,' || fail "h1 is still registered"
	wait $! || { sed "s/^/#   /" "$T/screen" && fail "nobody misses h1"; }
	kill -KILL "$(running_below "$SITE/hosts/h2")"
	await 60 not_shown ',h2,' || fail "h2 is still registered"
}

not_shown() {
	get instances -o csv && ! grep -q "$1" "$T/out"
}

chain_cases() {
	run_case "$1: the chain comes up and registers" comes_up_and_registers
	front_client_start
	run_case "$1: marked out, no traffic; back, traffic; no failure" out_and_back
	run_case "$1: a change in the config centre is seen in the answer" setting_is_read_again
	run_case "$1: a canary and its undo, no failure without a balancer" released_and_undone
	if [ -n "$LAB_TRACES" ]; then
		run_case "$1: a trace goes through all three" spans_are_found
	else
		skip_case "$1: a trace goes through all three" "Zipkin is not there: make peers"
	fi
	run_case "$1: rates and durations from Prometheus" rates_are_seen
	run_case "$1: a change is seen long before the next poll" changes_are_pushed
	run_case "$1: TERM and death are seen in the registry" goes_from_the_registry
}

# Something to trace and to count.
front_client_start() {
	# shellcheck disable=SC2046 # one word an address
	"$BIN/client" --rate 20 --path /checkout $(fronts) >"$T/front.json" 2>&1 </dev/null &
	note_pid "$T/front.noted" $!
	disown
}

for program in etcd prometheus curl; do
	command -v $program >/dev/null && continue
	skip_case "the chain" "$program is not installed: make deps"
	exit 0
done
chain_up etcd etcd
chain_cases etcd
chain_down
chain_up sc kie
chain_cases "Service Center"
cases_end
