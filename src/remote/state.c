/* SPDX-License-Identifier: BSD-2-Clause */
#include "remote/state.h"

#include <stddef.h>

#include "base/table.h"

#define ROW(state, name, meaning, asked, time, stale, probes, log)                                 \
	[STATE_##state] = {name, ASKED_##asked, TIME_##time, STALE_##stale, PROBES_##probes, log},

const struct server_state_row server_states[SERVER_STATE_COUNT] = {SERVER_STATES(ROW)};

#define MOVES(state, good, answered, heard, struck, unreached, quiet, unanswered, lost, rest)      \
	[STATE_##state] = {                                                                        \
		[SERVER_EVENT_GOOD] = STATE_##good,                                                \
		[SERVER_EVENT_ANSWERED] = STATE_##answered,                                        \
		[SERVER_EVENT_HEARD] = STATE_##heard,                                              \
		[SERVER_EVENT_STRUCK] = STATE_##struck,                                            \
		[SERVER_EVENT_UNREACHED] = STATE_##unreached,                                      \
		[SERVER_EVENT_QUIET] = STATE_##quiet,                                              \
		[SERVER_EVENT_UNANSWERED] = STATE_##unanswered,                                    \
		[SERVER_EVENT_PROBE_LOST] = STATE_##lost,                                          \
		[SERVER_EVENT_REST] = STATE_##rest,                                                \
	},

TABLE_COMPLETE(SERVER_MOVES, SERVER_STATE_COUNT);

enum server_state server_state_after(enum server_state state, enum server_event event)
{
	static const enum server_state moves[SERVER_STATE_COUNT][SERVER_EVENT_COUNT] = {
		SERVER_MOVES(MOVES)};

	return moves[state][event];
}
