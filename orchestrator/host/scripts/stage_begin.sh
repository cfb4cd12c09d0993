# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2015,SC2034,SC2119,SC2120,SC2154
#
# Room for a release: is it there already, and if not, where may it be put?

sl_check_name release "$a_release"
sl_check_name run "$a_run"
sl_fence

folder=$a_dir/releases/$a_release
staging=$a_dir/releases/.tmp-$a_run
if sl_marker_load "$folder"; then
	if [ "$m_digest" = "$a_digest" ]; then
		sl_answer present yes
		sl_end 0
	fi
	sl_fail conflict "release $a_release is there already with another digest ($m_digest)"
elif [ -e "$folder" ] || [ -L "$folder" ]; then
	sl_linked "$a_release" &&
		sl_fail conflict "release $a_release is live but was not put there by sluice"
	sl_try rm -rf -- "$folder"
fi

case $a_need_kb in '' | *[!0-9]*) a_need_kb=0 ;; esac
if sl_free_kb "$a_dir" && [ "$sl_kb" -lt "$a_need_kb" ]; then
	sl_fail space "no space left: $a_dir has $sl_kb KiB free, $a_need_kb KiB are needed"
fi
sl_try mkdir -p -- "$staging"
sl_answer upload "$staging/artifact"
sl_end 0
