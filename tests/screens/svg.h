/* SPDX-License-Identifier: Apache-2.0 */
/* A screen as a picture: text in the colours that the terminal was told, so it is small and stays
 * text. The same screen gives the same bytes. */
#ifndef SLUICE_TESTS_SCREENS_SVG_H
#define SLUICE_TESTS_SCREENS_SVG_H

#include <vterm.h>

#include "plugins/sdk/buf.h"

void svg_of_screen(VTermScreen *screen, unsigned width, unsigned height, struct sl_buf *out);
/* How it looks, without the text: a letter for each cell, and below it what each letter is. */
void svg_looks(VTermScreen *screen, unsigned width, unsigned height, struct sl_buf *out);

#endif
