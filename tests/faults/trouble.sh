#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The site misbehaves: links are cut, disks are full, hosts hang or are away, a balancer refuses, a
# controller sleeps past its claim.
. "$(dirname "${BASH_SOURCE[0]}")/../system/lib.sh"

# --- before anything is changed ---

hosts_away() {
	fresh 1.0.0
	"$LAB_HOME/lab" ssh-down "$SITE" h2
	local before
	before=$(site_picture)
	client_start
	expect_exit 7 run canary.yaml --set version=2.0.0 -y
	expect_err h2
	expect_no_failure
	[ "$(site_picture)" = "$before" ] || fail "something was changed"
	"$LAB_HOME/lab" host-up "$SITE" h2
	expect_tidy
}

# It accepts, and that is all: the deadline of connecting ends it.
sshd_hangs() {
	local how before
	fresh 1.0.0
	before=$(site_picture)
	"$LAB_HOME/lab" ssh-down "$SITE" h2
	for how in hang banner close garbage; do
		"$BIN/hangd" "$(host_address h2):2222" "$how" >/dev/null 2>&1 </dev/null &
		note_pid "$T/hangd.noted" $!
		disown
		await 5 "$BIN/ask" "$(host_address h2):2222" || fail "hangd does not listen"
		expect_exit 7 run canary.yaml --set version=2.0.0 -y
		expect_err h2
		stop_noted "$T/hangd.noted" KILL
	done
	"$LAB_HOME/lab" host-up "$SITE" h2
	[ "$(site_picture)" = "$before" ] || fail "something was changed"
}

host_key_changed() {
	local before
	fresh 1.0.0
	before=$(site_picture)
	sed -i "s|\($(host_address h2)\]:2222 ssh-ed25519\) .*|\1 $(cut -d' ' -f2 hosts/h1/key.pub)|" keys/known_hosts
	expect_exit 7 run canary.yaml --set version=2.0.0 -y
	expect_err 'SHA256:'
	grep -v "$(host_address h2)" "$T/known_hosts" >keys/known_hosts
	expect_exit 7 run canary.yaml --set version=2.0.0 -y
	expect_err 'SHA256:'
	[ "$(site_picture)" = "$before" ] || fail "something was changed"
}

# tool NAME HOST: that host has a tool of ours first in its PATH; the text comes on standard input.
tool() {
	cat >"$SITE/hosts/$2/bin/$1"
	chmod +x "$SITE/hosts/$2/bin/$1"
}

disk_small() {
	local before
	fresh 1.0.0
	before=$(site_picture)
	tool df h2 <<-'END'
		#!/bin/sh
		printf 'Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/full 100000 99990 10 100%% /\n'
	END
	sl run canary.yaml --set version=2.0.0 -y
	case $? in
	2 | 4 | 7) ;;
	*) fail "exit $? with a full disk" ;;
	esac
	expect_err h2
	rm "$SITE/hosts/h2/bin/df"
	expect_versions 1.0.0
	expect_tidy
	[ "$(site_picture | grep -v epoch)" = "$(printf '%s\n' "$before" | grep -v epoch)" ] || fail "something was changed"
}

# --- while preparing: no host is switched ---

disk_full_while_unpacking() {
	tool tar h2 <<-'END'
		#!/bin/sh
		echo 'tar: shop: Cannot write: No space left on device' >&2
		exit 2
	END
	client_start
	expect_exit 4 run canary.yaml --set version=2.0.0 -y
	expect_err h2
	rm "$SITE/hosts/h2/bin/tar"
	expect_no_failure
	expect_versions 1.0.0
	expect_tidy
}

# A real full disk, and a df that does not know it: the upload itself meets the end.
disk_really_full() {
	local srv=$SITE/hosts/h2/$LAB_SRV
	fresh
	mount -t tmpfs -o size=3m none "$srv" || fail "no tmpfs"
	expect_exit 0 run install.yaml --set version=1.0.0 -y
	tool df h2 <<-'END'
		#!/bin/sh
		printf 'Filesystem 1024-blocks Used Available Capacity Mounted on\n/dev/x 9000000 1 8999999 1%% /\n'
	END
	dd if=/dev/zero of="$srv/filler" bs=1k 2>/dev/null
	truncate -s -16K "$srv/filler" # room for a claim, not for a release
	client_start
	expect_exit 4 run canary.yaml --set version=2.0.0 -y
	expect_err 'h2.*\(space\|full\)'
	expect_no_failure
	rm -f "$srv/filler" "$SITE/hosts/h2/bin/df"
	expect_versions 1.0.0
	expect_tidy
	"$LAB_HOME/lab" reset "$SITE"
	umount -l "$srv"
}

can_mount() {
	[ "$(id -u)" = 0 ] && mount -t tmpfs none "$T/state" 2>/dev/null && umount "$T/state"
}

# --- in the middle ---

# The session dies while the swap script runs on the host: it goes on there, and so does the run.
link_cut_in_mid_swap() {
	fresh 1.0.0
	client_start
	sl_start run run canary.yaml --set version=2.0.0 -y -o json
	expect_event run 30 '"event":"step.started".*"do":"swap"'
	"$LAB_HOME/lab" cut "$SITE" h1
	sl_end run 0 90
	expect_no_failure
	expect_versions 2.0.0
	expect_tidy
}

every_link_cut_twice() {
	local h
	sl_start run run canary.yaml --set version=3.0.0 -y -o json
	for n in 1 2; do
		expect_event run 40 '"event":"step.ended".*"do":"swap"' "$n"
		for h in $LAB_HOSTS $LAB_LBS; do
			"$LAB_HOME/lab" cut "$SITE" "$h"
		done
	done
	sl_end run 0 120
	expect_versions 3.0.0
	expect_tidy
}

# The balancers' links break at whatever the run does: with each of its events. None of it is a reason to
# take the release back.
balancer_links_cut() {
	local lb pid
	fresh 1.0.0
	client_start
	sl_start run run rolling.yaml --set version=2.0.0 -y -o json
	pid=$(sl_pid run)
	tail -n +1 --pid="$pid" -s 0.05 -f "$T/run.out" | while read -r _; do
		for lb in $LAB_LBS; do
			# shellcheck disable=SC2046 # a list of pids
			kill -KILL $(children "$(noted_pid "hosts/$lb/sshd.noted")") 2>/dev/null
		done
	done
	sl_end run 0 120
	expect_no_failure
	expect_versions 2.0.0
	expect_tidy
}

# One node's socket allows reading only: what was changed on the other is put back.
one_balancer_refuses() {
	fresh 1.0.0
	sed -i 's/level admin/level operator/' lbs/lb2/haproxy.cfg
	"$LAB_HOME/lab" router-restart "$SITE" lb2
	expect_service
	client_start
	sl run canary.yaml --set version=2.0.0 -y
	case $? in
	2 | 4 | 7) ;;
	*) fail "exit $? with a balancer that refuses" ;;
	esac
	expect_err lb2
	expect_no_failure
	expect_versions 1.0.0
	expect_tidy
}

# It goes away while the run is on its way: undone as far as can be, or waited for, but never half.
balancer_dies_on_the_way() {
	fresh 1.0.0
	sl_start run run gated.yaml --set version=2.0.0 -y --wait -o json
	expect_event run 40 '"event":"pause.started"'
	stop_noted "lbs/lb2/router.noted" KILL
	expect_exit 0 promote
	await 120 test -s "$T/run.rc" || fail "the run does not end"
	LAB_KEEP_CONFIG=1 "$LAB_HOME/lab" router-restart "$SITE" lb2
	case $(cat "$T/run.rc") in
	4) ;;
	5)
		expect_service
		expect_exit 4 retry -y # what was left of the way back: the run was rolled back
		;;
	*) fail "exit $(cat "$T/run.rc")" ;;
	esac
	expect_versions 1.0.0
	expect_tidy
}

# --- the fence ---

# Frozen past its claim, replaced by another operator, thawed: it must not act any more.
frozen_controller() {
	local after
	export SLUICE_CLAIM_TTL=2000
	fresh 1.0.0
	sl_start old run canary.yaml --set version=2.0.0 -y -o json
	expect_event old 30 '"event":"step.ended".*"do":"swap"'
	kill -STOP "$(sl_pid old)"
	SLUICE_STATE=$T/state-other expect_exit 0 run rolling.yaml --set version=3.0.0 -y --take-over --reason 'it is stuck'
	expect_versions 3.0.0
	after=$(site_picture)
	client_start
	kill -CONT "$(sl_pid old)"
	await 60 test -s "$T/old.rc" || fail "the old controller does not end"
	[ "$(cat "$T/old.rc")" != 0 ] || fail "the old controller says that it is done"
	[ "$(site_picture)" = "$after" ] || fail "the old controller changed something: $(diff <(printf '%s' "$after") <(site_picture))"
	expect_no_failure
	expect_versions 3.0.0
}

# The same within one state folder: resume is refused while the old controller lives, frozen or not.
frozen_is_not_dead() {
	fresh 1.0.0
	sl_start old run canary.yaml --set version=2.0.0 -y -o json
	expect_event old 30 '"event":"step.started".*"do":"swap"'
	kill -STOP "$(sl_pid old)"
	expect_exit 6 resume -y
	kill -CONT "$(sl_pid old)"
	sl_end old 0
	expect_versions 2.0.0
	expect_tidy
}

lab_start --hosts 3 --lbs 2
for driver in ${DRIVERS:-libssh2 openssh}; do
	sed -i "s/^  driver: .*/  driver: $driver/" "$SITE/inventory.yaml"
	run_case "$driver: a host is away at the start: exit 7" hosts_away
	run_case "$driver: sshd that accepts and hangs: exit 7" sshd_hangs
	run_case "$driver: host key changed, host key unknown: exit 7" host_key_changed
	run_case "$driver: link cut in mid-swap" link_cut_in_mid_swap
	run_case "$driver: every link cut, twice" every_link_cut_twice
	run_case "$driver: the balancers' links cut, again and again" balancer_links_cut
done
run_case "a disk too small" disk_small
run_case "a disk full while unpacking" disk_full_while_unpacking
mkdir -p "$T/state"
if can_mount; then
	run_case "a disk that is full" disk_really_full
	umount -l "$SITE/hosts/h2/$LAB_SRV" 2>/dev/null # left there by a case that failed
else
	skip_case "a disk that is full" "needs root and mount(2)"
fi
run_case "one balancer refuses" one_balancer_refuses
run_case "one balancer dies on the way" balancer_dies_on_the_way
run_case "a frozen controller, thawed after a take-over" frozen_controller
run_case "a frozen controller is not dead" frozen_is_not_dead
cases_end
