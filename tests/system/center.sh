#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Releases of a service that no balancer stands before: its callers find it in Service Center, its
# settings are in Kie (the lab's fakes of both). Nobody who finds it there loses a request.
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

KIE_KEY='key=limit&match=exact&label=service:shop&label=environment:testing'

# shellcheck disable=SC2016 # names of sluice's
with_keys() {
	local name
	for name in rolling canary; do
		sed -i -e '/^    config: /d' \
			-e 's|^    registry: .*|&\n    config: { use: settings, set: { limit: "$(version) of $(service)" } }|' \
			-e 's/propagation: [0-9]*ms/propagation: 2500ms/' "$name.yaml"
	done
}

# A caller like the services themselves: it asks the registry every now and then, nobody else.
caller_start() {
	"$BIN/client" --rate 60 --retry-idle --registry "$LAB_REGISTRY" --service shop >"$T/client.json" 2>&1 </dev/null &
	note_pid "$T/client.noted" $!
	disown
}

# What Service Center says of each instance: "UP 1.0.0".
registered() {
	expect_exit 0 get instances shop -i inventory.yaml -o ndjson
	sed -n 's/.*"version":"\([^"]*\)".*"registered":"\([^"]*\)".*/\2 \1/p' "$T/out"
}

up_with() {
	[ "$(registered | grep -c "^UP $1$")" = "$(wc -w <<<"$LAB_HOSTS")" ]
}

expect_registered() {
	await 20 up_with "$1" || fail "the registry says: $(registered | tr '\n' ',')"
}

# The value in Kie, asked past sluice; nothing when it is not there.
kie_value() {
	curl -fsS "http://$LAB_NET.250:30110/v1/default/kie/kv?$KIE_KEY" | sed -n 's/.*"value":"\([^"]*\)".*/\1/p'
}

expect_limit() {
	[ "$(kie_value)" = "$1" ] || fail "limit is '$(kie_value)', expected '$1'"
}

first_install() {
	fresh
	expect_exit 0 run install.yaml --set version=1.0.0 -y
	expect_versions 1.0.0
	expect_registered 1.0.0
	expect_limit ''
}

rolling_without_a_balancer() {
	caller_start
	expect_exit 0 run rolling.yaml --set version=2.0.0 -y -o json
	grep -q '"do":"drain".*"target":{"registry":{"[^"]*":"OUT"}' "$T/out" || fail "nothing was marked out"
	expect_no_failure
	expect_versions 2.0.0
	expect_registered 2.0.0
	expect_limit '2.0.0 of shop'
	expect_tidy
}

undo_without_a_balancer() {
	caller_start
	expect_exit 0 undo rolling -y
	expect_no_failure
	expect_versions 1.0.0
	expect_registered 1.0.0
	expect_limit ''
	expect_tidy
}

bad_release() {
	caller_start
	expect_exit 4 run canary.yaml --set version=2.0.0-bad -y
	expect_no_failure
	expect_versions 1.0.0
	expect_registered 1.0.0
	expect_limit ''
	expect_tidy
}

killed_while_it_drains() {
	sl_start run run rolling.yaml --set version=3.0.0 -y -o json
	expect_event run 60 '"event":"step.started".*"do":"drain"'
	kill -KILL "$(sl_pid run)"
	await 5 noted_gone "$T/run.noted"
	expect_exit 0 resume rolling -y
	expect_versions 3.0.0
	expect_registered 3.0.0
	expect_limit '3.0.0 of shop'
	expect_tidy
}

if ! command -v curl >/dev/null; then
	skip_case "releases through Service Center and Kie" "curl is not installed"
	exit 0
fi
lab_start --hosts 3 --driver local --router none --healthy 200ms --registry sc --config kie
sed -i '/^    config: /d' install.yaml
with_keys
run_case "first install" first_install
run_case "rolling without a balancer: no caller loses a request" rolling_without_a_balancer
run_case "undone without a balancer: no caller loses a request" undo_without_a_balancer
run_case "a bad release: Service Center and Kie as before" bad_release
run_case "killed while an instance drains, resumed" killed_while_it_drains
cases_end
