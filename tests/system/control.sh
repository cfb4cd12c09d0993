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
run_case "a saved plan runs once" saved_plan
run_case "a plan whose playbook changed is stale" stale_plan_playbook
run_case "a claim held by another operator: exit 6" held_by_somebody_else
run_case "a run that was taken over does not come back" taken_over_stays_away
cases_end
