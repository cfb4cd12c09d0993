/* SPDX-License-Identifier: Apache-2.0 */
/* A state folder with runs in it that always look the same: at a fixed hour, by known people. */
#ifndef SLUICE_TESTS_SCREENS_DATA_H
#define SLUICE_TESTS_SCREENS_DATA_H

#include <stdint.h>

#define DATA_NOW INT64_C(1771500000000) /* the hour that the screens show */

/* Runs 1 to 4: done, failed and rolled back, paused, running (this process is its controller). */
void data_make(const char *folder);
/* Runs 1 and 2, failed and running, of a Chinese service on hosts with Chinese names. */
void data_make_chinese(const char *folder);
/* One more event of a run, as its controller appends it. */
void data_append(const char *folder, int64_t run, const char *json);
/* Its row changes: set is "state='running', waiting=''". */
void data_row(const char *folder, int64_t run, const char *set);
/* How many control rows a run has; verb and reason of the newest one. */
int data_controls(const char *folder, int64_t run, char *verb, char *who, char *reason);

#endif
