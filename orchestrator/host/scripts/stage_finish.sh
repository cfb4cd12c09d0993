# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=sh disable=SC2015,SC2034,SC2119,SC2120,SC2154
#
# Verify what was uploaded, unpack it, and move the finished release into place. The lock is held
# for the first look and for the last move only: what happens between them stays in the
# run's own staging folder.

sl_check_name release "$a_release"
sl_check_name run "$a_run"

# Is it done already? Then the staging folder is all that can be left.
stage_present() {
	sl_marker_load "$folder" || return 1
	[ "$m_digest" = "$a_digest" ] ||
		sl_fail conflict "release $a_release is there already with another digest ($m_digest)"
	rm -rf -- "$staging"
	sl_answer present yes
	sl_end 0
}

stage_unpack() {
	sl_try rm -rf -- "$tree"
	sl_try mkdir -p -- "$tree"
	case $a_kind in
	tar) sl_try tar -x -o -f "$file" -C "$tree" ;;
	tgz) sl_try tar -x -z -o -f "$file" -C "$tree" ;;
	file)
		sl_check_name name "$a_name"
		ln -- "$file" "$tree/$a_name" 2>/dev/null || sl_try cp -- "$file" "$tree/$a_name"
		sl_try chmod 755 -- "$tree/$a_name"
		;;
	*) sl_fail input "unknown kind of artifact: $a_kind" ;;
	esac
}

# What outlives a release takes the place of what it brought along under that name.
stage_shared() {
	sl_check_inside shared "$1"
	sl_try mkdir -p -- "$a_dir/shared/$1"
	case $1 in */*) sl_try mkdir -p -- "$tree/${1%/*}" ;; esac
	sl_try rm -rf -- "${tree:?}/$1"
	sl_try ln -s -- "$a_dir/shared/$1" "$tree/$1"
}

# mode percent-encoded-path base64-content
stage_file() {
	mode=${1%% *} content=${1#* }
	path=${content%% *}
	case $content in *' '*) content=${content#* } ;; *) content= ;; esac
	case $path in *%*) path=$(sl_dec "$path") ;; esac
	case $mode in '' | *[!0-7]*) sl_fail input "not a mode: $mode" ;; esac
	sl_check_inside files "$path"
	case $path in */*) sl_try mkdir -p -- "$tree/${path%/*}" ;; esac
	sl_try rm -rf -- "${tree:?}/$path"
	words=$(
		umask 077
		{ printf %s "$content" | base64 -d >"$tree/$path"; } 2>&1
	) || sl_broke "$path: $words"
	sl_try chmod "$mode" -- "$tree/$path"
}

folder=$a_dir/releases/$a_release
staging=$a_dir/releases/.tmp-$a_run
file=$staging/artifact
tree=$staging/tree
sl_fence
stage_present
sl_unlock

[ -f "$file" ] || sl_fail missing "nothing was uploaded to $file"
sum=$(sha256sum <"$file") || sl_fail failed "cannot read $file"
[ "${sum%% *}" = "$a_digest" ] ||
	sl_fail failed "what arrived has sha256 ${sum%% *}, not $a_digest: upload it again"
stage_unpack
set -f
IFS=$sl_nl
# shellcheck disable=SC2086
set -- $a_shared
IFS=" 	$sl_nl"
for entry; do stage_shared "$entry"; done
IFS=$sl_nl
# shellcheck disable=SC2086
set -- $a_files
IFS=" 	$sl_nl"
for entry; do stage_file "$entry"; done
set +f
sl_try rm -rf -- "$tree/.sluice-release"
# The marker says that the rest is on the disk.
sync -f "$tree" 2>/dev/null || sync
printf 'digest=%s\nrelease=%s\n' "$a_digest" "$a_release" 2>/dev/null >"$tree/.sluice-release" ||
	sl_unwritten "$tree/.sluice-release"

sl_fence
if [ -e "$folder" ]; then
	stage_present
	sl_fail conflict "release $a_release appeared in the meantime"
fi
sl_try mv -T -- "$tree" "$folder"
sl_unlock
rm -rf -- "$staging"
sl_answer present yes
sl_end 0
