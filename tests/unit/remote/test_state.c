/* SPDX-License-Identifier: BSD-2-Clause */
/* The states of a server: the page on them has the same rows as the code. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "remote/state.h"

#define PAGE "docs/architecture.md"
#define LINE_MAX_OCTETS 1024

static char *read_page(void)
{
	FILE *file = fopen(PAGE, "r");
	char *text = calloc(1, 1 << 20);

	assert_non_null(file);
	assert_non_null(text);
	assert_in_range(fread(text, 1, (1 << 20) - 1, file), 1, (1 << 20) - 2);
	fclose(file);
	return text;
}

static void expect_line(const char *page, const char *line)
{
	char whole[LINE_MAX_OCTETS + 2];

	snprintf(whole, sizeof(whole), "\n%s\n", line);
	if (!strstr(page, whole))
		fail_msg(PAGE " lacks this line:\n%s", line);
}

#define TEXT(name, text) text,
#define EVENT_TEXT(name, text) text,

static void test_states_are_documented(void **state)
{
	static const char *const asked[] = {SERVER_ASKED(TEXT)};
	static const char *const times[] = {SERVER_TIME(TEXT)};
	static const char *const stale[] = {SERVER_STALE(TEXT)};
	static const char *const probes[] = {SERVER_PROBES(TEXT)};
#define MEANING(state, name, meaning, ...) meaning,
	static const char *const meanings[] = {SERVER_STATES(MEANING)};
	char *page = read_page();
	char line[LINE_MAX_OCTETS];

	for (size_t i = 0; i < SERVER_STATE_COUNT; i++) {
		const struct server_state_row *row = &server_states[i];

		snprintf(line, sizeof(line), "| %s | %s | %s | %s | %s | %s |", row->name,
			 meanings[i], asked[row->asked], times[row->time], stale[row->stale],
			 probes[row->probes]);
		expect_line(page, line);
	}
	free(page);
}

static void test_moves_are_documented(void **state)
{
	static const char *const events[] = {SERVER_EVENTS(EVENT_TEXT)};
	char *page = read_page();
	char line[LINE_MAX_OCTETS];

	for (size_t e = 0; e < SERVER_EVENT_COUNT; e++) {
		int len = snprintf(line, sizeof(line), "| %s |", events[e]);

		for (size_t s = 0; s < SERVER_STATE_COUNT; s++) {
			enum server_state after =
				server_state_after((enum server_state)s, (enum server_event)e);

			len += snprintf(line + len, sizeof(line) - (size_t)len, " %s |",
					after == s ? "" : server_states[after].name);
		}
		expect_line(page, line);
	}
	free(page);
}

/* A good answer ends all; only what is silent to us, too, is dead. */
static void test_moves(void **state)
{
	for (size_t s = 0; s < SERVER_STATE_COUNT; s++) {
		enum server_state from = (enum server_state)s;

		assert_int_equal(server_state_after(from, SERVER_EVENT_GOOD), STATE_WELL);
		for (size_t e = 0; e < SERVER_EVENT_COUNT; e++)
			if (e != SERVER_EVENT_PROBE_LOST && from != STATE_DEAD)
				assert_int_not_equal(server_state_after(from, (enum server_event)e),
						     STATE_DEAD);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_states_are_documented),
		cmocka_unit_test(test_moves_are_documented),
		cmocka_unit_test(test_moves),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
