/* SPDX-License-Identifier: BSD-2-Clause */
#include "base/ports.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define PORT_MAX 65535U
#define PORT_DIGITS 5U
#define RANGE_TEXT_MAX 16U
#define BETWEEN ", \t\n"

struct ports {
	uint32_t count;
	uint16_t list[];
};

/* Reads the digits at `*text` and moves behind them. */
static enum err parse_port(const char **text, uint16_t *ret_port)
{
	size_t len = strspn(*text, "0123456789");
	unsigned long port;

	if (len == 0 || len > PORT_DIGITS)
		return len == 0 ? ERR_SYNTAX : ERR_RANGE;
	port = strtoul(*text, NULL, 10);
	if (port == 0 || port > PORT_MAX)
		return ERR_RANGE;
	*text += len;
	*ret_port = (uint16_t)port;
	return ERR_OK;
}

enum err port_range_parse(const char *text, struct port_range *ret_range)
{
	struct port_range range = {.first = 0};
	enum err err = parse_port(&text, &range.first);

	range.last = range.first;
	if (err == ERR_OK && *text == '-') {
		text++;
		err = parse_port(&text, &range.last);
	}
	if (err != ERR_OK)
		return err;
	if (*text != '\0')
		return ERR_SYNTAX;
	if (range.last < range.first)
		return ERR_RANGE;
	*ret_range = range;
	return ERR_OK;
}

static void leave_out(bool taken[PORT_MAX + 1], const struct port_range *range)
{
	for (uint32_t port = range->first; port <= range->last; port++)
		taken[port] = true;
}

static void leave_out_reserved(bool taken[PORT_MAX + 1], const char *reserved)
{
	struct port_range range;
	char word[RANGE_TEXT_MAX];

	while (*(reserved += strspn(reserved, BETWEEN)) != '\0') {
		size_t len = strcspn(reserved, BETWEEN);

		if (len < sizeof(word)) {
			memcpy(word, reserved, len);
			word[len] = '\0';
			if (port_range_parse(word, &range) == ERR_OK)
				leave_out(taken, &range);
		}
		reserved += len;
	}
}

static void list_others(const bool taken[PORT_MAX + 1], struct ports *ports)
{
	ports->count = 0;
	for (uint32_t port = PORT_MIN; port <= PORT_MAX; port++)
		if (!taken[port])
			ports->list[ports->count++] = (uint16_t)port;
}

enum err ports_create(const struct port_range *avoid, size_t count, const char *reserved,
		      struct ports **ret_ports)
{
	struct ports *ports = malloc(sizeof(*ports) + PORTS_ALL * sizeof(ports->list[0]));
	bool *taken = calloc(PORT_MAX + 1, sizeof(*taken));
	enum err err = ports && taken ? ERR_OK : ERR_NOMEM;

	if (err == ERR_OK) {
		for (size_t i = 0; i < count; i++)
			leave_out(taken, &avoid[i]);
		leave_out_reserved(taken, reserved ? reserved : "");
		list_others(taken, ports);
		if (ports->count < PORTS_LEAST)
			err = ERR_RANGE;
	}
	free(taken);
	if (err == ERR_OK)
		*ret_ports = ports;
	else
		free(ports);
	return err;
}

uint16_t ports_draw(const struct ports *ports, struct random_pool *random)
{
	if (!ports)
		return (uint16_t)(PORT_MIN + random_below(random, PORTS_ALL));
	return ports->list[random_below(random, ports->count)];
}

void ports_free(struct ports *ports)
{
	free(ports);
}
