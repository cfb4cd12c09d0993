# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2015,SC2034,SC2119,SC2120,SC2154
#
# Compare-and-set of the owner file.

claim_held() {
	! [ -f "$a_sluice/owner" ] || sl_owner_answer
	sl_fail held "$1"
}

for tool in flock mv; do
	command -v $tool >/dev/null 2>&1 || sl_fail unsupported "this host has no $tool"
done
case $a_epoch in '' | *[!0-9]*) sl_fail input "an epoch is a number: $a_epoch" ;; esac
if ! [ -d "$a_sluice" ]; then
	sl_try mkdir -p -- "${a_sluice%/*}"
	sl_words=$(mkdir -m 700 -- "$a_sluice" 2>&1) || [ -d "$a_sluice" ] || sl_broke "$sl_words"
fi
if ! [ -d "$a_sluice/steps" ] || ! [ -d "$a_sluice/instances" ] || ! [ -d "$a_sluice/specs" ]; then
	sl_try mkdir -p -m 700 -- "$a_sluice/steps" "$a_sluice/instances" "$a_sluice/specs"
fi

sl_lock
sl_owner_load
if [ "$o_run" = "$a_run" ] && [ "$o_epoch" = "$a_epoch" ]; then
	sl_answer epoch "$a_epoch"
	sl_end 0
fi
[ "$o_epoch" = "$a_expect_epoch" ] && [ "$o_run" = "$a_expect_run" ] ||
	claim_held "another owner took this host since it was looked at"
[ "$a_epoch" -gt "${o_epoch:-0}" ] || claim_held "epoch $a_epoch is not newer than ${o_epoch:-0}"
lines=$(
	sl_pre=
	printf 'format=1\n'
	sl_answer epoch "$a_epoch"
	sl_answer run "$a_run"
	sl_answer number "$a_number"
	sl_answer who "$a_who"
	sl_answer from "$a_from"
	sl_answer what "$a_what"
	sl_answer since "$a_since"
)
sl_owner_write "$lines$sl_nl" ''
sl_answer epoch "$a_epoch"
sl_end 0
