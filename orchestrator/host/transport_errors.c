/* SPDX-License-Identifier: Apache-2.0 */
#include "orchestrator/host/transport_errors.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plugins/sdk/stream.h"
#include "plugins/sdk/units.h"

int host_error_resolve(struct sl_error *e, const char *name, const char *address,
		       const char *detail)
{
	return sl_fail(e, SL_ERESOLVE, "%s: name lookup of \"%s\" failed: %s", name, address,
		       detail);
}

int host_error_connect(struct sl_error *e, const char *name, const char *address, unsigned port,
		       int err)
{
	char where[512];

	if (port)
		snprintf(where, sizeof where, "%s port %u", address, port);
	else
		snprintf(where, sizeof where, "%s", address);
	if (err == ETIMEDOUT)
		return sl_fail(e, SL_ETIMEOUT, "%s: connecting to %s: no answer", name, where);
	if (err == ECONNREFUSED)
		return sl_fail(e, SL_EREFUSED,
			       "%s: connection to %s refused: nothing listens there", name, where);
	return sl_fail(e, SL_EREFUSED, "%s: cannot connect to %s: %s", name, where, strerror(err));
}

int host_error_timeout(struct sl_error *e, const char *name, const char *doing, int64_t ms)
{
	char span[64];

	return sl_fail(e, SL_ETIMEOUT, "%s: %s took longer than %s", name, doing,
		       sl_duration_format(span, sizeof span, ms));
}

int host_error_key_unknown(struct sl_error *e, const char *name, const char *host, const char *type,
			   const char *fingerprint)
{
	return sl_fail(e, SL_EHOSTKEY,
		       "%s: the host key of %s is unknown (%s %s): compare it with the host's own, "
		       "then add it to known_hosts",
		       name, host, type, fingerprint);
}

int host_error_key_changed(struct sl_error *e, const char *name, const char *host, const char *type,
			   const char *shown, const char *known, const char *file, unsigned line)
{
	return sl_fail(e, SL_EHOSTKEY,
		       "%s: the host key of %s has CHANGED: it shows %s %s, but %s:%u says %s; if "
		       "the host was set up anew, remove that line, else someone is in between",
		       name, host, type, shown, file, line, known);
}

int host_error_key_revoked(struct sl_error *e, const char *name, const char *host, const char *type,
			   const char *fingerprint, const char *file, unsigned line)
{
	return sl_fail(e, SL_EHOSTKEY, "%s: the host key of %s (%s %s) is revoked by %s:%u", name,
		       host, type, fingerprint, file, line);
}

int host_error_auth(struct sl_error *e, const char *name, const char *user, const char *tried)
{
	if (!tried || !*tried)
		return sl_fail(e, SL_EAUTH,
			       "%s: authentication as %s failed: no key to try (no agent, and no "
			       "usable key file)",
			       name, user);
	return sl_fail(e, SL_EAUTH, "%s: authentication as %s failed; keys tried: %s", name, user,
		       tried);
}

int host_error_no_shell(struct sl_error *e, const char *name)
{
	return sl_fail(e, SL_ENOSHELL,
		       "%s: the host accepts the connection but runs no command: the user needs a "
		       "login shell there",
		       name);
}

int host_error_no_space(struct sl_error *e, const char *name, const char *path)
{
	return sl_fail(e, SL_ENOSPACE, "%s: no space left on the host for %s", name, path);
}

int host_error_lost(struct sl_error *e, const char *name, const char *detail)
{
	return sl_fail(e, SL_ELOST, "%s: the connection was lost%s%s", name,
		       detail && *detail ? ": " : "", detail ? detail : "");
}

int host_error_prohibited(struct sl_error *e, const char *name, const char *where,
			  const char *setting)
{
	return sl_fail(e, SL_EUNSUPPORTED,
		       "%s: its sshd does not allow forwarding to %s (see %s in its sshd_config)",
		       name, where, setting);
}

int host_error_sessions(struct sl_error *e, const char *name)
{
	return sl_fail(e, SL_EREFUSED,
		       "%s: its sshd refuses another session on the connection (see MaxSessions in "
		       "its sshd_config)",
		       name);
}

int host_error_stream(struct sl_error *e, const char *name, const struct sl_endpoint *to,
		      const char *reason)
{
	char where[512];

	if (to->unix_path)
		snprintf(where, sizeof where, "%s", to->unix_path);
	else
		snprintf(where, sizeof where, "%s port %u", to->address, to->port);
	if (strstr(reason, "prohibited"))
		return host_error_prohibited(e, name, where,
					     to->unix_path ? "AllowStreamLocalForwarding"
							   : "AllowTcpForwarding");
	/* sshd answers a forbidden unix socket as one that is not there. */
	return sl_fail(
		e, SL_EREFUSED, "%s: connection on the host to %s refused: nothing listens there%s",
		name, where,
		to->unix_path ? ", it may not be opened, or AllowStreamLocalForwarding is off "
				"in its sshd_config"
			      : "");
}

int host_error_canceled(struct sl_error *e, const char *name)
{
	return sl_fail(e, SL_ECANCELED, "%s: canceled", name);
}
