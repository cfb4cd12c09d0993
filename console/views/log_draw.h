/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of a log on the screen, and where one is in them. The place is a line, not a row: it stays
 * while others come and go. Pure. */
#ifndef SLUICE_CONSOLE_LOG_DRAW_H
#define SLUICE_CONSOLE_LOG_DRAW_H

#include "console/canvas.h"
#include "orchestrator/view/log_lines.h"

#define LOG_WORDS_MAX 8

struct log_seen {
	struct log_lines *lines;
	uint64_t cursor, top; /* numbers of lines */
	bool follow, wrap;
	unsigned skip;                 /* cells scrolled out at the left */
	unsigned page, width;          /* rows and cells at the last drawing */
	char words[LOG_WORDS_MAX][64]; /* of the filter: marked where they stand */
	size_t word_count;
};

void log_seen_words(struct log_seen *v, const char *filter);
void log_seen_move(struct log_seen *v, long by);
void log_seen_scroll(struct log_seen *v, int by); /* half a screen to the side */
void log_seen_wrap(struct log_seen *v);           /* on or off */
/* To the next error in that direction, round the end. False = there is no other. */
bool log_seen_seek(struct log_seen *v, int by);
/* To the first line at or after that second of the day. */
bool log_seen_time(struct log_seen *v, int32_t clock);
const struct log_line *log_seen_line(const struct log_seen *v); /* at the cursor; NULL = none */
void log_seen_draw(struct log_seen *v, struct canvas *c, struct rect r);

#endif
