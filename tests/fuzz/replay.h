// SPDX-License-Identifier: Apache-2.0
/*
 * What the fuzz targets share. With -fsanitize=fuzzer libFuzzer drives one; alone it replays files,
 * or changes them at random for a while:
 *
 *     TARGET FILE...            replay
 *     TARGET -n 20000 FILE...   20,000 changed copies of the files, the same ones every time
 *
 * A target defines `pieces`: what matters to its language, put in or over at random.
 */
#ifndef SLUICE_TESTS_FUZZ_REPLAY_H
#define SLUICE_TESTS_FUZZ_REPLAY_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plugins/sdk/mem.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#ifndef SLUICE_LIBFUZZER

struct sample {
	uint8_t *data;
	size_t size;
};

static uint64_t random_state = 88172645463325252ULL;

static uint64_t random_next(uint64_t below)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state % below;
}

static struct sample sample_read(const char *path)
{
	struct sample s = {.data = sl_alloc(65537)};
	FILE *in = fopen(path, "rb");

	if (!in) {
		perror(path);
		exit(2);
	}
	s.size = fread(s.data, 1, 65536, in);
	fclose(in);
	return s;
}

static struct sample sample_change(const struct sample *from, const struct sample *other)
{
	struct sample s = {.data = sl_alloc(from->size + 4096), .size = from->size};

	memcpy(s.data, from->data, from->size);
	for (uint64_t n = 1 + random_next(4); n--;) {
		size_t at = s.size ? random_next(s.size) : 0, len;
		const char *piece = pieces[random_next(SL_COUNT(pieces))];

		switch (random_next(4)) {
		case 0: /* one byte changed */
			if (s.size)
				s.data[at] ^= (uint8_t)(1 << random_next(8));
			break;
		case 1: /* a stretch taken out */
			len = random_next(s.size - at + 1) % 64;
			memmove(s.data + at, s.data + at + len, s.size - at - len);
			s.size -= len;
			break;
		case 2: /* a piece put in */
			len = strlen(piece);
			memmove(s.data + at + len, s.data + at, s.size - at);
			memcpy(s.data + at, piece, len);
			s.size += len;
			break;
		default: /* a stretch of another file put in */
			len = other->size ? random_next(other->size) % 512 : 0;
			memmove(s.data + at + len, s.data + at, s.size - at);
			memcpy(s.data + at, other->data + random_next(other->size - len + 1), len);
			s.size += len;
		}
	}
	return s;
}

static void run_changed(const struct sample *samples, size_t count, long rounds)
{
	while (rounds-- > 0) {
		struct sample s =
			sample_change(&samples[random_next(count)], &samples[random_next(count)]);

		LLVMFuzzerTestOneInput(s.data, s.size);
		free(s.data);
	}
}

int main(int argc, char **argv)
{
	int first = argc > 2 && !strcmp(argv[1], "-n") ? 3 : 1;
	long rounds = first == 3 ? strtol(argv[2], NULL, 10) : 0;
	size_t count = (size_t)(argc - first);
	struct sample *samples = sl_alloc_n(count + 1, sizeof *samples);

	if (argc <= first) {
		fprintf(stderr, "usage: %s [-n ROUNDS] FILE...\n", argv[0]);
		return 2;
	}
	for (size_t i = 0; i < count; i++) {
		samples[i] = sample_read(argv[first + (int)i]);
		LLVMFuzzerTestOneInput(samples[i].data, samples[i].size);
	}
	run_changed(samples, count, rounds);
	printf("%zu files and %ld changed copies: nothing found\n", count, rounds);
	for (size_t i = 0; i < count; i++)
		free(samples[i].data);
	free(samples);
	return 0;
}

#endif
#endif
