#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A person at a terminal, in the console, on hosts with real sshds: a log that grows, a shell, and
# the terminal as it was after each.
# shellcheck disable=SC2016 # what is typed is for another shell
# shellcheck source-path=SCRIPTDIR
. "$(dirname "${BASH_SOURCE[0]}")/lib.sh"
. "$(dirname "${BASH_SOURCE[0]}")/person.sh"

use_driver() {
	sed "s/driver: .*/driver: $1/" "$SITE/inventory.yaml" >"$SITE/inv-$1.yaml"
	INV=$SITE/inv-$1.yaml
}

shells_log() {
	grep -q "$1" "$SLUICE_STATE/shells.log" || fail "shells.log has no '$1'"
}

log_is_followed() {
	local log=$SITE/hosts/h1/$LAB_SRV/shop-8080.log
	use_driver "$1"
	printf 'INFO warm\nERROR pool exhausted\n' >>"$log"
	person text:l 'wait:pool exhausted' wait:following \
		"do:echo INFO one more >>$log" 'wait:one more' \
		text:/ text:exhausted enter 'wait:1 of ' 'gone:one more' esc 'wait:one more' \
		text:N 'gone:following' \
		"do:mv $log $log.1; echo INFO rotated >$log" text:F wait:rotated \
		esc 'wait:carries shop'
	await 20 tail_is_gone || fail "the remote tail is left behind"
}

tail_is_gone() {
	! pgrep -f "tail -n [0-9]* -F -- $SITE/hosts/" >/dev/null
}

shell_needs_write_mode() {
	use_driver auto
	rm -f "$SLUICE_STATE/shells.log"
	person text:S 'wait:needs write mode' other
	[ ! -e "$SLUICE_STATE/shells.log" ] || fail "a shell was opened"
}

shell_is_a_terminal() {
	use_driver "$1"
	person "${WRITE[@]}" "${ENTERED[@]}" \
		'text:echo $((6 * 7)) $SSH_CONNECTION' enter "wait:42 127" \
		'text:stty size' enter 'wait:36 120' size:100x30 'text:stty size' enter 'wait:30 100' \
		"text:echo rea''dy; sed -u s/h/H/" enter wait:ready text:heard enter wait:Heard ctrl-z wait:Stopped 'text:clear; fg' enter \
		gone:Stopped text:hay enter wait:Hay ctrl-c 'wait:there>' \
		'text:exit 3' enter 'wait:the shell on h1 has ended' other size:120x36 \
		text:l wait:following esc 'wait:carries shop'
	shells_log 'h1 entered: OPS-7'
	shells_log 'h1 left, exit 3: OPS-7'
}

# ~^Z stops ssh, and the console with it: the shell from which it was started has the terminal.
shell_is_left_for_a_while() {
	use_driver auto
	person "${WRITE[@]}" "${ENTERED[@]}" \
		enter text:~ ctrl-z wait:Stopped "text:echo \$((5 * 5))" enter wait:25 text:fg enter \
		'text:echo $((6 * 7))' enter wait:42 \
		'text:exit' enter 'wait:the shell on h1 has ended' other
}

console_is_left_for_a_while() {
	use_driver auto
	person ctrl-z wait:Stopped own "text:echo \$((5 * 5))" enter wait:25 size:90x30 text:fg enter \
		'wait:carries shop' other text:l wait:following \
		esc 'wait:carries shop'
}

# The connection is cut: ssh says so, the console goes on.
shell_is_cut() {
	use_driver auto
	person "${WRITE[@]}" "${ENTERED[@]}" \
		"do:$LAB_HOME/lab cut $SITE h1" 'wait:the shell on h1 has ended' other \
		text:r 'wait:carries shop'
	shells_log 'h1 left, exit 255: OPS-7'
}

shell_cannot_connect() {
	use_driver auto
	person "${WRITE[@]}" "do:$LAB_HOME/lab ssh-down $SITE h1" text:S \
		'wait:ssh could not connect' other "do:$LAB_HOME/lab host-up $SITE h1"
}

lab_start --hosts 1 --router none
fresh 1.0.0
for driver in libssh2 openssh; do
	followed() { log_is_followed "$driver"; }
	shell() { shell_is_a_terminal "$driver"; }
	run_case "$driver: a log is followed and searched" followed
	run_case "$driver: a shell has a terminal of its own, and gives it back" shell
done
run_case "a shell needs write mode" shell_needs_write_mode
run_case "~^Z leaves the shell for a while" shell_is_left_for_a_while
run_case "ctrl-z leaves the console for a while" console_is_left_for_a_while
run_case "a shell whose connection is cut" shell_is_cut
run_case "a shell on a host that does not answer" shell_cannot_connect
cases_end
