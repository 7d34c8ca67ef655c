/* SPDX-License-Identifier: BSD-2-Clause */
/* Answers on a terminal. */
#ifndef TOOLS_SHOW_H
#define TOOLS_SHOW_H

#include <jansson.h>

/* Names and reasons come from files and packets: no control character reaches the terminal. */
void show_text(const char *text);

void show_value(const json_t *value);

/* Unix time as 2026-11-28T07:00:00Z. */
void show_time(json_int_t s);

/* All of an answer: a block for each object of its array, and a line for each of its values. */
void show_answer(json_t *root);

#endif
