#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What `make install` puts down works by itself: the program finds its plugins, and a plugin built
# outside the tree, against the installed headers alone, is loaded. The plugin is the manual's example.
. "$(dirname "${BASH_SOURCE[0]}")/../lab/common.sh"
T=$(mktemp -d "${TMPDIR:-/tmp}/sl-install.XXXXXX")
trap 'rm -rf "$T"' EXIT
failed=0

check() {
	local name=$1
	shift
	if "$@" >"$T/out" 2>&1; then
		printf 'ok - %s\n' "$name"
	else
		failed=1
		sed 's/^/# /' "$T/out"
		printf 'not ok - %s\n' "$name"
	fi
}

root=$T/root
as_installed() {
	env -u SLUICE_PLUGINS HOME="$T" SLUICE_STATE="$T/state" "$root/opt/sluice/bin/sluice" "$@"
}

install_it() {
	make -s -C "$TOP" B="$BUILD" DESTDIR="$root" PREFIX=/opt/sluice install
}

has_plugins() {
	as_installed plugins | grep -q haproxy
}

manual_example() {
	mandoc -T utf8 "$root/opt/sluice/share/man/man3/sluice-plugin.3" >/dev/null || return 1
	sed -n '/^A router that refuses everything/,/^\.Ed/p' \
		"$root/opt/sluice/share/man/man3/sluice-plugin.3" |
		sed -e '1,2d' -e '/^\.Ed/d' -e 's/\\e/\\/g' -e 's/\\&//g' >"$T/null.c"
	mkdir -p "$T/plugins" && chmod 755 "$T" "$T/plugins"
	cc -std=c17 -Wall -Wextra -Werror -shared -fPIC -I"$root/opt/sluice/include" \
		-o "$T/plugins/null.so" "$T/null.c"
}

loads_it() {
	SLUICE_PLUGINS=$T/plugins HOME=$T "$root/opt/sluice/bin/sluice" plugins | grep -w null
}

uninstall_it() {
	make -s -C "$TOP" B="$BUILD" DESTDIR="$root" PREFIX=/opt/sluice uninstall &&
		[ -z "$(find "$root" -type f)" ]
}

check "make install" install_it
check "the installed program finds its plugins" has_plugins
check "a plugin builds against the installed headers alone" manual_example
check "it is loaded from SLUICE_PLUGINS" loads_it
check "make uninstall leaves no file" uninstall_it
[ $failed = 0 ]
