# SPDX-License-Identifier: Apache-2.0
# Turns shell scripts into C strings: NAME.sh becomes `static const char script_NAME[]`.
# Comments on lines of their own, indentation and empty lines stay at home: they would travel to
# every host with every call.

BEGIN {
	print "/* Made from orchestrator/host/scripts by embed.awk. */"
}

# Character by character: awks disagree about backslashes in replacements. "?" because of trigraphs.
function escaped(text,    i, c, out) {
	out = ""
	for (i = 1; i <= length(text); i++) {
		c = substr(text, i, 1)
		if (c == "\\" || c == "\"" || c == "?")
			out = out "\\"
		out = out (c == "\t" ? "\\t" : c)
	}
	return out
}

FNR == 1 {
	if (open)
		print "\t;"
	name = FILENAME
	sub(/.*\//, "", name)
	sub(/\.sh$/, "", name)
	gsub(/[^A-Za-z0-9]/, "_", name)
	print "static const char script_" name "[] ="
	open = 1
	# A file of comments only is still a string.
	print "\t\"\""
}

{
	sub(/^[ \t]+/, "")
	if ($0 == "" || substr($0, 1, 1) == "#")
		next
	print "\t\"" escaped($0) "\\n\""
}

END {
	if (open)
		print "\t;"
}
