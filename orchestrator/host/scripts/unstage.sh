# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2015,SC2034,SC2119,SC2120,SC2154
#
# Take staging back, and the release when nothing uses it.

sl_check_name run "$a_run"
[ -z "$a_release" ] || sl_check_name release "$a_release"
[ -d "$a_sluice" ] || [ -d "$a_dir/releases" ] || sl_end 0
sl_fence

staging=$a_dir/releases/.tmp-$a_run
if [ -n "$a_release" ] && [ -e "$a_dir/releases/$a_release" ] && ! sl_linked "$a_release" &&
	! sl_runs "$a_release"; then
	# Away from its name at once, then bit by bit; on a full disk there is no room for a folder.
	rm -rf -- "$staging/gone"
	if mkdir -p -- "$staging" 2>/dev/null; then
		sl_try mv -T -- "$a_dir/releases/$a_release" "$staging/gone"
	else
		sl_try rm -rf -- "$a_dir/releases/$a_release"
	fi
fi
sl_unlock
sl_try rm -rf -- "$staging"
sl_end 0
