/* SPDX-License-Identifier: Apache-2.0 */
/* The log sink: one of the few allowed globals. Off by default; -v and -vv raise it. */
#ifndef SLUICE_SDK_LOG_H
#define SLUICE_SDK_LOG_H

enum sl_log_level { SL_LOG_ERROR, SL_LOG_WARN, SL_LOG_INFO, SL_LOG_DEBUG };

void sl_log_set_level(enum sl_log_level level);
/* Where lines go; NULL = standard error. write() only, never blocks on a full pipe. */
void sl_log_set_fd(int fd);
/* One line; cleaned; a newline is added. Never log a secret. */
void sl_log(enum sl_log_level level, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
