#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Pause, promote, abort, attach, detach, from another terminal; saved plans; claims.
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"

# at_the_gate [STATE FOLDER]: gated.yaml runs in the background and stands at its pause.
at_the_gate() {
	sl_start run run gated.yaml --set version=2.0.0 -y --wait -o json
	expect_event run 40 '"event":"pause.started"'
}

promote_from_another_terminal() {
	fresh 1.0.0
	client_start
	at_the_gate
	[ "$(count_on 2.0.0)" = 1 ] || fail "$(count_on 2.0.0) instances upgraded at the gate"
	expect_exit 0 show -o json
	expect_out '"paused"'
	expect_exit 0 get runs -f 'state:paused' -o json
	expect_out '"progress":0\.[1-9].*"waiting":"promote"'
	expect_exit 0 promote --reason 'looks good'
	sl_end run 0
	grep -q '"event":"control.taken".*looks good' "$T/run.out" || fail "promote is not in the events"
	expect_no_failure
	expect_versions 2.0.0
	expect_tidy
	expect_exit 2 promote # nothing is left to promote
}

abort_from_another_terminal() {
	fresh 1.0.0
	client_start
	at_the_gate
	expect_exit 0 abort -y --reason 'not today'
	sl_end run 4
	expect_no_failure
	expect_versions 1.0.0
	expect_tidy
}

pause_and_resume_by_the_operator() {
	sl_start run run canary.yaml --set version=2.0.0 -y --wait -o json
	expect_event run 30 '"event":"step.started".*"do":"swap"'
	expect_exit 0 pause
	expect_event run 30 '"event":"pause.started".*"by":"operator"'
	expect_exit 0 resume
	sl_end run 0
	expect_versions 2.0.0
	expect_tidy
}

# A drain that is not idle in time fails; tried again it takes its own mark for nobody's else, and the
# server comes back ready.
drain_is_tried_again() {
	local i first asking=()
	fresh 1.0.0
	first=$(instance_address h1:8080)
	sed 's/timeout: 5s }/timeout: 500ms, onTimeout: fail }/; s/^\( *\)maxUnavailable: 1/&\n\1onFailure: pause/' rolling.yaml >strict.yaml
	"$BIN/get" "$first/told/slow:6000" >/dev/null || fail "$first is not slow"
	for i in 1 2 3 4; do
		"$BIN/get" -t 30000 "$(host_address lb1):8000/" >"$T/get$i" 2>&1 </dev/null &
		asking+=($!)
	done
	expect_exit 3 run strict.yaml --set version=2.0.0 -y
	expect_err 'still [1-4] requests in flight'
	wait "${asking[@]}"
	expect_exit 0 retry -y
	expect_versions 2.0.0
	expect_tidy
	rm strict.yaml
}

# Without a terminal and without --wait a pause without end is an exit: the claim is parked.
parked_run_goes_on() {
	fresh 1.0.0
	expect_exit 3 run gated.yaml --set version=2.0.0 -y
	expect_err promote
	expect_exit 6 run canary.yaml --set version=3.0.0 -y # its claim stays
	expect_exit 0 promote -y
	expect_versions 2.0.0
	expect_tidy
}

attach_sees_all_events() {
	fresh 1.0.0
	at_the_gate
	sl_start viewer attach gated -o json
	expect_event viewer 20 '"event":"pause.started"'
	expect_event viewer 5 '"event":"run.started"'
	expect_exit 0 promote
	sl_end run 0
	sl_end viewer 0
	[ "$(grep -c '"event"' "$T/viewer.out")" = "$(grep -c '"event"' "$T/run.out")" ] ||
		fail "the viewer saw $(grep -c '"event"' "$T/viewer.out") events of $(grep -c '"event"' "$T/run.out")"
}

# A viewer that leaves does not stop the run; a terminal that hangs up does not either.
detach_by_hang_up() {
	fresh 1.0.0
	at_the_gate
	sl_start viewer attach gated -o json
	expect_event viewer 20 '"event":"pause.started"'
	kill -INT "$(sl_pid viewer)"
	sl_end viewer 130
	kill -HUP "$(sl_pid run)"
	expect_exit 0 promote
	sl_end run 0
	expect_versions 2.0.0
	expect_tidy
}

# An answer that is empty because nothing is called so is no answer.
lists_find() {
	fresh 1.0.0
	expect_exit 0 run rolling.yaml --set version=2.0.0 -y --reason $'ticket \033[31m7'
	expect_exit 0 runs 2
	expect_out '^ *2  rolling '
	[ "$(wc -l <"$T/out")" = 2 ] || fail "not one run: $(cat "$T/out")"
	expect_exit 0 get runs 2 -o csv
	expect_out '^2,rolling,rollout,ended,'
	expect_exit 0 get runs rolling -o ndjson
	expect_out '^{"number":2,"name":"rolling"'
	[ "$(wc -l <"$T/out")" = 1 ] || fail "not one run: $(cat "$T/out")"
	expect_exit 0 runs -o wide
	expect_out 'ticket .\[31m7'
	! grep -q $'\033' "$T/out" || fail "a control character of a reason stands in the list"
	expect_exit 2 get runs rollin
	expect_err "did you mean 'rolling'"
	expect_exit 2 runs 9
	expect_err 'there is no run 9; the latest is 2'
	expect_exit 2 get runs 9
	expect_err 'there is no run 9'
	expect_exit 0 get runs -f state:paused
	expect_err '^No runs pass the filter\.$'
	[ ! -s "$T/out" ] || fail "an empty table has lines"
	expect_exit 0 get runs -f state:paused -o json
	[ "$(cat "$T/out")" = '{"items":[],"sources":[]}' ] || fail "$(cat "$T/out")"
	expect_exit 0 get runs -f state:paused -o csv
	expect_out '^number,name,kind,state,'
	[ "$(wc -l <"$T/out")" = 1 ] || fail "an empty csv is more than its header"
	expect_exit 0 get runs -f state:paused -o ndjson
	[ ! -s "$T/out" ] || fail "empty ndjson has lines"
}

# A reader that has enough is nobody's failure; a disk that is full is.
readers_leave() {
	local rc
	fresh 1.0.0
	for what in "get runs -o ndjson" "get events -o csv" "runs" "show -o json"; do
		# shellcheck disable=SC2086 # words
		"$SLUICE" $what 2>"$T/err" | true
		rc=${PIPESTATUS[0]}
		[ "$rc" = 0 ] || fail "$what | true: exit $rc"
		[ ! -s "$T/err" ] || fail "$what | true: $(cat "$T/err")"
		# shellcheck disable=SC2086
		"$SLUICE" $what 2>"$T/err" >/dev/full
		rc=$?
		[ "$rc" = 1 ] || fail "$what on a full disk: exit $rc"
		expect_err 'standard output: No space left'
	done
	timeout 60 "$SLUICE" watch runs 2>"$T/err" | head -n 1 >"$T/out"
	rc=${PIPESTATUS[0]}
	[ "$rc" = 0 ] || fail "watch runs | head -1: exit $rc"
	expect_out RUN
	sl_start follower watch runs -o ndjson
	expect_event follower 20 '"name":"install"'
	kill -INT "$(sl_pid follower)"
	sl_end follower 130
	[ "$(wc -l <"$T/follower.out")" = 1 ] || fail "more than one row: $(cat "$T/follower.out")"
}

# TERM: the step in hand is finished, the run is paused, exit 3; resume goes on.
stopped_by_term() {
	fresh 1.0.0
	sl_start run run canary.yaml --set version=2.0.0 -y -o json
	expect_event run 30 '"event":"step.started".*"do":"swap"'
	kill -TERM "$(sl_pid run)"
	sl_end run 3
	expect_service
	expect_exit 0 resume -y
	expect_versions 2.0.0
	expect_tidy
}

saved_plan() {
	fresh 1.0.0
	expect_exit 0 plan canary.yaml --set version=2.0.0 --out "$T/plan.json"
	expect_exit 0 run "$T/plan.json" -y
	expect_versions 2.0.0
	expect_exit 2 run "$T/plan.json" -y # the site is another one now
	expect_versions 2.0.0
}

stale_plan_playbook() {
	expect_exit 0 plan canary.yaml --set version=3.0.0 --out "$T/plan.json"
	printf '# a word more\n' >>canary.yaml
	expect_exit 2 run "$T/plan.json" -y
	expect_versions 2.0.0
	expect_tidy
}

# Two operators: two state folders, one site. The hosts decide.
held_by_somebody_else() {
	local before
	fresh 1.0.0
	at_the_gate
	before=$(site_picture)
	SLUICE_STATE=$T/state-other expect_exit 6 run canary.yaml --set version=3.0.0 -y
	expect_err 'held by run'
	[ "$(site_picture)" = "$before" ] || fail "something was changed"
	expect_exit 0 abort -y
	sl_end run 4
	SLUICE_STATE=$T/state-other expect_exit 0 run canary.yaml --set version=3.0.0 -y
	expect_versions 3.0.0
	expect_tidy
}

# What a run knew of the hosts is void once somebody took them over: it must not come back.
taken_over_stays_away() {
	local before verb
	fresh 1.0.0
	expect_exit 3 run gated.yaml --set version=2.0.0 -y
	export SLUICE_CLAIM_TTL=2s
	SLUICE_STATE=$T/state-other expect_exit 0 run canary.yaml --set version=3.0.0 -y --take-over --reason test
	unset SLUICE_CLAIM_TTL
	expect_versions 3.0.0
	before=$(site_picture)
	for verb in promote resume undo abort; do
		expect_exit 6 "$verb" gated -y
		expect_err 'taken over'
	done
	[ "$(site_picture)" = "$before" ] || fail "something was changed"
	expect_tidy
}

# How hosts are reached does not matter here, traffic does: no SSH, real balancer.
lab_start --hosts 2 --lbs 1 --driver local --healthy 200ms
run_case "promote from another terminal" promote_from_another_terminal
run_case "abort from another terminal" abort_from_another_terminal
run_case "pause and resume by the operator" pause_and_resume_by_the_operator
run_case "a drain that failed is tried again" drain_is_tried_again
run_case "a parked run: exit 3, then promote" parked_run_goes_on
run_case "attach sees every event" attach_sees_all_events
run_case "viewer leaves, terminal hangs up, the run goes on" detach_by_hang_up
run_case "TERM pauses, resume goes on" stopped_by_term
run_case "lists find by name and number, and say what they lack" lists_find
run_case "lists and followers end when their reader leaves, or at ctrl-c" readers_leave
run_case "a saved plan runs once" saved_plan
run_case "a plan whose playbook changed is stale" stale_plan_playbook
run_case "a claim held by another operator: exit 6" held_by_somebody_else
run_case "a run that was taken over does not come back" taken_over_stays_away
cases_end
