/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The newest lines of a log, bounded in lines and bytes, and those of them that pass a filter.
 * Bytes come in as they please; lines are cleaned on their way in. Pure: no clock, no I/O.
 */
#ifndef SLUICE_VIEW_LOG_LINES_H
#define SLUICE_VIEW_LOG_LINES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "orchestrator/view/view.h"

#define LOG_LINES_MAX 10000
#define LOG_BYTES_MAX (8u << 20)
#define LOG_LINE_MAX  (64u << 10) /* longer ones are cut, which is said at their end */

struct log_line {
	char *text; /* clean: no control bytes, no colours */
	uint32_t len;
	int32_t clock; /* second of the day that it was written, as it says itself; -1 = none */
	enum vw_state state; /* failed: an error; degraded: a warning; waiting: said by us */
};

struct log_lines;

struct log_lines *log_lines_new(void);
void log_lines_free(struct log_lines *l);
void log_lines_feed(struct log_lines *l, const char *bytes, size_t len);
/* Nothing more comes: what is in hand is a line, ended or not. */
void log_lines_end(struct log_lines *l);
/* A line of our own between those of the log. A line in hand is ended first. */
void log_lines_note(struct log_lines *l, const char *text);

/*
 * The log begins again with lines that it may have shown before (a connection came back): those
 * that repeat the end of what is there are left out, until `settle`, or until it is clear where
 * the new ones begin.
 */
void log_lines_again(struct log_lines *l);
void log_lines_settle(struct log_lines *l);

uint64_t log_lines_total(const struct log_lines *l);   /* that ever came */
uint64_t log_lines_dropped(const struct log_lines *l); /* the oldest, for room */

/* Filter from now on; NULL = none. Taken over. Of log_lines_view. */
void log_lines_filter(struct log_lines *l, struct vw_filter *f);
extern const struct vw_view log_lines_view; /* columns time, level, line: for filters */

/* Those that pass. i < count; borrowed until the next feed. */
size_t log_lines_count(const struct log_lines *l);
const struct log_line *log_lines_at(const struct log_lines *l, size_t i);
/* A number that stays with a line; and the place, among those that pass, of the first line with
 * that number or a later one. */
uint64_t log_lines_number(const struct log_lines *l, size_t i);
size_t log_lines_find(const struct log_lines *l, uint64_t number);
size_t log_lines_held(const struct log_lines *l); /* all, whatever the filter */

/* "10:31", "10:31:02" -> second of the day. -1 = no such thing. */
int32_t log_clock_parse(const char *text);

#endif
