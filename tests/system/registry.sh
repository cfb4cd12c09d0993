#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A service that registers itself in a real etcd and reads its settings there: releases wait for the
# registry, drains are seen in it from outside, settings go out with the first traffic and come back.
# shellcheck source-path=SCRIPTDIR
# shellcheck disable=SC2016 # commands in messages stand in backquotes
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/etcd.sh"

# --- the site: its services register themselves, and go when they are stopped ---

without_patience() {
	etcd_of_lab
	sed -i 's/{ type: etcd, /&requestTimeout: 1s, /' inventory.yaml
}

# with_config PLAYBOOK VALUE: the same, which also sets a key.
with_config() {
	sed -e '/^    config: /d' \
		-e "s|^    registry: .*|&\n    config: { use: settings, set: { limit: \"$2\", greeting: \"hi \$(version)\" } }|" \
		-e 's/^name: .*/name: config/' "$1.yaml" >config.yaml
}

expect_registered() {
	await 10 all_registered "$1" || fail "the registry says: $(registered | tr '\n' ',')"
}

expect_key() {
	local got
	got=$(etcd_get "$(config_key "$1")")
	[ "$got" = "$2" ] || fail "$1 is '$got', expected '$2'"
}

# --- cases ---

first_install() {
	fresh
	cp backends/etcd/noted "$T/etcd.proc" # the reset made it anew
	expect_exit 0 plan install.yaml --set version=1.0.0
	expect_exit 0 run install.yaml --set version=1.0.0 -y
	expect_versions 1.0.0
	expect_registered 1.0.0
	expect_tidy
}

# Looks at etcd itself all the while.
watch_registry() {
	: >"$T/seen"
	while [ -e "$T/watching" ]; do
		registered >>"$T/seen"
	done
}

rolling_is_seen_in_the_registry() {
	local watcher h
	: >"$T/watching"
	watch_registry &
	watcher=$!
	client_start
	sl run rolling.yaml --set version=2.0.0 -y -o json
	local rc=$?
	rm "$T/watching"
	wait "$watcher"
	[ "$rc" = 0 ] || fail "exit $rc"
	expect_no_failure
	expect_versions 2.0.0
	expect_registered 2.0.0
	expect_tidy
	for h in $LAB_HOSTS; do
		grep -q "^$h OUT 1.0.0" "$T/seen" || fail "$h was never seen OUT"
	done
	expect_out '"registry":{"h1:8080":"OUT"}'
	expect_out '"propagation":1500'
}

config_goes_out_and_comes_back() {
	etcd_put "$(config_key limit)" 40
	with_config rolling 80
	expect_exit 0 plan config.yaml --set version=3.0.0
	expect_out 'limit *40 -> 80'
	expect_out 'greeting *not there -> hi 3.0.0'
	expect_key limit 40
	expect_exit 0 run config.yaml --set version=3.0.0 -y -o json
	config_before_swap <"$T/out" || fail "the first switch came before the config"
	expect_key limit 80
	expect_key greeting 'hi 3.0.0'
	expect_registered 3.0.0
	expect_exit 0 undo config -y
	expect_key limit 40
	expect_key greeting ''
	expect_versions 2.0.0
	expect_registered 2.0.0
	expect_tidy
}

config_before_swap() {
	grep '"event":"step.started"' | sed -n 's/.*"do":"\(config\|swap\)".*/\1/p' | head -n 1 | grep -q config
}

config_of_others_is_left() {
	with_config rolling 90
	expect_exit 0 run config.yaml --set version=3.0.0 -y
	etcd_put "$(config_key limit)" 100
	expect_exit 5 undo config -y
	expect_err 'retry'
	expect_key limit 100
	expect_versions 2.0.0
	expect_key greeting ''
	etcd_put "$(config_key limit)" 90
	expect_exit 0 retry config -y
	expect_key limit 40
	expect_tidy
}

config_alone() {
	with_config rolling 60
	expect_exit 0 run config.yaml --set "version=$(live_version h1:8080)" -y --reason LIMIT-60
	expect_out 'done'
	expect_key limit 60
	expect_exit 0 get history limit -i inventory.yaml -o ndjson
	expect_out "\"by\":\"$(id -un)\",\"reason\":\"LIMIT-60\",\"run\":[0-9].*\"value\":\"60\""
	expect_exit 0 undo config -y
	expect_key limit 40
	expect_tidy
}

# tells_no_secret ARGS...: exit 0, and neither value is in what it says.
tells_no_secret() {
	expect_exit 0 "$@"
	! grep -e hunter "$T/out" "$T/err" || fail "sluice $* tells a secret"
}

# Values of keys that are secrets by their names are for the journal alone.
secrets_are_not_told() {
	local file version
	version=$(live_version h1:8080)
	with_config rolling 40
	sed -i 's/limit: "40"/db.password: "hunter2"/' config.yaml
	etcd_put "$(config_key db.password)" hunter1
	tells_no_secret plan config.yaml --set "version=$version" -o json
	expect_out '"key":"db.password","hidden":true'
	tells_no_secret plan config.yaml --set "version=$version" --out saved.json
	tells_no_secret run saved.json -y -o json
	expect_out '"prior":{"hidden":true}'
	expect_key db.password hunter2
	for file in saved.json "$SLUICE_STATE/runs.db"; do
		[ "$(stat -c %a "$file")" = 600 ] || fail "$file has mode $(stat -c %a "$file")"
	done
	tells_no_secret show config -o json
	tells_no_secret undo config -y -o json
	expect_key db.password hunter1
	printf hunter3 >"$T/value"
	tells_no_secret publish db.password --value-file "$T/value" -i inventory.yaml --reason x -y
	expect_key db.password hunter3
	tells_no_secret show 'publish shop' -o json
	expect_out '"target":{"v":1,"there":true,"hidden":true'
	tells_no_secret get events -o json
	tells_no_secret undo 'publish shop' -y -o json
	expect_key db.password hunter1
	etcd_delete "$(config_key db.password)"
	chmod 644 "$SLUICE_STATE/runs.db"
	expect_exit 0 runs
	[ "$(stat -c %a "$SLUICE_STATE/runs.db")" = 600 ] || fail "the journal stays open to others"
}

bad_release_is_rolled_back() {
	with_config rolling 80
	client_start
	expect_exit 4 run config.yaml --set version=2.0.0-bad -y
	expect_no_failure
	expect_versions 2.0.0
	expect_registered 2.0.0
	expect_key limit 40
	expect_tidy
}

# It is well, and says another version to the registry.
wrong_version_registered() {
	sed -e "s|command: exec ./shop orders|command: $BIN/registrar $ETCD:$PORT $ENVIRONMENT $SERVICE \$(host) \$(address):\$(port) 0.0.1 5 \& SHOP_REGISTRY= exec ./shop orders|" \
		-e 's/^name: .*/name: wrong/' rolling.yaml >wrong.yaml
	expect_exit 4 run wrong.yaml --set version=3.0.0 -y
	expect_err 'registry city says version 0.0.1, not 3.0.0'
	expect_versions 2.0.0
	expect_registered 2.0.0
	expect_tidy
}

is_out() {
	etcd_get "$(service_key h1:8080)" | grep -q '"state":"OUT"'
}

# Somebody lifts the mark of an instance that is not idle yet: it is set again, and said.
lifted_marks_are_set_again() {
	local version asking=()
	version=$(live_version h1:8080)
	sed 's/timeout: 5s }/timeout: 40s }/' rolling.yaml >patient.yaml
	"$BIN/get" "$(instance_address h1:8080)/told/slow:15000" >/dev/null || fail "h1 is not slow"
	for _ in 1 2 3 4; do
		"$BIN/get" -t 60000 "$(host_address lb1):8000/" >/dev/null 2>&1 </dev/null &
		asking+=($!)
	done
	sl_start drift run patient.yaml --set version=3.0.0 -y -o json
	await 20 is_out || fail "h1 is not marked out: $(registered | tr '\n' ',')"
	etcd_put "$(service_key h1:8080)" "$(etcd_get "$(service_key h1:8080)" | sed 's/"state":"OUT"/"state":"UP"/')"
	await 40 is_out || fail "the mark is not set again"
	expect_event drift 20 '"event":"registry.drift","registry":"city",.*"found":"UP","wanted":"OUT"'
	wait "${asking[@]}"
	sl_end drift 0 60
	expect_versions 3.0.0
	expect_registered 3.0.0
	expect_exit 0 undo rolling -y
	rm patient.yaml
	expect_versions "$version"
	expect_registered "$version"
	expect_tidy
}

strangers_are_refused() {
	etcd_put "$(service_key lost)" '{"address":"10.9.9.9","port":8080,"state":"UP"}'
	expect_exit 2 plan rolling.yaml --set version=3.0.0
	expect_err 'registry city: 10.9.9.9:8080 is UP'
	etcd_put "$(service_key lost)" '{"address":"10.9.9.9","port":8080,"state":"DOWN"}'
	expect_exit 0 plan rolling.yaml --set version=3.0.0
	expect_out 'still lists 10.9.9.9:8080 (DOWN)'
	etcd_delete "$(service_key lost)"
}

canary_says_it() {
	expect_exit 0 plan canary.yaml --set version=3.0.0
	tr '\n' ' ' <"$T/out" | grep -q 'receives registry traffic at once' || fail "no note of registry traffic"
}

stale_plan() {
	with_config rolling 80
	expect_exit 0 plan config.yaml --set version=3.0.0 --out saved.json
	etcd_put "$(config_key limit)" 41
	expect_exit 2 run saved.json -y
	expect_err stale
	etcd_put "$(config_key limit)" 40
	expect_exit 0 run saved.json -y
	expect_exit 0 undo config -y
	expect_registered 2.0.0
}

# A rollout that is not finished, and an action that is not: neither comes between the other's steps.
nobody_comes_between() {
	local here=(-i inventory.yaml --reason OPS-1 -y)
	etcd_put "$(config_key limit)" 40
	with_config canary 90
	sed -i 's/pause: { duration: 1s }/pause: {}/' config.yaml
	expect_exit 3 run config.yaml --set version=3.0.0 -y
	expect_exit 6 drain shop h1:8080 --force "${here[@]}"
	expect_err 'shop is held by run .*`sluice promote [0-9]*` goes on with it'
	printf 41 >"$T/value"
	expect_exit 6 publish limit --value-file "$T/value" "${here[@]}"
	expect_err 'is held by run .*sluice promote'
	expect_exit 6 run rolling.yaml --set version=3.0.0 -y
	expect_err '`sluice promote [0-9]*` goes on with it'
	expect_exit 0 undo config -y
	expect_key limit 40
	expect_registered 2.0.0
	SLUICE_TEST_CRASH=4 sl drain shop h1:8080 "${here[@]}"
	expect_exit 6 run rolling.yaml --set version=3.0.0 -y
	expect_err 'service shop in city is held by run .* sluice resume'
	expect_versions 2.0.0
	expect_exit 0 undo 'drain shop' -y
	SLUICE_TEST_CRASH=4 sl publish limit --value-file "$T/value" "${here[@]}"
	expect_exit 6 run config.yaml --set version=3.0.0 -y
	expect_err 'key limit .* in settings is held by run .* sluice resume'
	expect_exit 0 undo 'publish shop' -y
	expect_key limit 40
	expect_registered 2.0.0
	expect_tidy
}

frozen_registry_pauses() {
	local before
	sl_start slow run rolling.yaml --set version=3.0.0 -y -o json
	expect_event slow 60 '"event":"step.started".*"do":"swap"'
	etcd_signal STOP
	sl_end slow 3 120
	before=$(site_picture)
	[ "$(count_on 3.0.0)" -lt 2 ] || fail "it went on without a registry"
	expect_exit 7 plan canary.yaml --set version=3.0.0
	[ "$(site_picture)" = "$before" ] || fail "something was changed"
	etcd_signal CONT
	await 20 etcd_answers || fail "etcd does not come back"
	sl retry rolling -y || sl resume rolling -y || fail "it does not go on"
	expect_versions 3.0.0
	expect_registered 3.0.0
	expect_tidy
}

unreachable_at_plan() {
	sed "s|http://$ETCD:$PORT|http://127.0.0.1:1|" inventory.yaml >dead.yaml
	expect_exit 7 run rolling.yaml --set version=1.0.0 --inventory dead.yaml -y
	expect_versions 3.0.0
}

if ! command -v etcd >/dev/null || ! command -v curl >/dev/null; then
	skip_case "releases and a registry" "etcd-server or curl is not installed"
	exit 0
fi
lab_start --hosts 2 --lbs 1 --driver local --healthy 200ms --registry etcd --config etcd
without_patience
run_case "first install: nothing is registered before, all after" first_install
run_case "rolling: each instance is OUT in etcd while it drains" rolling_is_seen_in_the_registry
run_case "config goes out with the release and comes back with undo" config_goes_out_and_comes_back
run_case "config that others changed is left to them" config_of_others_is_left
run_case "config alone" config_alone
run_case "values of secrets are told to nobody" secrets_are_not_told
run_case "a bad release: registry and config as before" bad_release_is_rolled_back
run_case "the wrong version in the registry is not ready" wrong_version_registered
run_case "marks that are lifted are set again" lifted_marks_are_set_again
run_case "strangers in the registry are refused" strangers_are_refused
run_case "a canary says that the registry gives it traffic" canary_says_it
run_case "a plan goes stale with its config" stale_plan
run_case "rollouts and actions keep out of each other's way" nobody_comes_between
run_case "a frozen registry pauses the run, then it goes on" frozen_registry_pauses
run_case "a registry out of reach: exit 7, nothing changed" unreachable_at_plan
cases_end
