#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Hosts that are unlike most: one that has busybox and nothing else, one whose disk is full. Each is
# a real sshd in a mount namespace of its own.
# shellcheck disable=SC2016 # what is typed is for another shell
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/person.sh"

DISK=3m

apart() {
	if [ "$(id -u)" = 0 ]; then
		exec unshare -m "$@"
	fi
	exec unshare -U -c --keep-caps -m "$@"
}

# become HOST COMMAND: that host's sshd, and what it starts, see the file system as the command
# changes it.
become() {
	local at=$SITE/hosts/$1
	"$LAB_HOME/lab" ssh-down "$SITE" "$1"
	(apart sh -c "$2 && exec \"\$@\"" sh "$(PATH=$PATH:/usr/sbin command -v sshd)" -D \
		-f "$at/sshd_config" -E "$at/sshd.log") >"$T/apart" 2>&1 </dev/null &
	note_pid "$at/sshd.noted" $!
	disown
	await 10 "$BIN/ask" "$(host_address "$1"):2222" || die "no sshd on $1: $(cat "$T/apart")"
}

# in_host HOST COMMAND...: sees what that host sees.
in_host() {
	local pid
	pid=$(noted_pid "$SITE/hosts/$1/sshd.noted") || fail "$1 has no sshd"
	shift
	if [ "$(id -u)" = 0 ]; then
		nsenter -m -t "$pid" "$@"
	else
		nsenter -U --preserve-credentials -m -t "$pid" "$@"
	fi
}

ordinary() {
	"$LAB_HOME/lab" ssh-down "$SITE" h1
	"$LAB_HOME/lab" reset "$SITE" || fail "the lab does not reset"
	rm -rf "$T"/state*
	INV=$SITE/inventory.yaml
}

# --- busybox ---

# Its sh is everybody's, also the user's own, and no other program is found.
busybox_only() {
	local at=$SITE/hosts/h1
	ordinary
	mkdir -p "$at/applets"
	busybox --install -s "$at/applets"
	sed -i "s|PATH=[^\"]*|PATH=$at/applets|" "$at/sshd_config"
	sed 's|:[^:]*$|:/bin/sh|' /etc/passwd >"$at/passwd"
	become h1 "mount --bind $(command -v busybox) $(readlink -f /bin/sh) &&
		mount --bind $at/passwd /etc/passwd"
}

busybox_is_seen() {
	busybox_only
	expect_exit 0 get hosts h1 -i "$INV" -o ndjson
	expect_out '"host":"h1",.*"ssh":"ok".*"memory":0\.[0-9]*,"disk":0\.[0-9]*,"skew":0,'
	rm -f "$SITE/hosts/h1/applets/flock"
	expect_exit 2 run install.yaml --set version=1.0.0 -y
	expect_err "h1: 'flock' is not installed there and is needed"
}

busybox_is_deployed_to() {
	busybox_only
	ln -s "$(command -v flock)" "$SITE/hosts/h1/applets/flock"
	expect_exit 0 run install.yaml --set version=1.0.0 -y
	expect_exit 0 run install.yaml --set version=2.0.0 -y
	expect_versions 2.0.0
	expect_exit 4 run install.yaml --set version=2.0.0-crash -y
	expect_err 'told to crash'
	expect_versions 2.0.0
	expect_tidy
	expect_exit 0 get processes h1 -i "$INV" -o ndjson
	expect_out '"version":"2.0.0","state":"ok","pid":[0-9]'
	for driver in libssh2 openssh; do
		printf 'INFO warm\nERROR pool exhausted\n' >"$T/app.log"
		sed "s/driver: .*/driver: $driver/" "$SITE/inventory.yaml" >"$SITE/inv.yaml"
		INV=$SITE/inv.yaml
		person text:l 'wait:orders 2.0.0' esc "wait:$FIRST" \
			text:: "text:log h1:$T/app.log" enter wait:exhausted \
			"do:echo INFO one more >>$T/app.log" 'wait:one more' \
			"do:mv $T/app.log $T/app.log.1; echo INFO rotated >$T/app.log" wait:rotated \
			esc "wait:$FIRST"
	done
	await 20 tail_is_gone || fail "the remote tail is left behind"
	person "${WRITE[@]}" "${ENTERED[@]}" 'text:ls --help' enter 'wait:BusyBox v' \
		'text:stty size' enter 'wait:36 120' 'text:exit 4' enter 'wait:the shell on h1 has ended' other
	grep -q 'h1 left, exit 4' "$SLUICE_STATE/shells.log" || fail "the shell's exit is not kept"
}

tail_is_gone() {
	! pgrep -f "tail -n [0-9]* -F -- $T/app.log" >/dev/null
}

# --- a full disk ---

small_disk() {
	ordinary
	become h1 "mount -t tmpfs -o size=$DISK none $SITE/hosts/h1/$LAB_SRV"
}

fill() {
	in_host h1 dd if=/dev/zero "of=$SITE/hosts/h1/$LAB_SRV/filler" bs=1k 2>/dev/null
	[ "$(in_host h1 df -Pk "$SITE/hosts/h1/$LAB_SRV" | awk 'END { print $4 }')" = 0 ] || fail "it is not full"
}

full_before_the_first_install() {
	small_disk
	fill
	expect_exit 2 plan install.yaml --set version=1.0.0
	expect_err "h1: disk full: 0 KiB are free below .*/$LAB_SRV/shop and [0-9]* KiB are needed"
	expect_exit 2 run install.yaml --set version=1.0.0 -y
	expect_err 'h1: disk full: .*'
	expect_err 'nothing was changed'
}

full_beside_what_runs() {
	local FIRST='full: 100%, 0 B left'
	small_disk
	expect_exit 0 run install.yaml --set version=1.0.0 -y
	expect_exit 0 run install.yaml --set version=2.0.0 -y
	fill
	expect_exit 0 get hosts h1 -i "$INV"
	expect_out "^x .* ok .*shop:8080=2.0.0.*100% .*disk .*/$LAB_SRV full: 100%, 0 B left"
	expect_exit 2 run install.yaml --set version=3.0.0 -y
	expect_err 'h1: disk full: 0 KiB are free below .* KiB are needed'
	person text:l 'wait:orders 2.0.0' wait:following esc "wait:$FIRST"
	# What is there already needs no room but that of a claim, and not even that is left: without
	# one nothing is touched.
	expect_exit 5 undo install -y
	expect_err 'h1 claim failed: cannot write .*/owner: no space left on the device'
	expect_err 'sluice retry 3'
	! grep -q 'drain' "$T/err" || fail "it was drained without a claim"
	[ "$(live_version h1:8080)" = 2.0.0 ] || fail "it was changed without a claim"
	in_host h1 rm "$SITE/hosts/h1/$LAB_SRV/filler"
	expect_exit 0 retry -y
	[ "$(live_version h1:8080)" = 1.0.0 ] || fail "it was not taken back"
	[ -z "$(router_weights lb1 | awk '$2 != 1 || $3 != 0')" ] || fail "the router is not as configured"
}

lab_start --hosts 1 --lbs 1
if (apart true) 2>/dev/null; then
	run_case "busybox: the host is seen, and what lacks there is named" busybox_is_seen
	run_case "busybox: releases, logs and a shell" busybox_is_deployed_to
	run_case "a full disk: nothing is begun" full_before_the_first_install
	run_case "a full disk: what runs is seen, what lacks is said" full_beside_what_runs
else
	skip_case "hosts with busybox alone, or a full disk" "this machine lets nobody mount (unshare -m)"
fi
cases_end
