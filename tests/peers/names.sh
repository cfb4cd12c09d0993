# shellcheck shell=bash
# SPDX-License-Identifier: Apache-2.0
# Which peers there are, and where they are kept. Read by get and start.
# shellcheck disable=SC2034 # used by those who read this
peer_cache=${XDG_CACHE_HOME:-$HOME/.cache}/sluice-peers
maven_copy=org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy

zipkin_version=3.6.1
zipkin_artifact=io.zipkin:zipkin-server:$zipkin_version:jar:slim
zipkin_jar=$peer_cache/zipkin-server-$zipkin_version-slim.jar
zipkin_sha256=981b1de6139b4f8f787a909c308028732f9713ae5284353d2a5aa404d1094775

peer_usage() {
	echo "usage: $1" >&2
	exit 2
}

# peer_need PROGRAM PACKAGE
peer_need() {
	command -v "$1" >/dev/null && return
	echo "peers: $1 is missing: install the Debian package $2" >&2
	exit 3
}
