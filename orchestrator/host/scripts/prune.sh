# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2015,SC2034,SC2119,SC2120,SC2154
#
# Old releases, other runs' step files, and specs that no release needs any more.

case $a_keep in '' | *[!0-9]*) sl_fail input "keep is a number: $a_keep" ;; esac
sl_check_name run "$a_run"
sl_fence

prune_is_spared() {
	case $sl_nl$a_spare$sl_nl in *"$sl_nl$1$sl_nl"*) return 0 ;; esac
	sl_linked "$1" || sl_runs "$1"
}

staging=$a_dir/releases/.tmp-$a_run
if cd -- "$a_dir/releases" 2>/dev/null; then
	# The newest first, by their markers; what has none is not ours.
	set -f
	IFS=$sl_nl
	# shellcheck disable=SC2046,SC2012
	set -- $(set +f && ls -1td -- */.sluice-release 2>/dev/null)
	IFS=" 	$sl_nl"
	set +f
	for release; do
		release=${release%/.sluice-release}
		if [ "$a_keep" -gt 0 ]; then
			a_keep=$((a_keep - 1))
		elif ! prune_is_spared "$release"; then
			sl_try mkdir -p -- "$staging"
			sl_try mv -T -- "./$release" "$staging/$release"
			sl_answer removed "$release"
		fi
	done
fi

# Step files of other runs, unless a step still runs: it could only have been fenced before it began.
busy=' '
for file in "$a_sluice"/steps/*.began; do
	sl_id=${file%.began}
	sl_step_load
	[ "$sl_state" != running ] || busy="$busy${sl_id##*/} "
done
set --
for file in "$a_sluice"/steps/*; do
	id=${file##*/}
	id=${id%%.*}
	case $id in "$a_run"-*) continue ;; esac
	case $busy in *" $id "*) continue ;; esac
	[ ! -f "$file" ] || set -- "$@" "$file"
done
[ $# = 0 ] || sl_try rm -f -- "$@"

# A spec is needed while one of the releases that were started with it is here.
prune_spec_is_needed() {
	while IFS= read -r release; do
		sl_folder_of "$release"
		[ ! -d "$sl_folder" ] || return 0
	done <"$1"
	for proc in "$a_sluice"/instances/*.proc; do
		[ -f "$proc" ] || continue
		proc=${proc##*/}
		sl_proc_load "${proc%.proc}"
		[ "$a_sluice/specs/${proc%.proc}-$p_spec.of" != "$1" ] || return 0
	done
	return 1
}
for file in "$a_sluice"/specs/*.of; do
	[ -f "$file" ] || continue
	prune_spec_is_needed "$file" || sl_try rm -f -- "$file" "${file%.of}"
done
sl_unlock
rm -rf -- "$staging"
sl_end 0
