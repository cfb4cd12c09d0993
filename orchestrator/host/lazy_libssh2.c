/* SPDX-License-Identifier: Apache-2.0 */
/* What of libssh2 is called. */
#include <libssh2.h>

#include "plugins/sdk/lazy.h"

SL_LAZY("ssh2", int, libssh2_channel_eof, (LIBSSH2_CHANNEL * a), (a))
SL_LAZY("ssh2", int, libssh2_channel_free, (LIBSSH2_CHANNEL * a), (a))
SL_LAZY("ssh2", int, libssh2_channel_get_exit_signal,
	(LIBSSH2_CHANNEL * a, char **b, size_t *c, char **d, size_t *e, char **f, size_t *g),
	(a, b, c, d, e, f, g))
SL_LAZY("ssh2", int, libssh2_channel_get_exit_status, (LIBSSH2_CHANNEL * a), (a))
SL_LAZY("ssh2", LIBSSH2_CHANNEL *, libssh2_channel_open_ex,
	(LIBSSH2_SESSION * a, const char *b, unsigned int c, unsigned int d, unsigned int e,
	 const char *f, unsigned int g),
	(a, b, c, d, e, f, g))
SL_LAZY("ssh2", int, libssh2_channel_process_startup,
	(LIBSSH2_CHANNEL * a, const char *b, unsigned int c, const char *d, unsigned int e),
	(a, b, c, d, e))
SL_LAZY("ssh2", ssize_t, libssh2_channel_read_ex, (LIBSSH2_CHANNEL * a, int b, char *c, size_t d),
	(a, b, c, d))
SL_LAZY("ssh2", int, libssh2_channel_send_eof, (LIBSSH2_CHANNEL * a), (a))
SL_LAZY("ssh2", int, libssh2_channel_wait_closed, (LIBSSH2_CHANNEL * a), (a))
SL_LAZY("ssh2", ssize_t, libssh2_channel_write_ex,
	(LIBSSH2_CHANNEL * a, int b, const char *c, size_t d), (a, b, c, d))
SL_LAZY("ssh2", void, libssh2_free, (LIBSSH2_SESSION * a, void *b), (a, b))
SL_LAZY("ssh2", int, libssh2_init, (int a), (a))
SL_LAZY("ssh2", void *, libssh2_session_callback_set, (LIBSSH2_SESSION * a, int b, void *c),
	(a, b, c))
SL_LAZY("ssh2", int, libssh2_session_free, (LIBSSH2_SESSION * a), (a))
SL_LAZY("ssh2", int, libssh2_session_handshake, (LIBSSH2_SESSION * a, libssh2_socket_t b), (a, b))
SL_LAZY("ssh2", const char *, libssh2_session_hostkey, (LIBSSH2_SESSION * a, size_t *b, int *c),
	(a, b, c))
SL_LAZY("ssh2", LIBSSH2_SESSION *, libssh2_session_init_ex,
	(void *(*a)(size_t, void **), void (*b)(void *, void **),
	 void *(*c)(void *, size_t, void **), void *d),
	(a, b, c, d))
SL_LAZY("ssh2", int, libssh2_session_last_errno, (LIBSSH2_SESSION * a), (a))
SL_LAZY("ssh2", int, libssh2_session_last_error, (LIBSSH2_SESSION * a, char **b, int *c, int d),
	(a, b, c, d))
SL_LAZY("ssh2", int, libssh2_session_method_pref, (LIBSSH2_SESSION * a, int b, const char *c),
	(a, b, c))
SL_LAZY("ssh2", void, libssh2_session_set_blocking, (LIBSSH2_SESSION * a, int b), (a, b))
SL_LAZY("ssh2", int, libssh2_userauth_authenticated, (LIBSSH2_SESSION * a), (a))
SL_LAZY("ssh2", char *, libssh2_userauth_list, (LIBSSH2_SESSION * a, const char *b, unsigned int c),
	(a, b, c))
SL_LAZY("ssh2", int, libssh2_userauth_publickey,
	(LIBSSH2_SESSION * a, const char *b, const unsigned char *c, size_t d,
	 int (*e)(LIBSSH2_SESSION *, unsigned char **, size_t *, const unsigned char *, size_t,
		  void **),
	 void **f),
	(a, b, c, d, e, f))
