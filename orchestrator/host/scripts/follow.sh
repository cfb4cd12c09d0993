# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2154
#
# A log as it grows. Stands alone, without lib.sh, because its input must stay open: the reader in
# the background sees its end when the caller, or the way to it, is gone, and then what follows the
# log ends too. Nothing is left here.

exec 3<&0 </dev/null

follow_refuse() {
	printf '%s error=%s\n' "$sl_nonce" "$1"
	exit 1
}

# The log's own bytes begin behind this line: what an rc file printed stands before it.
if [ -n "$a_unit" ]; then
	command -v journalctl >/dev/null 2>&1 || follow_refuse "no%20journalctl%20is%20installed%20there"
	printf '%s begin\n' "$sl_nonce"
	if [ -n "$a_once" ]; then
		exec journalctl -u "$a_unit" -n "$a_lines" -o short-iso --no-pager 3<&-
	fi
	journalctl -u "$a_unit" -n "$a_lines" -o short-iso --no-pager -f 3<&- &
else
	[ -e "$a_file" ] || follow_refuse "there%20is%20no%20such%20log%20yet"
	[ ! -d "$a_file" ] || follow_refuse "that%20is%20a%20folder%2C%20not%20a%20log"
	[ -r "$a_file" ] || follow_refuse "the%20log%20may%20not%20be%20read%20by%20this%20user"
	printf '%s begin\n' "$sl_nonce"
	if [ -n "$a_once" ]; then
		exec tail -n "$a_lines" -- "$a_file" 3<&-
	fi
	tail -n "$a_lines" -F -- "$a_file" 3<&- &
fi
follower=$!
{
	IFS= read -r _ <&3
	kill "$follower"
} >/dev/null 2>&1 &
reader=$!
exec 3<&-
wait "$follower"
rc=$?
kill "$reader" 2>/dev/null
exit $rc
